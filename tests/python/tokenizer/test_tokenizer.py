"""llmodule.Tokenizer with small handmade files of every format: the options, and what is refused."""

from __future__ import annotations

import base64
import json
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llmodule
from llmodule.errors import ResourceError, TokenizerFormatError

PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
LETTERS = {byte: chr(byte) for byte in PRINTABLE} | {
    byte: chr(256 + i) for i, byte in enumerate(byte for byte in range(256) if byte not in PRINTABLE)
}
BOS, END, TOOL = 300, 301, 302


def added(id: int, content: str, *, special: bool = True) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": id, "content": content, "special": special, **flags}


def tokenizer_json(**changes: Any) -> dict[str, Any]:
    """The 256 bytes as tokens 0 to 255, "he" and "llo", and three added tokens."""
    vocabulary = {LETTERS[byte]: byte for byte in range(256)} | {"he": 256, "ll": 257, "llo": 258}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "added_tokens": [added(BOS, "<s>"), added(END, "<|end|>"), added(TOOL, "<tool>", special=False)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [bos, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [BOS], "tokens": ["<s>"]}},
        },
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": ["h e", "l l", "ll o"]},
    } | changes


def tekken(**changes: Any) -> dict[str, Any]:
    vocab = [{"rank": i, "token_bytes": base64.b64encode(bytes([i])).decode()} for i in range(256)]
    config = {"pattern": "[a-z]+|[^a-z]", "default_vocab_size": 276, "default_num_special_tokens": 20, "version": "v3"}
    return {"config": config, "vocab": vocab} | changes


def gguf(entries: dict[str, Any], *, magic: bytes = b"GGUF") -> bytes:
    """A GGUF file of strings, 32-bit integers and arrays of them."""

    def packed(value: Any) -> tuple[int, bytes]:
        if isinstance(value, str):
            return 8, struct.pack("<Q", len(value.encode())) + value.encode()
        if isinstance(value, list):
            kinds = [packed(element) for element in value]
            return 9, struct.pack("<IQ", kinds[0][0], len(value)) + b"".join(data for _, data in kinds)
        return 4, struct.pack("<I", value)

    body = magic + struct.pack("<IQQ", 3, 0, len(entries))
    for key, value in entries.items():
        kind, data = packed(value)
        body += packed(key)[1] + struct.pack("<I", kind) + data
    return body


GGUF_KEYS = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "gpt-2",
    "tokenizer.ggml.tokens": [*(LETTERS[byte] for byte in range(256)), "he"],
    "tokenizer.ggml.merges": ["h e"],
}


@pytest.fixture
def tokenizer() -> llmodule.Tokenizer:
    return llmodule.Tokenizer.from_bytes(json.dumps(tokenizer_json()).encode())


def test_special_tokens_are_added_and_parsed_on_request(tokenizer: llmodule.Tokenizer) -> None:
    text = "hello<|end|>"
    plain = [ord(c) for c in "<|end|>"]
    assert tokenizer.encode(text) == [BOS, 256, 258, END]
    assert tokenizer.encode(text, add_special_tokens=False) == [256, 258, END]
    assert tokenizer.encode(text, parse_special=False) == [BOS, 256, 258, *plain]
    both = {"add_special_tokens": False, "allowed_special": ["<s>"]}
    assert tokenizer.encode("<s><|end|>", **both) == [BOS, *plain]
    assert tokenizer.encode("<s>", allowed_special=[]) == [BOS, *(ord(c) for c in "<s>")]
    assert tokenizer.encode("<|end|>", parse_special=False, allowed_special={"<|end|>"}) == [BOS, END]
    with pytest.raises(ValueError, match="'<tool>', which is no special token"):
        tokenizer.encode("x", allowed_special=["<tool>"])


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("<s>|end tool\u2581he"), max_size=60))
def test_plain_text_never_gives_a_special_token(text: str) -> None:
    ids = SHARED.encode(text, add_special_tokens=False, parse_special=False)
    assert not any(map(SHARED.is_special, ids))
    assert SHARED.decode(ids) == text


def test_offsets_are_slices_of_the_text(tokenizer: llmodule.Tokenizer) -> None:
    text = "hé 👍<|end|>"
    ids, offsets = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    slices = [text[begin:end] for begin, end in offsets]
    assert slices == ["", "h", "é", "é", " ", "👍", "👍", "👍", "👍", "<|end|>"]


def test_a_batch_gives_what_its_texts_give_one_by_one(tokenizer: llmodule.Tokenizer) -> None:
    texts = [f"hello {i} <|end|>" for i in range(50)]
    for threads in (0, 1, 3):
        assert tokenizer.encode_batch(texts, threads=threads) == [tokenizer.encode(text) for text in texts]
    plain = tokenizer.encode_batch(texts, parse_special=False, add_special_tokens=False)
    assert plain == [tokenizer.encode(text, parse_special=False, add_special_tokens=False) for text in texts]
    assert tokenizer.encode_batch([]) == []
    with pytest.raises(ValueError, match="threads is -1"):
        tokenizer.encode_batch(texts, threads=-1)
    with pytest.raises(UnicodeEncodeError):
        tokenizer.encode_batch(["fine", "\ud800"])


@pytest.mark.parametrize("batch", [False, True])
def test_encoding_lets_other_threads_run(tokenizer: llmodule.Tokenizer, batch: bool) -> None:
    text = "hello world " * 300_000
    begin, ran = threading.Event(), threading.Event()

    def wait_and_run() -> None:
        begin.wait()
        ran.set()

    other = threading.Thread(target=wait_and_run)
    other.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)  # nobody is made to give the GIL away
    try:
        begin.set()
        if batch:
            tokenizer.encode_batch([text, text])
        else:
            tokenizer.encode(text)
        assert ran.is_set()
    finally:
        sys.setswitchinterval(interval)
        other.join()


def test_ids_tokens_and_the_special_ones(tokenizer: llmodule.Tokenizer) -> None:
    assert tokenizer.vocab_size == 303
    assert tokenizer.special_tokens == {"<s>": BOS, "<|end|>": END}
    assert (tokenizer.token_to_id("llo"), tokenizer.id_to_token(258)) == (258, "llo")
    assert (tokenizer.token_to_id("<tool>"), tokenizer.id_to_token(TOOL)) == (TOOL, "<tool>")
    assert tokenizer.token_to_id("nothing") is None
    assert [tokenizer.id_to_token(i) for i in (299, 303, -1)] == [None, None, None]
    assert [tokenizer.is_special(i) for i in (BOS, END, TOOL, 65, 9999, -1)] == [True, True, False, False, False, False]


def test_decoding_skips_special_tokens_on_request(tokenizer: llmodule.Tokenizer) -> None:
    ids = [BOS, 256, 258, TOOL, END]
    assert tokenizer.decode(ids) == "hello<tool>"
    assert tokenizer.decode(ids, skip_special_tokens=False) == "<s>hello<tool><|end|>"
    for id in (-1, 303):
        with pytest.raises(ValueError, match=f"{id}.*0 to 302"):
            tokenizer.decode([id])


def test_a_stream_gives_whole_characters_only(tokenizer: llmodule.Tokenizer) -> None:
    stream = tokenizer.stream()
    smiley = list("😀".encode())
    assert [stream.push(i) for i in [256, *smiley, END]] == ["he", "", "", "", "😀", ""]
    assert [stream.push(i) for i in smiley[:2]] == ["", ""]
    with pytest.raises(ValueError, match="303"):
        stream.push(303)
    assert stream.finish() == "\ufffd"
    assert stream.push(65) + stream.finish() == "A"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 302).filter(lambda i: not 259 <= i < 300), max_size=40), st.booleans())
def test_a_stream_gives_what_decoding_at_once_gives(ids: list[int], skip: bool) -> None:
    stream = SHARED.stream(skip_special_tokens=skip)
    assert "".join(map(stream.push, ids)) + stream.finish() == SHARED.decode(ids, skip_special_tokens=skip)


SHARED = llmodule.Tokenizer.from_bytes(json.dumps(tokenizer_json()).encode())


def contents() -> Iterator[tuple[str, bytes, int]]:
    yield "tokenizer.json", json.dumps(tokenizer_json()).encode(), 303
    yield "Tekken", json.dumps(tekken()).encode(), 276
    yield "tiktoken", gpt2_ranks(), 50257
    yield "GGUF", gguf(GGUF_KEYS), 257


def gpt2_ranks() -> bytes:
    tokens = [bytes([i]) for i in range(256)] + [bytes([i >> 8, i & 255]) for i in range(50_000)]
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


@pytest.mark.parametrize(("name", "content", "size"), list(contents()), ids=[name for name, _, _ in contents()])
def test_a_format_is_known_by_its_content(name: str, content: bytes, size: int, tmp_path: Path) -> None:
    for misleading in ("tokenizer.json", "tokenizer.model", "vocab.txt", "model.gguf", "noname"):
        path = tmp_path / misleading
        path.write_bytes(content)
        assert llmodule.Tokenizer.from_file(path).vocab_size == size
        path.unlink()


def test_a_sentencepiece_model_is_known_by_its_content(tmp_path: Path) -> None:
    library = pytest.importorskip("sentencepiece")
    text = tmp_path / "text"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 20)
    options = {"vocab_size": 60, "minloglevel": 2, "hard_vocab_limit": False}
    library.SentencePieceTrainer.train(input=str(text), model_prefix=str(tmp_path / "m"), **options)
    (tmp_path / "m.model").rename(tmp_path / "tokenizer.json")
    tokenizer = llmodule.Tokenizer.from_file(tmp_path / "tokenizer.json")
    assert tokenizer.decode(tokenizer.encode("the lazy fox")) == "the lazy fox"


UNKNOWN = {"type": "Martian"}
BAD_PATTERN = {"type": "Split", "pattern": {"Regex": "(?<"}, "behavior": "Isolated"}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (tokenizer_json(normalizer=UNKNOWN), r"normalizer\.type: 'Martian' is not supported; known are .*NFC"),
        (tokenizer_json(pre_tokenizer=UNKNOWN), r"pre_tokenizer\.type: 'Martian' is not supported; known are .*Split"),
        (tokenizer_json(post_processor=UNKNOWN), r"post_processor\.type: 'Martian' .*TemplateProcessing"),
        (tokenizer_json(decoder=UNKNOWN), r"decoder\.type: 'Martian' is not supported; known are .*ByteFallback"),
        (tokenizer_json(model=UNKNOWN), r"model\.type: 'Martian' is not supported; known are BPE, Unigram, WordPiece"),
        (tokenizer_json(pre_tokenizer=BAD_PATTERN), r"\(\?<"),
        (tekken(config=tekken()["config"] | {"version": "v99"}), "special_tokens: files of version v99"),
        ({"nothing": 1}, "model"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_named(content: dict[str, Any], named: str, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_text(json.dumps(content))
    with pytest.raises(TokenizerFormatError, match=named) as raised:
        llmodule.Tokenizer.from_file(path)
    assert "file.bin" in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tokenizer.ggml.model": "martian"}, "'martian'.*known: gpt2, llama"),
        ({"tokenizer.ggml.pre": "martian"}, "'martian' is not known"),
        ({"tokenizer.ggml.tokens": ["a", "b", "a"]}, "'a' twice"),
        ({"tokenizer.ggml.merges": ["h zz"]}, "has 'h zz'"),
        ({"tokenizer.ggml.tokens": 3}, "tokenizer.ggml.tokens is '3'"),
    ],
)
def test_a_gguf_vocabulary_that_is_unknown_or_damaged_is_named(
    changes: dict[str, Any], named: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(gguf(GGUF_KEYS | changes))
    with pytest.raises(TokenizerFormatError, match=rf"file\.bin.*{named}"):
        llmodule.Tokenizer.from_file(path)


def test_a_gguf_cut_off_anywhere_ends_in_an_error(tmp_path: Path) -> None:
    content = gguf(GGUF_KEYS)
    path = tmp_path / "file.bin"
    for size in [*range(0, 200, 7), *range(200, len(content), 501)]:
        path.write_bytes(content[:size])
        with pytest.raises(TokenizerFormatError):
            llmodule.Tokenizer.from_file(path)


def test_other_content_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"\x00\x01\x02", b"[1, 2]", b"\xff\xfe{}", b"{", gguf({}, magic=b"GGML")):
        with pytest.raises(TokenizerFormatError):
            llmodule.Tokenizer.from_bytes(content)
    with pytest.raises(TokenizerFormatError, match="from_file reads from a path"):
        llmodule.Tokenizer.from_bytes(gguf(GGUF_KEYS))
    with pytest.raises(ResourceError, match="missing"):
        llmodule.Tokenizer.from_file(tmp_path / "missing")
    with pytest.raises(ResourceError):
        llmodule.Tokenizer.from_file(tmp_path)
