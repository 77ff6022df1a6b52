"""The little that the classes generated from FlatBuffers schemas lack."""

from __future__ import annotations

from typing import Any, TypeVar

import flatbuffers  # type: ignore[import-untyped]

T = TypeVar("T")


def table(kind: type[T], **fields: Any) -> T:
    """A table of a generated class, with its fields set; unknown names raise AttributeError."""
    result = kind()
    for name, value in fields.items():
        getattr(result, name)
        setattr(result, name, value)
    return result


def serialized(root: Any, identifier: bytes) -> bytes:
    """The finished buffer of the table `root`, with the four bytes that identify its schema."""
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(root.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())
