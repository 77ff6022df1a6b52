"""Weight matrices that are read, a block of rows at a time, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmodule.converter.source import BlockType, ByteArray, FloatArray, TensorSource

_BLOCK_ELEMENTS = 1 << 22
_BLOCK_ROWS = 32

Rows = NDArray[Any]
"""Rows of a matrix, float32 ``[rows, in]`` or bytes that stand for them, ``[rows, bytes]``."""


@dataclass(frozen=True)
class StoredRows:
    """Neighbouring rows of a source's tensor, not yet read.

    Attributes:
        source: that has the tensor.
        name: of the tensor.
        start: the first row.
        stop: behind the last row.
        factor: on every element.
    """

    source: TensorSource
    name: str
    start: int
    stop: int
    factor: float

    def floats(self) -> FloatArray:
        """The elements, float32 ``[rows, in]``."""
        rows = self.source.load(self.name, (self.start, self.stop))
        return rows if self.factor == 1.0 else rows * np.float32(self.factor)

    def blocks(self, kind: BlockType) -> ByteArray | None:
        """The blocks, uint8 ``[rows, bytes]``, where the tensor has or can become such; None elsewhere."""
        return self.source.load_blocks(self.name, kind, (self.start, self.stop)) if self.factor == 1.0 else None


Coder = Callable[[StoredRows], Rows]
"""Reads rows in one of their forms; StoredRows.floats is one."""


@dataclass(frozen=True)
class Matrix:
    """The weight of a linear layer ``[out, in]``.

    What moves rows works on rows in any form, so that weights which are quantised already can stay so.

    Attributes:
        name: of the tensor that it is made from, for messages.
        shape: (out, in).
        bits: that an element takes in the source, with its part of the scales; of several parts, the most.
        is_q4_0: whether all of it is stored in blocks of Q4_0, whose groups have no offset.
        read: returns the rows from the second argument to the third, exclusive, as the first one codes them.
    """

    name: str
    shape: tuple[int, int]
    bits: float
    is_q4_0: bool
    read: Callable[[Coder, int, int], Rows]

    def rows(self, start: int, stop: int) -> Matrix:
        """The outputs `start` to `stop`, exclusive."""
        return Matrix(
            self.name,
            (stop - start, self.shape[1]),
            self.bits,
            self.is_q4_0,
            lambda coder, first, last: self.read(coder, start + first, start + last),
        )

    def deinterleaved(self, head_size: int, size: int) -> Matrix:
        """The rows of every head in the order for rotating dimensions d and d + size/2, instead of 2d and 2d + 1.

        Args:
            head_size: rows per head.
            size: rows of a head that are rotated, from its first on.
        """
        order = deinterleaved_order(head_size, size)

        def read(coder: Coder, start: int, stop: int) -> Rows:
            first, last = start // head_size, -(-stop // head_size)
            heads = self.read(coder, first * head_size, last * head_size).reshape(last - first, head_size, -1)
            rows = heads[:, order].reshape((last - first) * head_size, -1)
            return rows[start - first * head_size : stop - first * head_size]

        return Matrix(self.name, self.shape, self.bits, self.is_q4_0, read)

    def blocks(self, coder: Coder) -> Iterator[Rows]:
        """All rows in order, in blocks of limited size, all but the last one of a multiple of 32 rows."""
        step = max(_BLOCK_ELEMENTS // self.shape[1] // _BLOCK_ROWS, 1) * _BLOCK_ROWS
        for start in range(0, self.shape[0], step):
            yield np.ascontiguousarray(self.read(coder, start, min(start + step, self.shape[0])))


def stored(source: TensorSource, name: str, factor: float = 1.0) -> Matrix:
    """The matrix that `source` calls `name`, times `factor`."""
    out_size, in_size = source.shape(name)
    return Matrix(
        name,
        (out_size, in_size),
        source.bits(name),
        factor == 1.0 and source.kind(name) == "Q4_0",
        lambda coder, start, stop: coder(StoredRows(source, name, start, stop, factor)),
    )


def stacked(matrices: Sequence[Matrix]) -> Matrix:
    """The outputs of several matrices of the same inputs, one after the other."""

    def read(coder: Coder, start: int, stop: int) -> Rows:
        found, base = [], 0
        for matrix in matrices:
            first, last = max(start - base, 0), min(stop - base, matrix.shape[0])
            if first < last:
                found.append(matrix.read(coder, first, last))
            base += matrix.shape[0]
        return found[0] if len(found) == 1 else np.concatenate(found)

    rows = sum(matrix.shape[0] for matrix in matrices)
    return Matrix(_names(matrices), (rows, matrices[0].shape[1]), _most_bits(matrices), _are_q4_0(matrices), read)


def interleaved(matrices: Sequence[Matrix], size: int) -> Matrix:
    """`size` outputs of each of several matrices of one shape in turn, filled up with zeros where the last ones lack.

    Rows of the result are read from and to multiples of `size` times the number of matrices.
    """
    count, (rows, columns) = len(matrices), matrices[0].shape
    turns = -(-rows // size)

    def read(coder: Coder, start: int, stop: int) -> Rows:
        first, last = start // count, stop // count
        parts = [matrix.read(coder, first, min(last, rows)) for matrix in matrices]
        missing = last - first - len(parts[0])
        if missing:
            parts = [np.pad(part, ((0, missing), (0, 0))) for part in parts]
        return np.stack([part.reshape(-1, size, part.shape[1]) for part in parts], axis=1).reshape(stop - start, -1)

    shape = (turns * size * count, columns)
    return Matrix(_names(matrices), shape, _most_bits(matrices), _are_q4_0(matrices), read)


def widened(matrix: Matrix, columns: int) -> Matrix:
    """`matrix` with inputs of weight 0 behind its own, `columns` in all; its rows can be read as float32 only."""
    missing = columns - matrix.shape[1]
    return Matrix(
        matrix.name,
        (matrix.shape[0], columns),
        matrix.bits,
        False,
        lambda coder, start, stop: np.pad(matrix.read(coder, start, stop), ((0, 0), (0, missing))),
    )


def deinterleaved_order(head_size: int, size: int) -> list[int]:
    """Where each dimension of a deinterleaved head comes from: 0, 2, 4, …, 1, 3, 5, …, and the unrotated rest."""
    return [*range(0, size, 2), *range(1, size, 2), *range(size, head_size)]


def _most_bits(matrices: Sequence[Matrix]) -> float:
    return max(matrix.bits for matrix in matrices)


def _are_q4_0(matrices: Sequence[Matrix]) -> bool:
    return all(matrix.is_q4_0 for matrix in matrices)


def _names(matrices: Sequence[Matrix]) -> str:
    return ", ".join(dict.fromkeys(matrix.name for matrix in matrices))
