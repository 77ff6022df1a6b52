"""The native quantisers as Python sees them: shapes, packing, errors, and less error than plain scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llmodule import _native

Floats = NDArray[np.float32]
WEIGHTS = np.random.default_rng(0).standard_normal((48, 128)).astype(np.float32)


def bfloat16(bits: NDArray[np.uint16]) -> Floats:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def decode_q4(codes: NDArray[np.uint8], scales: NDArray[np.uint16], offsets: Floats, group: int = 32) -> Floats:
    values = np.stack([codes & 15, codes >> 4], axis=-1).reshape(len(codes), -1).astype(np.float32) - 8
    return values * np.repeat(bfloat16(scales), group, axis=1) + np.repeat(offsets, group, axis=1)


def error(values: Floats, weights: Floats = WEIGHTS) -> float:
    return float(np.square(values.astype(np.float64) - weights).sum())


@pytest.mark.parametrize("group", [32, 64, 128])
def test_q4_packs_the_even_input_low(group: int) -> None:
    codes, scales, offsets = _native.quantize_q4(WEIGHTS, group=group)
    assert (codes.dtype, codes.shape) == (np.uint8, (48, 64))
    assert (scales.dtype, scales.shape) == (np.uint16, (48, 128 // group))
    assert (offsets.dtype, offsets.shape) == (np.float32, scales.shape)
    assert (bfloat16(scales) > 0).all()
    groups = WEIGHTS.reshape(-1, group)
    plain = np.abs(groups).max(axis=1, keepdims=True) / 7
    assert error(decode_q4(codes, scales, offsets, group)) < 0.9 * error(
        (np.rint(groups / plain) * plain).reshape(48, 128)
    )


def test_q4_keeps_what_q4_1_holds() -> None:
    gguf = pytest.importorskip("gguf")
    kind = gguf.GGMLQuantizationType.Q4_1
    source = gguf.quants.dequantize(gguf.quants.quantize(WEIGHTS + 0.3, kind), kind)
    assert error(decode_q4(*_native.quantize_q4(source)), source) < 1e-4 * error(np.zeros_like(source), source)


def test_q8_takes_rows_or_groups() -> None:
    for group, count in ((None, 1), (128, 1), (32, 4), (16, 8)):
        codes, scales = _native.quantize_q8(WEIGHTS, group=group)
        assert (codes.dtype, codes.shape) == (np.int8, (48, 128))
        assert (scales.dtype, scales.shape) == (np.float32, (48, count))
        values = codes * np.repeat(scales, 128 // count, axis=1)
        assert np.abs(values - WEIGHTS).max() <= np.abs(WEIGHTS).max() / 127


def test_q8_groups_keep_what_q8_0_holds() -> None:
    gguf = pytest.importorskip("gguf")
    kind = gguf.GGMLQuantizationType.Q8_0
    source = gguf.quants.dequantize(gguf.quants.quantize(WEIGHTS, kind), kind)
    codes, scales = _native.quantize_q8(source, group=32)
    np.testing.assert_allclose(codes * np.repeat(scales, 32, axis=1), source, rtol=1e-6)


@pytest.mark.parametrize("quantize", [_native.quantize_q4, _native.quantize_q8])
def test_importance_and_threads(quantize: Any) -> None:
    importance = np.ones(128, np.float32)
    importance[:8] = 1e4
    one, many = (quantize(WEIGHTS, importance=importance, threads=threads) for threads in (1, 3))
    assert all(np.array_equal(a, b) for a, b in zip(one, many, strict=True))
    assert not np.array_equal(one[1], quantize(WEIGHTS)[1])


@pytest.mark.parametrize("quantize", [_native.quantize_q4, _native.quantize_q8])
@pytest.mark.parametrize(
    ("weights", "options", "error_type"),
    [
        (WEIGHTS.astype(np.float64), {}, TypeError),
        (WEIGHTS[:, ::2], {}, TypeError),
        (np.asfortranarray(WEIGHTS), {}, TypeError),
        (WEIGHTS[0], {}, ValueError),
        (WEIGHTS[:0], {}, ValueError),
        (np.full((2, 32), np.nan, np.float32), {}, ValueError),
        (WEIGHTS, {"group": 0}, ValueError),
        (WEIGHTS, {"group": 96}, ValueError),
        (WEIGHTS, {"group": 1 << 63}, ValueError),
        (WEIGHTS, {"group": -32}, TypeError),
        (WEIGHTS, {"threads": -1}, ValueError),
        (WEIGHTS, {"importance": np.ones(127, np.float32)}, ValueError),
        (WEIGHTS, {"importance": np.ones(0, np.float32)}, ValueError),
        (WEIGHTS, {"importance": -np.ones(128, np.float32)}, ValueError),
    ],
)
def test_wrong_arguments(quantize: Any, weights: Any, options: dict[str, Any], error_type: type[Exception]) -> None:
    with pytest.raises(error_type):
        quantize(weights, **options)
