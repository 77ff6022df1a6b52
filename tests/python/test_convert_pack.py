"""Blocks and panels as Python sees them, against the gguf package and the layout written down in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llmodule import _native
from llmodule.converter.weights.matrix import interleaved, stacked, stored
from llmodule.converter.weights.packed import pack
from llmodule.converter.weights.scheme import Storage

gguf = pytest.importorskip("gguf")

Floats = NDArray[np.float32]
ROWS, COLUMNS = 37, 128
WEIGHTS = np.random.default_rng(0).standard_normal((ROWS, COLUMNS)).astype(np.float32)
Kind = gguf.GGMLQuantizationType


def unpacked(panels: NDArray[np.uint8], form: int) -> Floats:
    """The matrix that panels hold, its rows padded to a multiple of 16."""
    if form == 32:
        plain: Floats = panels.view(np.float32).reshape(len(panels), COLUMNS, 16).transpose(0, 2, 1)
        return plain.reshape(-1, COLUMNS)
    groups, bits = COLUMNS // 32, 8 if form == 8 else 4
    code_bytes = groups * 16 * 32 * bits // 8
    codes = panels[:, :code_bytes].reshape(len(panels), groups, bits, 16, 4)  # [panel, group, run, output, column]
    halves = panels[:, code_bytes : code_bytes + groups * (64 if form == 4 else 32)].view(np.float16)
    halves = halves.astype(np.float32).reshape(len(panels), -1, groups, 16).swapaxes(2, 3)[..., None]
    if bits == 4:
        codes = np.concatenate((codes & 15, codes >> 4), axis=2)
    values = codes.transpose(0, 3, 1, 2, 4).reshape(len(panels), 16, groups, 32).astype(np.float32)
    offsets = halves[:, 1] if form == 4 else {8: -128, 40: -8}[form] * halves[:, 0]
    values = values * halves[:, 0] + offsets
    return values.reshape(-1, COLUMNS)


def padded(values: Floats) -> Floats:
    return np.pad(values, ((0, -len(values) % 16), (0, 0)))


@pytest.mark.parametrize(("form", "kind"), [(4, Kind.Q4_1), (8, Kind.Q8_0), (40, Kind.Q4_0)])
def test_panels_hold_the_blocks_of_the_gguf_package(form: int, kind: Any) -> None:
    blocks = gguf.quants.quantize(WEIGHTS, kind)
    panels = _native.pack(blocks, format=form, columns=COLUMNS)
    assert panels.shape == (3, 16 * blocks.shape[1])
    np.testing.assert_array_equal(unpacked(panels, form), padded(gguf.quants.dequantize(blocks, kind)))
    np.testing.assert_array_equal(panels, _native.pack(blocks, format=form, columns=COLUMNS, threads=3))


def test_panels_of_float32() -> None:
    panels = _native.pack(WEIGHTS, format=32, columns=COLUMNS)
    np.testing.assert_array_equal(unpacked(panels, 32), padded(WEIGHTS))


@pytest.mark.parametrize("kind", [Kind.Q4_0, Kind.Q4_1])
def test_recoding_loses_nothing(kind: Any) -> None:
    blocks = gguf.quants.quantize(WEIGHTS, kind)
    recoded = _native.recode_q4(kind.value, blocks.ravel()).reshape(ROWS, -1)
    np.testing.assert_array_equal(gguf.quants.dequantize(recoded, Kind.Q4_1), gguf.quants.dequantize(blocks, kind))


def test_quantised_blocks_are_better_than_those_of_the_gguf_package() -> None:
    for quantize, kind in ((_native.quantize_q4_1, Kind.Q4_1), (_native.quantize_q8_0, Kind.Q8_0)):
        ours = gguf.quants.dequantize(quantize(WEIGHTS), kind)
        theirs = gguf.quants.dequantize(gguf.quants.quantize(WEIGHTS, kind), kind)
        assert np.square(ours - WEIGHTS).sum() < 0.99 * np.square(theirs - WEIGHTS).sum()


def test_importance_moves_the_error() -> None:
    importance = np.ones(COLUMNS, np.float32)
    importance[:8] = 1e4
    plain, weighted = (
        gguf.quants.dequantize(_native.quantize_q4_1(WEIGHTS, importance=factors), Kind.Q4_1)
        for factors in (None, importance)
    )
    assert np.square((weighted - WEIGHTS)[:, :8]).sum() < 0.7 * np.square((plain - WEIGHTS)[:, :8]).sum()


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (WEIGHTS, {"format": 5, "columns": COLUMNS}, "packed format 5 is unknown"),
        (WEIGHTS, {"format": 32, "columns": COLUMNS + 1}, "do not make 37 rows of 516"),
        (WEIGHTS, {"format": 4, "columns": 33}, "33 columns can't be packed in groups of 32"),
        (WEIGHTS[:0], {"format": 32, "columns": COLUMNS}, "do not make 0 rows"),
        (WEIGHTS[:, ::2], {"format": 32, "columns": COLUMNS // 2}, "contiguous"),
        (WEIGHTS[0], {"format": 32, "columns": COLUMNS}, "two dimensions"),
        (np.full((16, 20), 0x7C, np.uint8), {"format": 4, "columns": 32}, "infinite or NaN"),
        (WEIGHTS, {"format": 32, "columns": COLUMNS, "threads": -1}, "threads"),
    ],
)
def test_what_cannot_be_packed(rows: Any, options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _native.pack(rows, **options)


class Blocks:
    """A source of two matrices of WEIGHTS in blocks of two types."""

    def shape(self, name: str) -> tuple[int, ...]:
        return WEIGHTS.shape

    def bits(self, name: str) -> float:
        return {"Q4_0": 4.5, "Q4_1": 5.0}[name]

    def kind(self, name: str) -> str:
        return name

    def load_blocks(self, name: str, kind: str, rows: tuple[int, int]) -> NDArray[np.uint8]:
        blocks: NDArray[np.uint8] = gguf.quants.quantize(WEIGHTS[slice(*rows)], Kind[name])
        if name == kind:
            return blocks
        assert (name, kind) == ("Q4_0", "Q4_1")
        return _native.recode_q4(Kind[name].value, blocks.ravel()).reshape(len(blocks), -1)


def test_offsets_take_no_room_where_the_source_has_none() -> None:
    source: Any = Blocks()
    centred, shifted = stored(source, "Q4_0"), stored(source, "Q4_1")
    for matrix, form, parts in (
        (centred, 40, ["Q4_0"]),
        (stacked([centred, centred]).rows(0, ROWS), 40, ["Q4_0"]),
        (interleaved([centred, centred], 16).rows(0, 32), 40, None),
        (stacked([centred, shifted]), 4, ["Q4_0", "Q4_1"]),
        (shifted, 4, ["Q4_1"]),
    ):
        packed = pack(matrix, Storage.Q4)
        assert packed.format == form
        content = b"".join(bytes(chunk) for chunk in packed.payload.chunks())
        assert len(content) == packed.payload.size
        if parts is not None:
            wanted = [gguf.quants.dequantize(gguf.quants.quantize(WEIGHTS, Kind[name]), Kind[name]) for name in parts]
            panels = np.frombuffer(content, np.uint8).reshape(-(-matrix.shape[0] // 16), -1)
            np.testing.assert_array_equal(unpacked(panels, form), padded(np.concatenate(wanted)))
    assert stored(source, "Q4_0", factor=2.0).is_q4_0 is False
