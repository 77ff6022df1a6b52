"""From a rendered chat to token ids, so that known ones are kept and user text can't forge special tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from llmodule.messages import Message

if TYPE_CHECKING:
    from llmodule._native import Tokenizer

SENTINEL = "\ufdd0"
"""A noncharacter, which Unicode reserves for internal use, so it has no business in a text."""


@dataclass(frozen=True)
class Prompt:
    """A rendered chat and its token ids."""

    text: str
    ids: list[int]


class PromptEncoder:
    """Encodes the prompts of one chat after the other.

    The prompt of a chat's next turn begins with the last prompt and the answer to it. If that text were encoded anew,
    the ids could differ from those that the model has sampled, and the KV cache from there on would be lost. So the ids
    of the last turn are remembered and kept as far as the new text agrees, up to the begin of a special token: there
    tokenizers cut in any case.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        special = {i for i in range(tokenizer.vocab_size) if tokenizer.is_special(i)}
        self._special_ids = special
        texts = sorted(filter(None, map(tokenizer.id_to_token, special)), key=len, reverse=True)
        alternatives = "|".join(map(re.escape, texts)) or "(?!)"
        self._special = re.compile(f"(?:{alternatives})(?!{SENTINEL})")
        self._special_begin = re.compile(f"(?=({alternatives}))(.)", re.DOTALL)
        self._known: list[Prompt] = []

    def guard(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Marks each spelling of a special token in the messages, so that `encode` reads it as ordinary text."""
        return [cast(Message, {k: v if k == "role" else self._guarded(v) for k, v in m.items()}) for m in messages]

    def encode(self, text: str) -> Prompt:
        """Encodes a rendered chat; the marks of `guard` vanish. Special tokens are those that the text spells."""
        for known in self._known:
            if text.startswith(known.text) and self._special.match(text, len(known.text)):
                return Prompt(text, known.ids + self._encode(text[len(known.text) :]))
        return Prompt(text, self._encode(text))

    def remember(self, prompt: Prompt, generated: Sequence[int]) -> None:
        """Notes what the model has sampled behind `prompt`."""
        answer = list(generated)
        while answer and answer[-1] in self._special_ids:
            answer.pop()
        text = self._tokenizer.decode(answer, skip_special_tokens=False)
        self._known = [Prompt(prompt.text + text, prompt.ids + answer)]
        # An answer that the chat keeps in another form, cut or trimmed, leaves the prompt's part valid.
        last = max((i for i, token in enumerate(prompt.ids) if token in self._special_ids), default=None)
        if last is not None:
            begin = prompt.text.rfind(self._tokenizer.id_to_token(prompt.ids[last]) or "")
            self._known.append(Prompt(prompt.text[:begin], prompt.ids[:last]))

    def _guarded(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace(SENTINEL, "")
            return self._special_begin.sub(rf"\2{SENTINEL}", value) if self._special.search(value) else value
        if isinstance(value, Mapping):
            return {key: self._guarded(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._guarded(item) for item in value]
        return value

    def _encode(self, text: str) -> list[int]:
        if SENTINEL not in text:
            return self._tokenizer.encode(text, add_special_tokens=False)
        ids: list[int] = []
        begin = 0
        for end in [match.start() for match in self._special.finditer(text)] + [len(text)]:
            ids += self._part(text[begin:end])
            begin = end
        return ids

    def _part(self, text: str) -> list[int]:
        # A special token, if one is at the front, and the ordinary text behind it.
        special = self._special.match(text)
        if SENTINEL not in text:
            return self._tokenizer.encode(text, add_special_tokens=False)
        front = special.group() if special else ""
        plain = text[len(front) :].replace(SENTINEL, "")
        return self._tokenizer.encode(front, add_special_tokens=False) + self._tokenizer.encode(
            plain, add_special_tokens=False, parse_special=False
        )
