"""Weights in the formats that XNNPACK and ExecuTorch's embedding operator read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmodule import _native
from llmodule.converter.emit.blob import Chunk, Payload, aligned, array_bytes
from llmodule.converter.emit.encoded import GROUP_SIZE, SCALE_ALIGNMENT, EncodedMatrix, Format
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.matrix import Coder, Matrix, StoredRows
from llmodule.converter.weights.scheme import Storage
from llmodule.errors import ModelFormatError

AnyArray = NDArray[Any]


@dataclass(frozen=True)
class Weight:
    """A linear layer's weight as it will be stored.

    Attributes:
        matrix: the weight, in 4 bits without `offsets`.
        rounded: whether the layer's inputs are rounded to 8 bits per token: faster, and less exact.
        offsets: ``[out, in / GROUP_SIZE]``, to be added to every element of a group; None: there are none. They are
            known once the matrix's payload has been read.
    """

    matrix: EncodedMatrix
    rounded: bool = False
    offsets: EncodedMatrix | None = None


def encode(
    matrix: Matrix,
    storage: Storage,
    *,
    rounded: bool = True,
    importance: FloatArray | None = None,
    threads: int = 0,
) -> Weight:
    """Plans the storage of `matrix`; its elements are read and quantised when the payload's chunks are.

    Args:
        matrix: what is stored.
        storage: how; 8 bits instead of 4 where groups don't divide its columns.
        rounded: of the result, where `storage` lets it be chosen, in 8 bits.
        importance: float32 ``[in]``, how much an input's error counts in the search for 4-bit scales; None: all alike.
        threads: for quantising; 0: one per core.
    """
    if storage is Storage.F32:
        return Weight(_in_float32(matrix))
    if storage is Storage.Q8 or matrix.shape[1] % GROUP_SIZE:
        return Weight(_in_8_bits(matrix, matrix.shape[1], threads), rounded)
    found: list[FloatArray] = []

    def quantize(block: FloatArray) -> tuple[AnyArray, AnyArray]:
        codes, scales, offsets = _native.quantize_q4(block, group=GROUP_SIZE, importance=importance, threads=threads)
        found.append(offsets)
        return codes, scales

    def read(coder: Coder, start: int, stop: int) -> FloatArray:
        return np.concatenate(found)[start:stop]

    offsets = Matrix(matrix.name, (matrix.shape[0], matrix.shape[1] // GROUP_SIZE), 32, False, read)
    groups = offsets.shape[0] * offsets.shape[1]
    return Weight(_planned(matrix, Format.Q4, groups, quantize), True, _in_8_bits(offsets, offsets.shape[1], threads))


def encode_embedding(matrix: Matrix, storage: Storage, *, threads: int = 0) -> EncodedMatrix:
    """Plans the storage of an embedding: in float32, or in 8 bits with a scale for each group where these divide it.

    ExecuTorch's 4-bit embedding has no offsets.
    """
    if storage is Storage.F32:
        return _in_float32(matrix)
    return _in_8_bits(matrix, matrix.shape[1] if matrix.shape[1] % GROUP_SIZE else GROUP_SIZE, threads)


def _in_float32(matrix: Matrix) -> EncodedMatrix:
    return _planned(matrix, Format.F32, 0, lambda block: (block, None))


def _in_8_bits(matrix: Matrix, group: int, threads: int) -> EncodedMatrix:
    groups = matrix.shape[0] * (matrix.shape[1] // group)
    return _planned(matrix, Format.Q8, groups, partial(_native.quantize_q8, group=group, threads=threads))


def _planned(
    matrix: Matrix, form: Format, scale_count: int, quantize: Callable[[FloatArray], tuple[AnyArray, AnyArray | None]]
) -> EncodedMatrix:
    """A matrix whose blocks of rows `quantize` turns into elements and, in all, `scale_count` scales."""
    out_size, in_size = matrix.shape
    data_size = out_size * in_size * form.value // 8
    scale_offset = aligned(data_size, SCALE_ALIGNMENT)
    size = scale_offset + scale_count * (2 if form is Format.Q4 else 4)

    def chunks() -> Iterator[Chunk]:
        scales: list[AnyArray] = []
        for block in matrix.blocks(StoredRows.floats):
            try:
                data, block_scales = quantize(block)
            except ValueError as error:
                raise ModelFormatError(f"the tensor {matrix.name} can't be quantised: {error}") from error
            if block_scales is not None:
                scales.append(block_scales)
            yield array_bytes(data)
        yield bytes(scale_offset - data_size)
        yield from map(array_bytes, scales)

    return EncodedMatrix(form, matrix.shape, Payload(size, chunks), data_size, scale_offset, scale_count)
