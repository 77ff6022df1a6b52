"""Which part of a long history the model sees."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from llmodule.messages import Message


class ContextStrategy(Protocol):
    """Chooses the message of the history with which the model's context begins."""

    def begin(
        self, messages: Sequence[Message], *, previous: int, count_tokens: Callable[[int], int], context_length: int
    ) -> int:
        """Returns an index into `messages`; what follows it is the context, behind the system prompt.

        Args:
            messages: The whole history, the new message included; at least one.
            previous: What was returned for the turn before, 0 at first. To return it again keeps the KV cache valid.
            count_tokens: The length of the rendered prompt in tokens if the context began with this index.
            context_length: The tokens that the model's context holds.
        """


@dataclass(frozen=True)
class SlidingWindow:
    """All that fits, less room for the answer.

    The oldest messages leave first, the last one always stays, and the window never begins with an assistant's or a
    tool's message whose question has left. Since every move of the window invalidates the KV cache, a move makes room
    for several turns: it goes on until a quarter of the window is free.

    Attributes:
        buffer_tokens: Room kept for the answer, at most half of the context.
    """

    buffer_tokens: int = 512

    def __post_init__(self) -> None:
        if self.buffer_tokens < 0:
            raise ValueError(f"buffer_tokens is {self.buffer_tokens}; it must not be negative")

    def begin(
        self, messages: Sequence[Message], *, previous: int, count_tokens: Callable[[int], int], context_length: int
    ) -> int:
        """See `ContextStrategy.begin`."""
        limit = max(context_length - self.buffer_tokens, context_length // 2)
        if count_tokens(previous) <= limit:
            return previous
        last = len(messages) - 1
        starts = [i for i in range(previous + 1, last) if messages[i]["role"] in ("user", "system")] + [last]
        fitting = bisect_left(starts, True, key=lambda start: count_tokens(start) <= limit * 3 // 4)
        return starts[min(fitting, len(starts) - 1)]


@dataclass(frozen=True)
class MessageCount:
    """The last messages, by number.

    Attributes:
        length: How many messages, the new one counted.
    """

    length: int = 5

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError(f"context_window_length is {self.length}; it must be at least 1")

    def begin(
        self, messages: Sequence[Message], *, previous: int, count_tokens: Callable[[int], int], context_length: int
    ) -> int:
        """See `ContextStrategy.begin`."""
        return max(0, len(messages) - self.length)


@dataclass(frozen=True)
class WholeHistory:
    """Every message; a history that has outgrown the context is a ContextOverflowError."""

    def begin(
        self, messages: Sequence[Message], *, previous: int, count_tokens: Callable[[int], int], context_length: int
    ) -> int:
        """See `ContextStrategy.begin`."""
        return 0
