from __future__ import annotations

from typing import Any

import pytest

from llmodule.messages import copy_messages


def test_copies_are_deep() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    original: list[dict[str, Any]] = [{"role": "assistant", "content": "", "tool_calls": [call]}]
    copied = copy_messages(original)
    assert copied == original
    call["function"] = None
    assert copied[0]["tool_calls"][0]["function"] == {"name": "f", "arguments": {"a": 1}}


@pytest.mark.parametrize(
    ("message", "error", "words"),
    [
        ("hello", TypeError, "message 1 is 'hello'"),
        ({"role": "user"}, ValueError, "message 1 lacks 'content'"),
        ({}, ValueError, "'content' and 'role'"),
        ({"role": "bot", "content": ""}, ValueError, "'bot'; it must be one of system, user, assistant, tool"),
        ({"role": "user", "content": None}, TypeError, "content of type NoneType"),
    ],
)
def test_wrong_messages_are_named(message: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        copy_messages([{"role": "user", "content": "fine"}, message])
