"""The messages of a chat."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, cast

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[str, ...] = ("system", "user", "assistant", "tool")


class _Required(TypedDict):
    role: Role
    content: str


class Message(_Required, total=False):
    """One message: `role`, `content`, and what chat templates know beside them."""

    name: str
    tool_calls: list[dict[str, Any]]
    tool_call_id: str


Tool = Mapping[str, Any]
"""A tool's description as chat templates expect it: a JSON schema of a function."""


def copy_messages(messages: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Returns a deep copy of `messages`, checked.

    Raises:
        TypeError: A message is not a mapping, or its content is not a string.
        ValueError: A message has no role or content, or an unknown role.
    """
    return [_checked(index, message) for index, message in enumerate(messages)]


def _checked(index: int, message: Mapping[str, Any]) -> Message:
    if not isinstance(message, Mapping):
        raise TypeError(f"message {index} is {message!r}; it must be a mapping with 'role' and 'content'")
    if missing := {"role", "content"} - message.keys():
        raise ValueError(f"message {index} lacks {' and '.join(map(repr, sorted(missing)))}")
    if message["role"] not in ROLES:
        raise ValueError(f"message {index} has the role {message['role']!r}; it must be one of {', '.join(ROLES)}")
    if not isinstance(message["content"], str):
        raise TypeError(f"message {index} has content of type {type(message['content']).__name__}; it must be a string")
    return cast(Message, copy.deepcopy(dict(message)))
