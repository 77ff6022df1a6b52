"""Which scheme stores which weight in which format, and how it gets into it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from llmodule import _native
from llmodule.convert.emit.blob import Chunk, Payload, aligned, array_bytes
from llmodule.convert.emit.encoded import GROUP_SIZE, SCALE_ALIGNMENT, EncodedMatrix, Format
from llmodule.convert.source import FloatArray
from llmodule.convert.weights.matrix import Matrix
from llmodule.errors import ModelFormatError


class Role(Enum):
    """What a matrix does in the model."""

    EMBEDDING = "embedding"
    QUERY_KEY = "query and key"
    VALUE = "value"
    ATTENTION_OUTPUT = "attention output"
    GATE_UP = "gate and up"
    DOWN = "down"
    HEAD = "head"


_SCHEMES: dict[str, dict[Role, Format]] = {
    "q4": {Role.EMBEDDING: Format.Q8},
    "mixed": dict.fromkeys((Role.EMBEDDING, Role.VALUE, Role.DOWN, Role.HEAD), Format.Q8),
    "q8": dict.fromkeys(Role, Format.Q8),
    "f32": dict.fromkeys(Role, Format.F32),
}
SCHEMES = tuple(_SCHEMES)
DEFAULT_SCHEME = "mixed"


def format_for(scheme: str, role: Role, in_size: int) -> Format:
    """The format of a matrix with `in_size` inputs; 8 bits where 4-bit groups don't divide it.

    Raises:
        ValueError: for an unknown scheme, naming those that are known.
    """
    if scheme not in _SCHEMES:
        raise ValueError(f"quant={scheme!r} is not known; known are {', '.join(SCHEMES)}")
    chosen = _SCHEMES[scheme].get(role, Format.Q4)
    return Format.Q8 if chosen is Format.Q4 and in_size % GROUP_SIZE else chosen


def encode(matrix: Matrix, form: Format, *, importance: FloatArray | None = None, threads: int = 0) -> EncodedMatrix:
    """Plans the storage of `matrix`; its elements are read and quantised when the payload's chunks are.

    Args:
        matrix: what is stored.
        form: of the elements.
        importance: float32 ``[in]``, how much an input's error counts in the search for 4-bit scales; None: all alike.
        threads: for quantising; 0: one per core.
    """
    out_size, in_size = matrix.shape
    data_size = out_size * in_size * form.value // 8
    scale_count = {Format.Q4: out_size * in_size // GROUP_SIZE, Format.Q8: out_size, Format.F32: 0}[form]
    scale_offset = aligned(data_size, SCALE_ALIGNMENT)
    size = scale_offset + scale_count * (2 if form is Format.Q4 else 4)

    def chunks() -> Iterator[Chunk]:
        scales: list[NDArray[np.generic]] = []
        for block in matrix.blocks():
            if form is Format.F32:
                yield array_bytes(block)
                continue
            try:
                if form is Format.Q8:
                    codes, block_scales = _native.quantize_q8(block, threads=threads)
                else:
                    codes, block_scales = _native.quantize_q4(
                        block, group=GROUP_SIZE, importance=importance, threads=threads
                    )
            except ValueError as error:
                raise ModelFormatError(f"the tensor {matrix.name} can't be quantised: {error}") from error
            scales.append(block_scales)
            yield array_bytes(codes)
        yield bytes(scale_offset - data_size)
        yield from map(array_bytes, scales)

    return EncodedMatrix(form, matrix.shape, Payload(size, chunks), data_size, scale_offset, scale_count)
