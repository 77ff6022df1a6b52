"""Runs of bytes whose size is known before their content is made.

A .pte begins with an index of everything behind it. Weights are quantised only while they are written, one block after
the other, so that a conversion needs memory for one tensor, not for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Chunk = bytes | memoryview


def aligned(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


@dataclass(frozen=True)
class Payload:
    """`size` bytes that `chunks()` yields in order when it is called."""

    size: int
    chunks: Callable[[], Iterable[Chunk]]


def array_payload(array: NDArray[np.generic]) -> Payload:
    """The bytes of an array in C order."""
    view = array_bytes(array)
    return Payload(len(view), lambda: (view,))


def array_bytes(array: NDArray[np.generic]) -> memoryview:
    """An array's content in C order, without a copy where it has that order already."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


class Blob:
    """Payloads one behind the other, each aligned and padded with zeros."""

    def __init__(self, alignment: int) -> None:
        self._alignment = alignment
        self._payloads: list[Payload] = []
        self.size = 0

    def add(self, payload: Payload) -> int:
        """Appends `payload` and returns its offset in bytes."""
        offset = self.size
        self._payloads.append(payload)
        self.size += aligned(payload.size, self._alignment)
        return offset

    def chunks(self) -> Iterator[Chunk]:
        """The content, `size` bytes in all."""
        for payload in self._payloads:
            written = 0
            for chunk in payload.chunks():
                written += len(chunk)
                yield chunk
            if written != payload.size:
                raise ValueError(f"a tensor of {payload.size} bytes turned out to have {written}")
            yield bytes(-written % self._alignment)
