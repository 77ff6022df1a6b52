"""Matrices in the formats that ExecuTorch's kernels and XNNPACK read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from llmodule.converter.emit.blob import Payload

GROUP_SIZE = 32
SCALE_ALIGNMENT = 64


class Format(Enum):
    """How the elements of a matrix are stored; the value is the number of bits."""

    Q4 = 4
    """Signed 4-bit in groups of 32 along the inputs, one bfloat16 scale each; stored plus 8, the even input below."""
    Q8 = 8
    """Signed 8-bit, one float32 scale per output or, in embeddings, per group."""
    F32 = 32


@dataclass(frozen=True)
class EncodedMatrix:
    """A matrix as it will be stored.

    Attributes:
        format: of the elements.
        shape: (out, in).
        payload: the elements row by row, then, at `scale_offset`, the scales row by row.
        data_size: bytes of the elements.
        scale_offset: bytes from the payload's start, aligned to SCALE_ALIGNMENT.
        scale_count: number of scales; 0 for F32.
    """

    format: Format
    shape: tuple[int, int]
    payload: Payload
    data_size: int
    scale_offset: int
    scale_count: int

    @property
    def scale_size(self) -> int:
        """Bytes of the scales."""
        return self.payload.size - self.scale_offset
