"""The vocabulary that a GGUF file holds, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from llmodule.errors import TokenizerFormatError


class TokenType(IntEnum):
    """What a token is. Source of the numbers: ggml's docs/gguf.md, tokenizer.ggml.token_type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Vocabulary:
    """The keys ``tokenizer.ggml.*`` of a GGUF file.

    Attributes:
        model: The kind of tokenizer, for example ``"gpt2"`` or ``"llama"``.
        pre: The name of the pre-tokenizer; empty where the file has none.
        tokens: By id; no two alike.
        types: One per token.
        scores: One per token, or none at all.
        merges: Pairs to merge, the most important first; may be empty.
        bos_id: The token that begins a text, None where the file names none.
        eos_id: The token that ends one.
        pad_id: The token that fills up.
        unknown_id: The token for what cannot be spelled.
        add_bos: Texts get the token bos_id; None where the file does not say.
        add_eos: Texts get the token eos_id.
        add_space_prefix: Texts begin with a space.
        rstrip_special: Special tokens swallow the white space after them.
    """

    model: str
    pre: str
    tokens: list[str]
    types: list[int]
    scores: list[float]
    merges: list[tuple[str, str]]
    bos_id: int | None
    eos_id: int | None
    pad_id: int | None
    unknown_id: int | None
    add_bos: bool | None
    add_eos: bool
    add_space_prefix: bool
    rstrip_special: bool

    def token(self, token_id: int | None) -> str | None:
        """The token with this id; None for None."""
        return None if token_id is None else self.tokens[token_id]


def read_vocabulary(metadata: Mapping[str, Any]) -> Vocabulary:
    """Reads the vocabulary of a GGUF file.

    Args:
        metadata: The file's keys and values.

    Raises:
        TokenizerFormatError: There is none, or its parts do not fit together.
    """
    fields = _Fields(metadata)
    tokens = fields.items("tokens", str)
    if not tokens:
        raise TokenizerFormatError("the file has no vocabulary (tokenizer.ggml.tokens); give a tokenizer.json instead")
    if len(set(tokens)) != len(tokens):
        first: dict[str, int] = {}
        token, again = next((token, i) for i, token in enumerate(tokens) if first.setdefault(token, i) != i)
        raise TokenizerFormatError(f"tokenizer.ggml.tokens has {token!r} twice, as {first[token]} and {again}")
    types = fields.items("token_type", int) or [TokenType.NORMAL.value] * len(tokens)
    scores = fields.items("scores", float)
    if len(types) != len(tokens) or len(scores) not in (0, len(tokens)):
        raise TokenizerFormatError(
            f"the vocabulary has {len(tokens)} tokens, {len(types)} types and {len(scores)} scores"
        )
    return Vocabulary(
        model=fields.value("model", str, ""),
        pre=fields.value("pre", str, ""),
        tokens=tokens,
        types=types,
        scores=scores,
        merges=_merges(fields.items("merges", str), tokens),
        bos_id=fields.token_id("bos_token_id", len(tokens)),
        eos_id=fields.token_id("eos_token_id", len(tokens)),
        pad_id=fields.token_id("padding_token_id", len(tokens)),
        unknown_id=fields.token_id("unknown_token_id", len(tokens)),
        add_bos=fields.value("add_bos_token", bool, None),
        add_eos=fields.value("add_eos_token", bool, False),
        add_space_prefix=fields.value("add_space_prefix", bool, True),
        # GGUF has no place for this property of Phi-3's tokens.
        rstrip_special=metadata.get("general.architecture") == "phi3",
    )


def _merges(texts: list[str], tokens: list[str]) -> list[tuple[str, str]]:
    known = set(tokens)
    merges = []
    for text in texts:
        # Parts may begin with a space, and are never empty.
        space = text.find(" ", 1)
        left, right = text[:space], text[space + 1 :]
        if space < 0 or left not in known or right not in known or left + right not in known:
            raise TokenizerFormatError(f"tokenizer.ggml.merges has {text!r}, whose parts or result are no tokens")
        merges.append((left, right))
    return merges


@dataclass(frozen=True)
class _Fields:
    metadata: Mapping[str, Any]

    def value(self, name: str, kind: type, default: Any) -> Any:
        found = self.metadata.get(f"tokenizer.ggml.{name}")
        if found is None:
            return default
        if not isinstance(found, kind):
            raise TokenizerFormatError(f"tokenizer.ggml.{name} is {str(found)[:80]!r}, not of type {kind.__name__}")
        return found

    def items(self, name: str, kind: type) -> list[Any]:
        found: list[Any] = self.value(name, list, [])
        if not set(map(type, found)) <= {kind}:
            raise TokenizerFormatError(f"tokenizer.ggml.{name} is no list of type {kind.__name__}")
        return found

    def token_id(self, name: str, count: int) -> int | None:
        found: int | None = self.value(name, int, None)
        if found is None or found == 0xFFFFFFFF:  # how some writers spell "none"
            return None
        if not 0 <= found < count:
            raise TokenizerFormatError(f"tokenizer.ggml.{name} is {found}; the vocabulary has {count} tokens")
        return found
