"""GGUF blocks become the numbers that the gguf package computes, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from llmodule import _native

gguf = pytest.importorskip("gguf")
TYPES = _native.ggml_types()


@pytest.mark.parametrize("type_id", TYPES)
def test_equals_the_gguf_package_bit_for_bit(type_id: int) -> None:
    _, _, block_bytes = TYPES[type_id]
    kind = gguf.GGMLQuantizationType(type_id)
    blocks = np.random.default_rng(type_id).integers(0, 256, (4000, block_bytes), dtype=np.uint8)
    stored = blocks.view({"F32": "<f4", "F16": "<f2"}.get(kind.name, "u1"))
    with np.errstate(all="ignore"):
        expected = np.asarray(gguf.quants.dequantize(stored, kind), dtype=np.float32).ravel()
        expected = stored.astype(np.float32).ravel() if kind.name == "F16" else expected
    values = _native.dequantize(type_id, blocks.tobytes())
    # Random scales include NaN, whose bits no format fixes.
    numbers = ~np.isnan(expected)
    assert numbers.sum() > expected.size / 2
    assert np.array_equal(np.isnan(values), ~numbers)
    assert np.array_equal(values[numbers].view(np.uint32), expected[numbers].view(np.uint32))


@pytest.mark.parametrize("type_id", TYPES)
def test_block_sizes_are_those_of_the_gguf_package(type_id: int) -> None:
    name, *sizes = TYPES[type_id]
    assert gguf.GGMLQuantizationType(type_id).name == name
    assert gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(type_id)] == tuple(sizes)


def test_reads_any_contiguous_bytes_and_shares_none() -> None:
    data = bytearray(np.arange(6, dtype="<f4").tobytes())
    values = _native.dequantize(0, memoryview(data)[4:20], threads=2)
    data[:] = bytes(len(data))
    assert values.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "blocks", [bytes(17), np.zeros((2, 18), np.uint8), memoryview(bytes(36))[::2], np.zeros(18, np.int16)]
)
def test_refuses_other_buffers(blocks: object) -> None:
    with pytest.raises((ValueError, BufferError)):
        _native.dequantize(2, blocks)  # type: ignore[arg-type]


def test_refuses_an_unknown_type() -> None:
    with pytest.raises(ValueError, match="ggml type 4 "):
        _native.dequantize(4, b"")
