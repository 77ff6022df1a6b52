"""Tokenizers rebuilt from GGUF vocabularies give the ids of the originals."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmodule.converter.readers.gguf import GgufSource
from llmodule.converter.tensors import open_source
from llmodule.converter.tokenizer_files import tokenizer_files
from llmodule.converter.vocabulary.pretokenizers import find_pretokenizer
from llmodule.converter.vocabulary.tokenizer_json import tokenizer_json
from llmodule.converter.vocabulary.vocabulary import read_vocabulary
from llmodule.errors import ResourceError, TokenizerFormatError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
PREFIX = "tokenizer.ggml."
TEXTS = (
    "", " ", "  \n\t x", "Hello  world !", "I'm we'VE they'll", "3 33 3333 3.14 ١٢٣", "日本語、中文。한국어",
    "नमस्ते दुनिया", "مرحبا بالعالم", "😀👨‍👩‍👧 ok", "e\u0301 é ñ ﬁ", "a\r\n\r\nb", "def f(x):\n    return x**2  # y\n",
    "CamelCase snake_case", "https://x.org/a?b=c&d=%20", "\x00\x07", "!!!???---", "ПРИВЕТ мир", "a" * 200, " end ",
)  # fmt: skip


def mixed_texts(count: int) -> list[str]:
    pools = (
        "abcdefg ", "ABCdef'sStT ", "0123456789 .,", "äöüßéñ ", "日本語中文한국어", "\n\r\t  ",
        "!@#$%^&*()[]{}|;:/ ", "дαβγ😀\u0301",
    )  # fmt: skip
    rng = random.Random(0)
    texts = ["".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(1, 60))) for _ in range(count)]
    return [*TEXTS, *texts]


def byte_letters() -> dict[int, str]:
    """GPT-2's printable letter for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def byte_level(
    pre: str = "gpt-2", *, merges: tuple[str, ...] = ("h e", "l l", "he ll", "Ġ he"), **changes: Any
) -> dict[str, Any]:
    """The metadata of a small byte-level vocabulary with the control tokens <s> and </s>."""
    tokens = ["<s>", "</s>", *byte_letters().values(), *(merge.replace(" ", "") for merge in merges)]
    values = {
        "model": "gpt2", "pre": pre, "tokens": tokens, "merges": list(merges), "bos_token_id": 0, "eos_token_id": 1,
        "token_type": [CONTROL, CONTROL] + [NORMAL] * (len(tokens) - 2),
    }  # fmt: skip
    return {f"{PREFIX}{name}": value for name, value in (values | changes).items() if value is not None}


def files(metadata: dict[str, Any]) -> dict[str, Any]:
    source = SimpleNamespace(metadata={"general.architecture": "llama"} | metadata)
    return {name: json.loads(content) for name, content in tokenizer_files(cast(GgufSource, source)).items()}


def load(metadata: dict[str, Any]) -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    return tokenizers.Tokenizer.from_str(json.dumps(tokenizer_json(read_vocabulary(metadata))))


def test_a_byte_level_vocabulary_encodes_and_decodes_every_text() -> None:
    tokenizer = load(byte_level())
    assert tokenizer.encode(" hell", add_special_tokens=False).tokens == ["Ġ", "hell"]
    for text in mixed_texts(100):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text


def test_special_tokens_are_found_in_text_and_hidden_on_request() -> None:
    tokenizer = load(byte_level())
    ids = tokenizer.encode("<s>he</s>").ids
    assert (ids[0], ids[-1], len(ids)) == (0, 1, 3)
    assert tokenizer.decode(ids) == "he"
    assert tokenizer.decode(ids, skip_special_tokens=False) == "<s>he</s>"


@pytest.mark.parametrize(
    ("pre", "changes", "expected"),
    [
        ("gpt-2", {}, ["he"]),
        ("gpt-2", {"add_bos_token": True}, ["<s>", "he"]),
        ("gpt-2", {"add_bos_token": True, "add_eos_token": True}, ["<s>", "he", "</s>"]),
        ("llama-bpe", {}, ["<s>", "he"]),
        ("llama-bpe", {"add_bos_token": False}, ["he"]),
        ("llama-bpe", {"bos_token_id": None}, ["he"]),
    ],
)
def test_first_and_last_tokens_follow_the_file(pre: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert load(byte_level(pre, **changes)).encode("he").tokens == expected


@pytest.mark.parametrize(
    ("pre", "words"),
    [
        ("gpt-2", ["Ab", "'s", " x", " 12345", "!!", "\n", "\n", "y"]),
        ("smollm", ["Ab", "'s", " x", " ", "1", "2", "3", "4", "5", "!!", "\n", "\n", "y"]),
        ("llama-bpe", ["Ab", "'s", " x", " ", "123", "45", "!!\n\n", "y"]),
        ("qwen2", ["Ab", "'s", " x", " ", "1", "2", "3", "4", "5", "!!\n\n", "y"]),
        ("tekken", ["Ab", "'s", " x", " ", "1", "2", "3", "4", "5", "!!\n\n", "y"]),
        ("gpt-4o", ["Ab's", " x", " ", "123", "45", "!!\n\n", "y"]),
        ("deepseek-v3", ["Ab", "'s", " x", " ", "123", "45", "!!\n\n", "y"]),
    ],
)
def test_words_are_cut_as_the_pre_tokenizer_says(pre: str, words: list[str]) -> None:
    pieces = load(byte_level(pre)).pre_tokenizer.pre_tokenize_str("Ab's x 12345!!\n\ny")
    found = [piece for piece, _ in pieces]
    letters = byte_letters()
    assert found == ["".join(letters[byte] for byte in word.encode()) for word in words]


def test_an_unknown_pre_tokenizer_is_named_with_those_known() -> None:
    for pre, found in (("martian", "'martian' is not known"), ("", "names no pre-tokenizer")):
        with pytest.raises(TokenizerFormatError, match=rf"{found}.*llama-bpe.*qwen2.*smollm"):
            find_pretokenizer(pre)


def test_an_unknown_tokenizer_is_named_with_those_known() -> None:
    with pytest.raises(TokenizerFormatError, match=r"'bert'.*known: gpt2, llama"):
        files(byte_level(model="bert"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": None}, "no vocabulary"),
        ({"tokens": [1, 2]}, "tokens is no list of type str"),
        ({"tokens": "abc"}, "tokens is 'abc'"),
        ({"tokens": ["a", "b", "a"]}, "'a' twice, as 0 and 2"),
        ({"token_type": [1]}, "1 types"),
        ({"scores": [0.0]}, "1 scores"),
        ({"merges": ["h e", "x"]}, "has 'x'"),
        ({"merges": ["h zz"]}, "has 'h zz'"),
        ({"eos_token_id": 9999}, "eos_token_id is 9999"),
        ({"bos_token_id": -1}, "bos_token_id is -1"),
        ({"bos_token_id": "x"}, "bos_token_id is 'x'"),
        ({"add_bos_token": 1}, "add_bos_token is '1'"),
    ],
)
def test_a_damaged_vocabulary_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TokenizerFormatError, match=message):
        files(byte_level(**changes))


def test_a_merge_whose_result_is_no_token_is_refused() -> None:
    with pytest.raises(TokenizerFormatError, match="has 'a b'"):
        files(byte_level() | {f"{PREFIX}merges": ["a b"]})


def test_config_files_hold_templates_tokens_and_all_ends() -> None:
    metadata = byte_level(padding_token_id=0xFFFFFFFF, eot_token_id=5, add_bos_token=True)
    metadata[f"{PREFIX}tokens"][9] = "<|im_end|>"
    metadata[f"{PREFIX}token_type"][9] = CONTROL
    metadata |= {"llama.context_length": 77, "general.sampling.temp": 0.5, "tokenizer.chat_template": "{{ x }}"}
    made = files(metadata)
    assert made["tokenizer_config.json"] == {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True,
        "add_eos_token": False, "clean_up_tokenization_spaces": False, "model_max_length": 77,
        "chat_template": "{{ x }}",
    }  # fmt: skip
    assert made["generation_config.json"] == {"eos_token_id": [1, 5, 9], "bos_token_id": 0, "temperature": 0.5}
    named = files(metadata | {"tokenizer.chat_template.tool_use": "{{ t }}"})["tokenizer_config.json"]["chat_template"]
    assert named == [{"name": "default", "template": "{{ x }}"}, {"name": "tool_use", "template": "{{ t }}"}]


def test_a_folders_own_files_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with open_source(tmp_path) as source:
        with pytest.raises(ResourceError, match=r"none of tokenizer\.json"):
            tokenizer_files(source)
        (tmp_path / "tokenizer.json").write_bytes(b'{"a":\n1}')
        (tmp_path / "chat_template.jinja").write_bytes(b"{{ x }}")
        assert tokenizer_files(source) == {"tokenizer.json": b'{"a":\n1}', "chat_template.jinja": b"{{ x }}"}


def test_phi3_special_tokens_swallow_the_space_after_them() -> None:
    metadata = byte_level() | {"general.architecture": "phi3"}
    added = {token["content"]: token["rstrip"] for token in files(metadata)["tokenizer.json"]["added_tokens"]}
    assert added == {"<s>": False, "</s>": True}


def of_sentencepiece(model: Any) -> dict[str, Any]:
    ids = range(model.vocab_size())
    kinds = [
        UNKNOWN if model.is_unknown(i) else CONTROL if model.is_control(i) else BYTE if model.is_byte(i) else NORMAL
        for i in ids
    ]
    values = {
        "model": "llama", "tokens": [model.id_to_piece(i) for i in ids], "scores": [model.get_score(i) for i in ids],
        "token_type": kinds, "unknown_token_id": model.unk_id(), "bos_token_id": model.bos_id(),
    }  # fmt: skip
    return {f"{PREFIX}{name}": value for name, value in values.items()}


def test_a_sentencepiece_vocabulary_gives_sentencepieces_ids(tmp_path: Path) -> None:
    library = pytest.importorskip("sentencepiece")
    pytest.importorskip("tokenizers")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(
        "\n".join(Path(__file__).with_name(name).read_text() for name in ("conftest.py", Path(__file__).name))
    )
    library.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(tmp_path / "m"), model_type="bpe", vocab_size=900, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
        allow_whitespace_only_pieces=True, minloglevel=2,
    )  # fmt: skip
    model = library.SentencePieceProcessor(model_file=str(tmp_path / "m.model"))
    tokenizer = load(of_sentencepiece(model))
    for text in mixed_texts(300)[1:]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert ids == model.encode(text)
        assert tokenizer.decode(ids) == model.decode(ids)
    assert tokenizer.encode("x").ids[0] == model.bos_id()


def test_a_sentencepiece_vocabulary_without_space_prefix_or_scores() -> None:
    tokens = ["<unk>", "a", "b", "▁", "▁a", "ab"]
    metadata = {
        f"{PREFIX}model": "llama", f"{PREFIX}tokens": tokens, f"{PREFIX}unknown_token_id": 0,
        f"{PREFIX}token_type": [UNKNOWN] + [NORMAL] * 5, f"{PREFIX}scores": [0.0] * 4 + [-1.0, -2.0],
    }  # fmt: skip
    assert load(metadata).encode("ab").tokens == ["▁a", "b"]
    assert load(metadata | {f"{PREFIX}add_space_prefix": False}).encode("ab").tokens == ["ab"]
    assert load(metadata | {f"{PREFIX}scores": [0.0] * 4 + [-2.0, -1.0]}).encode("ab").tokens == ["▁", "ab"]
    del metadata[f"{PREFIX}scores"]
    with pytest.raises(TokenizerFormatError, match="neither merges nor scores"):
        load(metadata)


@pytest.mark.model
def test_rebuilding_a_real_tokenizer_from_gguf_keys_gives_its_ids(model_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    path = (model_path if model_path.is_dir() else model_path.parent) / "tokenizer.json"
    content = json.loads(path.read_text())
    vocabulary = content["model"]["vocab"]
    special = {token["id"] for token in content["added_tokens"]}
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
    metadata = {
        f"{PREFIX}model": "gpt2", f"{PREFIX}pre": "smollm", f"{PREFIX}tokens": sorted(vocabulary, key=vocabulary.get),
        f"{PREFIX}token_type": [CONTROL if i in special else NORMAL for i in range(len(vocabulary))],
        f"{PREFIX}merges": merges,
    }  # fmt: skip
    rebuilt, original = load(metadata), tokenizers.Tokenizer.from_file(str(path))
    for text in [*mixed_texts(300), "<|im_start|>user\nhi<|im_end|>\n"]:
        expected = original.encode(text).ids
        assert rebuilt.encode(text).ids == expected
        assert rebuilt.decode(expected) == original.decode(expected)
