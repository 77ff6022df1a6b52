"""Which messages the model sees, with one token per message unless said otherwise."""

from __future__ import annotations

import pytest

from llmodule.context import ContextStrategy, MessageCount, SlidingWindow, WholeHistory
from llmodule.messages import Message, Role


def history(roles: str) -> list[Message]:
    names: dict[str, Role] = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    return [{"role": names[role], "content": ""} for role in roles]


def begin(strategy: ContextStrategy, roles: str, *, length: int, previous: int = 0, size: int = 1) -> int:
    messages = history(roles)
    return strategy.begin(
        messages,
        previous=previous,
        count_tokens=lambda start: size * (len(messages) - start),
        context_length=length,
    )


def test_all_stays_while_it_fits() -> None:
    assert begin(SlidingWindow(2), "uauau", length=7) == 0
    assert begin(SlidingWindow(2), "auau", length=7) == 0  # an assistant's greeting has not been orphaned


def test_a_move_frees_a_quarter() -> None:
    assert begin(SlidingWindow(2), "uauauauau", length=10) == 4  # 9 of 8, so at most 6: the question at 4 leaves 5
    assert begin(SlidingWindow(2), "uauauauauau", length=10, previous=4) == 4  # 7: no move


def test_no_orphans() -> None:
    assert begin(SlidingWindow(0), "uaaaau", length=5) == 5
    assert begin(SlidingWindow(0), "uatuatu", length=6) == 3


def test_the_last_message_stays_even_if_it_does_not_fit() -> None:
    assert begin(SlidingWindow(0), "uau", length=4, size=100) == 2
    assert begin(SlidingWindow(0), "u", length=4, size=100) == 0


def test_the_buffer_takes_at_most_half_of_a_small_context() -> None:
    assert begin(SlidingWindow(512), "u" * 32, length=64) == 0
    assert begin(SlidingWindow(512), "u" * 33, length=64) == 9  # 33 of 32, so at most 24


def test_a_negative_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer_tokens is -1"):
        SlidingWindow(-1)


def test_message_count_and_whole_history() -> None:
    assert begin(MessageCount(), "uauauau", length=1) == 2
    assert begin(MessageCount(5), "uau", length=1) == 0
    assert begin(WholeHistory(), "uauauau", length=1) == 0
