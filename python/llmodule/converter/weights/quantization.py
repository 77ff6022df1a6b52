"""Which scheme stores which weight in which format, and how it gets into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmodule import _native
from llmodule.converter.emit.blob import Chunk, Payload, aligned, array_bytes
from llmodule.converter.emit.encoded import GROUP_SIZE, SCALE_ALIGNMENT, EncodedMatrix, Format
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.matrix import Matrix
from llmodule.errors import ModelFormatError

AnyArray = NDArray[Any]


class Role(Enum):
    """What a matrix does in the model."""

    EMBEDDING = "embedding"
    QUERY_KEY = "query and key"
    VALUE = "value"
    ATTENTION_OUTPUT = "attention output"
    GATE_UP = "gate and up"
    DOWN = "down"
    HEAD = "head"


class Storage(Enum):
    """How a weight is stored."""

    Q4 = "4 bits in groups"
    Q4_OFFSET = "4 bits in groups, with an 8-bit offset for each: 4-bit GGUF types lose next to nothing"
    Q8 = "8 bits"
    F32 = "float32"


_SCHEMES: dict[str, dict[Role, Storage]] = {
    "q4": {**dict.fromkeys(Role, Storage.Q4), Role.HEAD: Storage.Q4_OFFSET, Role.EMBEDDING: Storage.Q8},
    "mixed": {**dict.fromkeys(Role, Storage.Q4_OFFSET), Role.HEAD: Storage.Q8, Role.EMBEDDING: Storage.Q8},
    "q8": dict.fromkeys(Role, Storage.Q8),
    "f32": dict.fromkeys(Role, Storage.F32),
}
SCHEMES = tuple(_SCHEMES)
DEFAULT_SCHEME = "mixed"


def storage_for(scheme: str, role: Role, in_size: int) -> Storage:
    """How a matrix with `in_size` inputs is stored; in 8 bits where 4-bit groups don't divide it.

    Raises:
        ValueError: for an unknown scheme, naming those that are known.
    """
    if scheme not in _SCHEMES:
        raise ValueError(f"quant={scheme!r} is not known; known are {', '.join(SCHEMES)}")
    chosen = _SCHEMES[scheme][role]
    return Storage.Q8 if in_size % GROUP_SIZE and chosen is not Storage.F32 else chosen


@dataclass(frozen=True)
class Weight:
    """A linear layer's weight as it will be stored.

    Attributes:
        matrix: the weight, in 4 bits without `offsets`.
        offsets: ``[out, in / GROUP_SIZE]``, to be added to every element of a group; None: there are none. They are
            known once the matrix's payload has been read.
    """

    matrix: EncodedMatrix
    offsets: EncodedMatrix | None = None


def encode(matrix: Matrix, storage: Storage, *, importance: FloatArray | None = None, threads: int = 0) -> Weight:
    """Plans the storage of `matrix`; its elements are read and quantised when the payload's chunks are.

    Args:
        matrix: what is stored.
        storage: how.
        importance: float32 ``[in]``, how much an input's error counts in the search for 4-bit scales; None: all alike.
        threads: for quantising; 0: one per core.
    """
    if storage is Storage.F32:
        return Weight(_planned(matrix, Format.F32, lambda block: (block, None)))
    if storage is Storage.Q8:
        return Weight(_planned(matrix, Format.Q8, partial(_native.quantize_q8, threads=threads)))
    if storage is Storage.Q4:
        search = partial(_native.quantize_q4, group=GROUP_SIZE, importance=importance, threads=threads)
        return Weight(_planned(matrix, Format.Q4, search))
    found: list[FloatArray] = []

    def quantize(block: FloatArray) -> tuple[AnyArray, AnyArray]:
        codes, scales, offsets = _native.quantize_q4_affine(
            block, group=GROUP_SIZE, importance=importance, threads=threads
        )
        found.append(offsets)
        return codes, scales

    shape = (matrix.shape[0], matrix.shape[1] // GROUP_SIZE)
    offsets = Matrix(matrix.name, shape, lambda start, stop: np.concatenate(found)[start:stop])
    return Weight(_planned(matrix, Format.Q4, quantize), encode(offsets, Storage.Q8, threads=threads).matrix)


def _planned(
    matrix: Matrix, form: Format, quantize: Callable[[FloatArray], tuple[AnyArray, AnyArray | None]]
) -> EncodedMatrix:
    """A matrix whose blocks of rows `quantize` turns into elements and scales."""
    out_size, in_size = matrix.shape
    data_size = out_size * in_size * form.value // 8
    scale_count = {Format.Q4: out_size * in_size // GROUP_SIZE, Format.Q8: out_size, Format.F32: 0}[form]
    scale_offset = aligned(data_size, SCALE_ALIGNMENT)
    size = scale_offset + scale_count * (2 if form is Format.Q4 else 4)

    def chunks() -> Iterator[Chunk]:
        scales: list[AnyArray] = []
        for block in matrix.blocks():
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
