"""Weights in the panels that llmodule's own operators read (csrc/quantize/pack.h)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmodule import _native
from llmodule.converter.emit.blob import Chunk, Payload, aligned, array_bytes
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.matrix import Coder, Matrix, Rows, StoredRows
from llmodule.converter.weights.scheme import Storage
from llmodule.errors import ModelFormatError

PANEL_ROWS = 16
_GROUP = 32
_PANEL_ALIGNMENT = 64
_CENTRED = 40
_BLOCK_BYTES = {4: 20, _CENTRED: 18, 8: 34}  # by format: of Q4_1, Q4_0 and Q8_0, which hold a group


@dataclass(frozen=True)
class PackedMatrix:
    """A matrix as it will be stored.

    Attributes:
        format: the number by which the operators know it.
        rows: outputs, without those that fill the last panel.
        payload: the panels.
    """

    format: int
    rows: int
    payload: Payload


def packable(storage: Storage, columns: int) -> Storage:
    """`storage`, or float32 where its groups don't divide the columns."""
    return Storage.F32 if columns % _GROUP else storage


def pack(matrix: Matrix, storage: Storage, *, importance: FloatArray | None = None, threads: int = 0) -> PackedMatrix:
    """Plans the storage of `matrix`; it is read, quantised and packed when the payload's chunks are.

    Args:
        matrix: what is stored; rows that are quantised in the same groups already keep their codes.
        storage: how; with groups only what is `packable`.
        importance: float32 ``[in]``, how much an input's error counts in the search for 4-bit scales; None: all alike.
        threads: for quantising; 0: one per core.
    """
    rows, columns = matrix.shape
    # What has no offsets needs no room for them.
    form = _CENTRED if storage is Storage.Q4 and matrix.is_q4_0 else storage.value
    row_size = columns * 4 if storage is Storage.F32 else columns // _GROUP * _BLOCK_BYTES[form]
    coder = _centred if form == _CENTRED else _coder(storage, importance, threads)

    def chunks() -> Iterator[Chunk]:
        for block in matrix.blocks(coder):
            try:
                panels = _native.pack(block, format=form, columns=columns, threads=threads)
            except ValueError as error:
                raise ModelFormatError(f"the tensor {matrix.name} can't be packed: {error}") from error
            yield array_bytes(panels)

    size = -(-rows // PANEL_ROWS) * aligned(row_size * PANEL_ROWS, _PANEL_ALIGNMENT)
    return PackedMatrix(form, rows, Payload(size, chunks))


def _centred(stored: StoredRows) -> Rows:
    blocks = stored.blocks("Q4_0")
    assert blocks is not None
    return blocks


def _coder(storage: Storage, importance: FloatArray | None, threads: int) -> Coder:
    if storage is Storage.F32:
        return StoredRows.floats

    def code(stored: StoredRows) -> Rows:
        found = stored.blocks("Q4_1" if storage is Storage.Q4 else "Q8_0")
        if found is not None:
            return found
        try:
            if storage is Storage.Q4:
                return _native.quantize_q4_1(stored.floats(), importance=importance, threads=threads)
            return _native.quantize_q8_0(stored.floats(), threads=threads)
        except ValueError as error:
            raise ModelFormatError(f"the tensor {stored.name} can't be quantised: {error}") from error

    return code
