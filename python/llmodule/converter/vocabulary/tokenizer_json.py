"""tokenizer.json from a GGUF vocabulary.

The format is that of Hugging Face's tokenizers (https://huggingface.co/docs/tokenizers).
"""

from __future__ import annotations

from typing import Any

from llmodule.converter.vocabulary.pretokenizers import find_pretokenizer
from llmodule.converter.vocabulary.vocabulary import TokenType, Vocabulary
from llmodule.errors import TokenizerFormatError

_SPACE = "\u2581"
_BYTE_TOKENS = frozenset(f"<0x{byte:02X}>" for byte in range(256))
_SPECIAL = (TokenType.CONTROL, TokenType.UNKNOWN)
_KEEPS_SPACE_AFTER = ("<unk>", "<s>", "<|endoftext|>")


def tokenizer_json(vocabulary: Vocabulary) -> dict[str, Any]:
    """The content of tokenizer.json.

    Raises:
        TokenizerFormatError: The kind of tokenizer or its pre-tokenizer is not known, or a part is missing.
    """
    builders = {"gpt2": _byte_level, "llama": _sentencepiece}
    if vocabulary.model not in builders:
        raise TokenizerFormatError(
            f"the tokenizer {vocabulary.model!r} (tokenizer.ggml.model) is not known; known: {', '.join(builders)}. A "
            "tokenizer.json of the original model can stand in for it"
        )
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(vocabulary),
        **builders[vocabulary.model](vocabulary),
    }
    content["model"] |= {"type": "BPE", "vocab": {token: i for i, token in enumerate(vocabulary.tokens)}}
    return content


def _byte_level(vocabulary: Vocabulary) -> dict[str, Any]:
    pre = find_pretokenizer(vocabulary.pre)
    splits = [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        for pattern in pre.patterns
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "normalizer": {"type": "NFC"} if pre.nfc else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*splits, byte_level]},
        "post_processor": _template(vocabulary, add_bos=pre.add_bos),
        "decoder": byte_level,
        "model": {"merges": vocabulary.merges, "ignore_merges": pre.ignore_merges},
    }


def _sentencepiece(vocabulary: Vocabulary) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}]
    decoders: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": _SPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    if vocabulary.add_space_prefix:
        steps.insert(0, {"type": "Prepend", "prepend": _SPACE})
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return {
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": None,
        "post_processor": _template(vocabulary, add_bos=True),
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {
            "merges": vocabulary.merges or _merges_by_score(vocabulary),
            "unk_token": vocabulary.token(vocabulary.unknown_id),
            "fuse_unk": True,
            "byte_fallback": set(vocabulary.tokens) >= _BYTE_TOKENS,
        },
    }


def _merges_by_score(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """All pairs of pieces that make a piece, those of the piece with the highest score first.

    SentencePiece merges whichever neighbours make the best piece; a list of pairs in this order says the same.
    Pairs of one piece are ordered as Hugging Face's converter orders them.
    """
    if not vocabulary.scores:
        raise TokenizerFormatError("the vocabulary has neither merges nor scores, of which merges could be made")
    ids = {token: i for i, token in enumerate(vocabulary.tokens)}
    pairs: list[tuple[float, int, int, int, int, str, str]] = []
    for token, kind, score in zip(vocabulary.tokens, vocabulary.types, vocabulary.scores, strict=True):
        if kind not in (TokenType.NORMAL, TokenType.USER_DEFINED):
            continue
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in ids and right in ids:
                pairs.append((-score, -len(left), -len(right), ids[left], ids[right], left, right))
    pairs.sort()
    return [pair[-2:] for pair in pairs]


def _added_tokens(vocabulary: Vocabulary) -> list[dict[str, Any]]:
    return [
        {
            "id": i,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": vocabulary.rstrip_special and kind == TokenType.CONTROL and token not in _KEEPS_SPACE_AFTER,
            "normalized": False,
            "special": kind in _SPECIAL,
        }
        for i, (token, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types, strict=True))
        if kind in (*_SPECIAL, TokenType.USER_DEFINED)
    ]


def _template(vocabulary: Vocabulary, *, add_bos: bool) -> dict[str, Any] | None:
    """The post-processor that adds the first and last token; `add_bos` where the file does not say."""
    ids = {
        "bos": vocabulary.bos_id if (add_bos if vocabulary.add_bos is None else vocabulary.add_bos) else None,
        "eos": vocabulary.eos_id if vocabulary.add_eos else None,
    }
    wanted = {name: vocabulary.tokens[i] for name, i in ids.items() if i is not None}
    if not wanted:
        return None

    def sequence(name: str, type_id: int) -> list[dict[str, Any]]:
        def special(which: str) -> list[dict[str, Any]]:
            return [{"SpecialToken": {"id": wanted[which], "type_id": type_id}}] if which in wanted else []

        return [*special("bos"), {"Sequence": {"id": name, "type_id": type_id}}, *special("eos")]

    return {
        "type": "TemplateProcessing",
        "single": sequence("A", 0),
        "pair": sequence("A", 0) + sequence("B", 1),
        "special_tokens": {
            token: {"id": token, "ids": [ids[name]], "tokens": [token]} for name, token in wanted.items()
        },
    }
