"""Weight matrices that are read, a block of rows at a time, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from llmodule.converter.source import FloatArray, TensorSource

_BLOCK_ELEMENTS = 1 << 24


@dataclass(frozen=True)
class Matrix:
    """The weight of a linear layer, float32 ``[out, in]``.

    Attributes:
        name: of the tensor that it is made from, for messages.
        shape: (out, in).
        read: returns the rows from the first argument to the second, exclusive.
    """

    name: str
    shape: tuple[int, int]
    read: Callable[[int, int], FloatArray]

    def rows(self, start: int, stop: int) -> Matrix:
        """The outputs `start` to `stop`, exclusive."""
        return Matrix(
            self.name, (stop - start, self.shape[1]), lambda first, last: self.read(start + first, start + last)
        )

    def scaled(self, factor: float) -> Matrix:
        """Every element times `factor`."""
        if factor == 1.0:
            return self
        return Matrix(self.name, self.shape, lambda start, stop: self.read(start, stop) * np.float32(factor))

    def deinterleaved(self, head_size: int, size: int) -> Matrix:
        """The rows of every head in the order for rotating dimensions d and d + size/2, instead of 2d and 2d + 1.

        Args:
            head_size: rows per head.
            size: rows of a head that are rotated, from its first on.
        """
        order = deinterleaved_order(head_size, size)

        def read(start: int, stop: int) -> FloatArray:
            first, last = start // head_size, -(-stop // head_size)
            heads = self.read(first * head_size, last * head_size).reshape(last - first, head_size, -1)
            rows = heads[:, order].reshape((last - first) * head_size, -1)
            return rows[start - first * head_size : stop - first * head_size]

        return Matrix(self.name, self.shape, read)

    def blocks(self) -> Iterator[FloatArray]:
        """All rows in order, in blocks of limited size."""
        step = max(_BLOCK_ELEMENTS // self.shape[1], 1)
        for start in range(0, self.shape[0], step):
            yield self.read(start, min(start + step, self.shape[0]))


def stored(source: TensorSource, name: str) -> Matrix:
    """The matrix that `source` calls `name`."""
    out_size, in_size = source.shape(name)
    return Matrix(name, (out_size, in_size), lambda start, stop: source.load(name, (start, stop)))


def stacked(matrices: Sequence[Matrix]) -> Matrix:
    """The outputs of several matrices of the same inputs, one after the other."""

    def read(start: int, stop: int) -> FloatArray:
        found, base = [], 0
        for matrix in matrices:
            first, last = max(start - base, 0), min(stop - base, matrix.shape[0])
            if first < last:
                found.append(matrix.read(first, last))
            base += matrix.shape[0]
        return found[0] if len(found) == 1 else np.concatenate(found)

    name = ", ".join(dict.fromkeys(matrix.name for matrix in matrices))
    return Matrix(name, (sum(matrix.shape[0] for matrix in matrices), matrices[0].shape[1]), read)


def deinterleaved_order(head_size: int, size: int) -> list[int]:
    """Where each dimension of a deinterleaved head comes from: 0, 2, 4, …, 1, 3, 5, …, and the unrotated rest."""
    return [*range(0, size, 2), *range(1, size, 2), *range(size, head_size)]
