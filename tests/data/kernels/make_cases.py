"""Writes cases.json and cases.bin: calls of every llama:: operator and what they must give, computed by numpy.

    python make_cases.py

cases.json lists the calls: the operator, its arguments in order and the expected tensors by argument index. A tensor is
its dtype, shape and byte offset in cases.bin (little-endian, C order; outputs are zeros and have no offset); expected
tensors are float64 results stored as float32, with the largest absolute error allowed. The formulas are those of
csrc/kernels/operators.h; nothing here shares code with the kernels.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
HERE = Path(__file__).parent
RNG = np.random.default_rng(20)
TOLERANCE = {"float32": 5e-6, "float16": 1e-3, "bfloat16": 8e-3}


class Writer:
    """Collects the calls and the bytes of their tensors."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.data = bytearray()

    def tensor(self, values: Array, *, dtype: str) -> dict[str, Any]:
        if dtype == "bfloat16":
            stored = (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)
        else:
            stored = np.asarray(values, dtype)
        self.data.extend(b"\0" * (-len(self.data) % 8))
        spec = {"dtype": dtype, "shape": list(values.shape), "offset": len(self.data)}
        self.data.extend(stored.tobytes())
        return spec

    @staticmethod
    def output(like: Array, *, dtype: str) -> dict[str, Any]:
        return {"tensor": {"dtype": dtype, "shape": list(like.shape)}}

    def call(self, op: str, arguments: list[Any], expected: dict[int, tuple[Array, float]], *, name: str) -> None:
        self.calls.append(
            {
                "name": name,
                "op": op,
                "arguments": arguments,
                "expected": [
                    {"argument": index, "tolerance": tolerance} | self.tensor(values, dtype="float32")
                    for index, (values, tolerance) in expected.items()
                ],
            }
        )

    def save(self) -> None:
        calls = ",\n".join(json.dumps(call) for call in self.calls)
        (HERE / "cases.json").write_text(f"[\n{calls}\n]\n")
        (HERE / "cases.bin").write_bytes(self.data)


def random(*shape: int, dtype: str = "float32") -> Array:
    """Standard normal numbers that `dtype` can represent, as float64."""
    values = RNG.standard_normal(shape).astype(np.float32)
    if dtype == "bfloat16":
        values = (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    elif dtype != "float32":
        values = values.astype(dtype)
    return values.astype(np.float64)


def attention(
    q: Array, k: Array, v: Array, *, start_pos: int, causal: bool, mask: Array | None = None, scale: float | None = None
) -> Array:
    """q [B, S, H, D], k and v [B, maxS, Hkv, D], float64."""
    queries, heads, depth = q.shape[1:]
    group = heads // k.shape[2]
    keys = k.shape[1] if mask is not None else start_pos + queries
    k, v = (np.repeat(t[:, :keys], group, axis=2) for t in (k, v))
    scores = np.einsum("bshd,bkhd->bhsk", q, k) * (depth**-0.5 if scale is None else scale)
    if mask is not None:
        scores = scores + mask
    elif causal:
        future = np.arange(keys) > start_pos + np.arange(queries)[:, None]
        scores = np.where(future, -np.inf, scores)
    peak = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isinf(peak), 0, peak))
    total = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    result: Array = np.einsum("bhsk,bkhd->bshd", weights, v)
    return result


def custom_sdpa(writer: Writer) -> None:
    # (name, dtype, batch, queries, heads, kv heads, depth, capacity, start_pos, causal, masked, scale)
    for name, dtype, b, s, h, g, d, capacity, start, causal, masked, scale in (
        ("decode", "float32", 1, 1, 9, 3, 64, 30, 25, True, False, None),
        ("decode over two blocks", "float32", 1, 1, 3, 1, 16, 80, 76, True, False, None),
        ("prefill", "float32", 1, 20, 4, 2, 16, 24, 0, True, False, None),
        ("prefill behind a prefix", "float32", 2, 7, 4, 2, 12, 40, 30, True, False, 0.2),
        ("not causal", "float32", 1, 6, 2, 2, 8, 20, 9, False, False, None),
        ("mask", "float32", 1, 5, 4, 2, 8, 33, 3, False, True, None),
        ("odd depth", "float32", 1, 3, 5, 1, 7, 12, 8, True, False, 1.5),
        ("half", "float16", 1, 4, 4, 2, 24, 24, 19, True, False, None),
        ("half, mask", "float16", 1, 2, 2, 1, 16, 20, 0, False, True, None),
        ("bfloat16", "bfloat16", 1, 4, 4, 2, 24, 24, 19, True, False, None),
    ):
        q = random(b, s, h, d, dtype=dtype)
        k, v = (random(b, capacity, g, d, dtype=dtype) for _ in range(2))
        mask = None
        if masked:
            mask = np.where(RNG.random((s, capacity)) < 0.4, -np.inf, random(s, capacity))
            mask[-1] = -np.inf  # a query that sees nothing
        arguments = [
            {"tensor": writer.tensor(q, dtype=dtype)},
            {"tensor": writer.tensor(k, dtype=dtype)},
            {"tensor": writer.tensor(v, dtype=dtype)},
            {"int": start},
            None if mask is None else {"tensor": writer.tensor(mask, dtype="float32")},
            {"double": 0.0},
            {"bool": causal},
            None if scale is None else {"double": scale},
            writer.output(q, dtype=dtype),
        ]
        out = attention(q, k, v, start_pos=start, causal=causal, mask=mask, scale=scale)
        writer.call("custom_sdpa", arguments, {8: (out, TOLERANCE[dtype])}, name=name)


def sdpa_with_kv_cache(writer: Writer) -> None:
    for start, s in ((0, 5), (11, 1), (4, 8)):
        q = random(2, s, 4, 8)
        k, v = (random(2, s, 2, 8) for _ in range(2))
        k_cache, v_cache = (random(2, 12, 2, 8) for _ in range(2))
        arguments: list[Any] = [{"tensor": writer.tensor(t, dtype="float32")} for t in (q, k, v, k_cache, v_cache)]
        arguments += [{"int": start}, {"int": s}, None, {"double": 0.0}, {"bool": True}, None]
        arguments.append(writer.output(q, dtype="float32"))
        k_cache[:, start : start + s] = k
        v_cache[:, start : start + s] = v
        out = attention(q, k_cache, v_cache, start_pos=start, causal=True)
        expected = {3: (k_cache, 0.0), 4: (v_cache, 0.0), 11: (out, TOLERANCE["float32"])}
        writer.call("sdpa_with_kv_cache", arguments, expected, name=f"{s} positions at {start}")


def custom_quantized_sdpa(writer: Writer) -> None:
    for seq_at_dim_2 in (False, True):
        for out_dtype, s, masked in (("float32", 1, False), ("float32", 18, False), ("float16", 3, True)):
            rows = [(2, s, 4), (2, 24, 2), (2, 24, 2)]  # batch, positions, heads
            values, parameters = [], []
            for shape in rows:
                stored = RNG.integers(-128, 128, (*shape, 20))
                zero_points = RNG.integers(-100, 100, (*shape, 1))
                scales = RNG.uniform(0.002, 0.02, (*shape, 1)).astype(np.float32)
                values.append((stored, zero_points, scales))
                parameters.append((stored - zero_points) * scales.astype(np.float64))
            start = 24 - s
            mask = np.where(RNG.random((s, 24)) < 0.5, -np.inf, 0.0) if masked else None
            out = attention(*parameters, start_pos=start, causal=not masked, mask=mask)

            def layout(t: Array, *, swap: bool = seq_at_dim_2) -> Array:
                return np.swapaxes(t, 1, 2) if swap else t

            arguments: list[Any] = [{"tensor": writer.tensor(layout(v[0]), dtype="int8")} for v in values]
            arguments += [
                {"int": start},
                None if mask is None else {"tensor": writer.tensor(mask, dtype="float32")},
                {"double": 0.0},
                {"bool": not masked},
                None,
            ]
            for _, zero_points, scales in values:
                arguments.append({"tensor": writer.tensor(layout(zero_points), dtype="int8")})
                arguments.append({"tensor": writer.tensor(layout(scales), dtype="float32")})
            arguments.append({"bool": seq_at_dim_2})
            arguments.append(writer.output(layout(out), dtype=out_dtype))
            name = f"{s} queries, sequence at dim {2 if seq_at_dim_2 else 1}, {out_dtype}"
            writer.call("custom_quantized_sdpa", arguments, {15: (layout(out), TOLERANCE[out_dtype])}, name=name)


def update_cache(writer: Writer) -> None:
    for dtype in ("float32", "int8", "float16"):
        value = RNG.integers(-100, 100, (2, 3, 2, 5)).astype(np.float64)
        cache = RNG.integers(-100, 100, (2, 9, 2, 5)).astype(np.float64)
        placeholder = writer.output(np.zeros(1), dtype=dtype)
        tensors: list[Any] = [{"tensor": writer.tensor(t, dtype=dtype)} for t in (value, cache)]
        after = cache.copy()
        after[:, 4:7] = value
        writer.call("update_cache", [*tensors, {"int": 4}, placeholder], {1: (after, 0.0)}, name=dtype)

        indices = np.stack([RNG.permutation(9)[:3] for _ in range(2)])
        after = cache.copy()
        for b in range(2):
            after[b, indices[b]] = value[b]
        spec = {"tensor": writer.tensor(indices, dtype="int64")}
        writer.call(
            "update_cache_with_indices", [*tensors, {"int": 0}, spec, placeholder], {1: (after, 0.0)}, name=dtype
        )


def hadamard(order: int) -> Array:
    """The Sylvester matrix / sqrt(order), or the Kronecker product of the order-28 Williamson matrix with it."""
    if order % 28 == 0:
        a, b, c, d = (
            np.stack([np.roll([1.0 if sign == "+" else -1.0 for sign in row], i) for i in range(7)])
            for row in ("+------", "++----+", "+-+--+-", "+--++--")
        )
        williamson = np.block([[a, b, c, d], [-b, a, -d, c], [-c, d, a, -b], [-d, -c, b, a]])
        return np.kron(williamson, hadamard(order // 28))
    matrix = np.ones((1, 1))
    while len(matrix) < order:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    result: Array = matrix / np.sqrt(order)
    return result


def fast_hadamard_transform(writer: Writer) -> None:
    for length, dtype in (
        (1, "float32"),
        (8, "float32"),
        (64, "float32"),
        (28, "float32"),
        (224, "float32"),
        (64, "float16"),
    ):
        x = random(2, 3, length, dtype=dtype)
        arguments = [{"tensor": writer.tensor(x, dtype=dtype)}, writer.output(x, dtype=dtype)]
        tolerance = 2e-5 if dtype == "float32" else 4e-3
        writer.call(
            "fast_hadamard_transform", arguments, {1: (x @ hadamard(length).T, tolerance)}, name=f"{length} {dtype}"
        )


def fallback(writer: Writer) -> None:
    for dtype in ("float32", "int64"):
        x = RNG.integers(-1000, 1000, (3, 5)).astype(np.float64)
        arguments = [{"tensor": writer.tensor(x, dtype=dtype)}, writer.output(x, dtype=dtype)]
        writer.call("fallback", arguments, {1: (x, 0.0)}, name=dtype)


if __name__ == "__main__":
    cases = Writer()
    for write in (
        custom_sdpa,
        sdpa_with_kv_cache,
        custom_quantized_sdpa,
        update_cache,
        fast_hadamard_transform,
        fallback,
    ):
        write(cases)
    cases.save()
