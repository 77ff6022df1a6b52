"""Every part that a tokenizer.json may have, alone in a small file, against Hugging Face tokenizers."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

import llmodule

tokenizers = pytest.importorskip("tokenizers")

PIECES = ["the", "▁the", "in", "ing", "▁a", "he", "ll", "▁h", "##ing", "##a", "##b", "##e", "qu", "中文", "é", "th"]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,!?'\"▁_-\n\tġĠ"
VOCABULARY = [
    "<unk>",
    "<s>",
    "</s>",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *(f"<0x{b:02X}>" for b in range(256)),
    *LETTERS,
    *PIECES,
]
MERGES = [
    "t h",
    "th e",
    "▁ the",
    "i n",
    "in g",
    "▁ a",
    "l l",
    "h e",
    "▁ h",
    "▁ ▁",
    "q u",
    "a a",
    "aa aa",
    "▁▁ ▁▁",
    "s .",
]


def bpe(**options: Any) -> dict[str, Any]:
    tokens = list(dict.fromkeys([*VOCABULARY, *(merge.replace(" ", "") for merge in MERGES)]))
    model = {"type": "BPE", "vocab": {token: i for i, token in enumerate(tokens)}, "merges": MERGES}
    return model | {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True} | options


def unigram(*, byte_fallback: bool) -> dict[str, Any]:
    draw = random.Random(1)
    scores = [[token, 0.0 if i < 6 else -10 * draw.random()] for i, token in enumerate(dict.fromkeys(VOCABULARY))]
    return {"type": "Unigram", "unk_id": 0, "vocab": scores, "byte_fallback": byte_fallback}


def word_piece() -> dict[str, Any]:
    tokens = dict.fromkeys([*VOCABULARY, *("##" + letter for letter in LETTERS[:40])])
    vocabulary = {token: i for i, token in enumerate(tokens)}
    return {
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        "vocab": vocabulary,
    }  # fmt: skip


MODELS = {
    "bpe": bpe(),
    "bpe without bytes": bpe(byte_fallback=False),
    "bpe without fusing": bpe(byte_fallback=False, fuse_unk=False),
    "bpe without unknown": bpe(byte_fallback=False, unk_token=None),
    "bpe with suffix": bpe(byte_fallback=False, end_of_word_suffix="e"),
    "bpe of whole words": bpe(ignore_merges=True),
    "unigram": unigram(byte_fallback=False),
    "unigram with bytes": unigram(byte_fallback=True),
    "wordpiece": word_piece(),
}


def split(pattern: dict[str, str], behavior: str, *, invert: bool = False) -> dict[str, Any]:
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


SPACES = {"String": " "}
PREPEND = {"type": "Prepend", "prepend": "▁"}
NORMALIZERS: dict[str, dict[str, Any]] = {
    **{name: {"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents")},
    "empty": {"type": "Sequence", "normalizers": []},
    "NFD, StripAccents": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]},
    "Strip": {"type": "Strip", "strip_left": True, "strip_right": True},
    "Strip left": {"type": "Strip", "strip_left": True, "strip_right": False},
    "Replace": {"type": "Sequence", "normalizers": [PREPEND, {"type": "Replace", "pattern": SPACES, "content": "▁"}]},
    "Replace regex": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
    "Replace by nothing": {"type": "Replace", "pattern": {"Regex": "[aeiou]"}, "content": ""},
    "Bert": {
        "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
        "lowercase": True,
    },
    "Bert off": {
        "type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": False,
        "lowercase": False,
    },
}  # fmt: skip
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    **{name: {"type": name} for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer")},
    "empty": {"type": "Sequence", "pretokenizers": []},
    "Punctuation": {"type": "Punctuation", "behavior": "Isolated"},
    "Punctuation contiguous": {"type": "Punctuation", "behavior": "Contiguous"},
    "Digits": {"type": "Digits", "individual_digits": True},
    "Digits together": {"type": "Digits", "individual_digits": False},
    "ByteLevel": BYTE_LEVEL,
    "ByteLevel, Digits": {
        "type": "Sequence",
        "pretokenizers": [
            BYTE_LEVEL | {"use_regex": False, "add_prefix_space": False},
            {"type": "Digits", "individual_digits": True},
        ],
    },
    "Metaspace": METASPACE,
    "Metaspace first": METASPACE | {"prepend_scheme": "first", "split": False},
    "Metaspace never": METASPACE | {"prepend_scheme": "never"},
    "WhitespaceSplit, Metaspace": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE]},
    **{
        f"Split {name} {behavior}": split(pattern, behavior, invert=invert)
        for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
        for name, pattern, invert in (
            ("string", SPACES, False),
            ("regex", {"Regex": "[aeiou]"}, False),
            ("empty matches", {"Regex": "(?=[A-Z])"}, False),
            ("inverted", {"Regex": r"\w+|[^\w\s]+"}, True),
        )
    },
}
REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
DECODERS: dict[str, dict[str, Any]] = {
    "ByteLevel": BYTE_LEVEL,
    "Metaspace": METASPACE,
    "Metaspace never": METASPACE | {"prepend_scheme": "never"},
    "Llama": {
        "type": "Sequence",
        "decoders": [
            REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
    "Strip": {"type": "Strip", "content": "e", "start": 1, "stop": 0},
    "Fuse, Replace": {
        "type": "Sequence",
        "decoders": [
            {"type": "Fuse"}, REPLACE | {"pattern": {"String": "he"}, "content": "X"},
            {"type": "Strip", "content": "a", "start": 2, "stop": 0},
        ],
    },
    "Replace regex": {
        "type": "Sequence",
        "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, REPLACE | {"pattern": {"Regex": "▁+"}}],
    },
    "WordPiece": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "BPEDecoder": {"type": "BPEDecoder", "suffix": "e"},
}  # fmt: skip


def special(token: str) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": 0}}


A, B = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
TEMPLATE = {
    "type": "TemplateProcessing", "single": [special("<s>"), A, special("</s>")], "pair": [A, B],
    "special_tokens": {
        token: {"id": token, "ids": [i], "tokens": [token]} for i, token in ((1, "<s>"), (2, "</s>"))
    },
}  # fmt: skip
POST_PROCESSORS: dict[str, dict[str, Any]] = {
    "ByteLevel": BYTE_LEVEL,
    "TemplateProcessing": TEMPLATE,
    "Sequence": {"type": "Sequence", "processors": [BYTE_LEVEL, TEMPLATE]},
    "BertProcessing": {"type": "BertProcessing", "sep": ["[SEP]", 5], "cls": ["[CLS]", 4]},
    "RobertaProcessing": {
        "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True,
        "add_prefix_space": True,
    },
}  # fmt: skip
FLAGS = ("special", "lstrip", "rstrip", "single_word", "normalized")
ADDED = {
    "<x>": {"special", "lstrip"},
    "Quick": {"normalized"},
    "dog": {"single_word"},
    "é t": {"normalized", "lstrip"},
    "<y>": {"rstrip"},
    "<z>": {"special", "lstrip", "rstrip"},
}


def texts() -> list[str]:
    draw = random.Random(3)
    parts = [
        "The quick brown fox jumps over the lazy dog. ", "It's 3.14159, ISN'T it? 12345 ", "中文分词。１２ かな",
        "हिन्दी ", "e\u0301 ä\u0323 \ufb01 \u212b ", "👨\u200d👩\u200d👧 ", "\x00\x07\u200b\ufeff\u0378", "  \t\n\n ",
        "<x> <y>  <z> Quick dogdog dog é t", "▁▁the ing", "ġĠ<0x41>", "İ ß ǅ Σας", "Quick", "",
    ]  # fmt: skip
    mixed = ["".join(draw.choices(parts, k=draw.randrange(2, 7))) for _ in range(40)]
    points = ["".join(chr(draw.randrange(0x20, 0x3000)) for _ in range(30)) for _ in range(20)]
    return [*parts, *mixed, *points]


def compare(*, added: bool = False, **parts: Any) -> None:
    model = parts["model"]
    size = len(model["vocab"])
    tokens = [
        {"id": size + i, "content": content} | {flag: flag in flags for flag in FLAGS}
        for i, (content, flags) in enumerate(ADDED.items())
    ]
    sections = dict.fromkeys(("truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"))
    content = json.dumps({"version": "1.0", "added_tokens": tokens if added else []} | sections | parts)
    theirs = tokenizers.Tokenizer.from_str(content)
    ours = llmodule.Tokenizer.from_bytes(content.encode())
    draw = random.Random(4)
    for text in texts():
        expected = theirs.encode(text)
        assert ours.encode_with_offsets(text) == (expected.ids, expected.offsets), text
        assert ours.encode(text) == expected.ids
        for ids in (expected.ids, draw.choices(range(ours.vocab_size), k=20)):
            for skip in (True, False):
                decoded = theirs.decode(ids, skip_special_tokens=skip)
                assert ours.decode(ids, skip_special_tokens=skip) == decoded
                stream = ours.stream(skip_special_tokens=skip)
                assert "".join(map(stream.push, ids)) + stream.finish() == decoded


@pytest.mark.parametrize("name", NORMALIZERS)
def test_normalizer(name: str) -> None:
    compare(normalizer=NORMALIZERS[name], model=MODELS["bpe"], added=True)
    compare(normalizer=NORMALIZERS[name], pre_tokenizer={"type": "Whitespace"}, model=MODELS["unigram with bytes"])


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_pre_tokenizer(name: str) -> None:
    pre_tokenizer = PRE_TOKENIZERS[name]
    compare(pre_tokenizer=pre_tokenizer, model=MODELS["bpe"])
    compare(pre_tokenizer=pre_tokenizer, model=MODELS["bpe without bytes"], normalizer={"type": "NFKC"}, added=True)


@pytest.mark.parametrize("name", DECODERS)
def test_decoder(name: str) -> None:
    compare(decoder=DECODERS[name], model=MODELS["bpe"], added=True)
    compare(decoder=DECODERS[name], model=MODELS["unigram"], normalizer=NORMALIZERS["Replace"])


@pytest.mark.parametrize("name", POST_PROCESSORS)
def test_post_processor(name: str) -> None:
    post_processor = POST_PROCESSORS[name]
    model = MODELS["bpe without bytes"]
    compare(post_processor=post_processor, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL, model=model)
    compare(post_processor=post_processor, pre_tokenizer={"type": "Whitespace"}, model=MODELS["wordpiece"], added=True)


@pytest.mark.parametrize("name", MODELS)
def test_model(name: str) -> None:
    compare(model=MODELS[name], added=True)
    compare(model=MODELS[name], normalizer={"type": "Lowercase"}, pre_tokenizer=METASPACE, decoder=METASPACE)
    compare(model=MODELS[name], pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL, post_processor=BYTE_LEVEL)
    bert = {"normalizer": NORMALIZERS["Bert"], "pre_tokenizer": PRE_TOKENIZERS["BertPreTokenizer"]}
    compare(model=MODELS[name], **bert, decoder=DECODERS["WordPiece"], added=True)
