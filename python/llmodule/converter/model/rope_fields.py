"""Reads the parameters of a rotary embedding from a model's description."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmodule.converter.model import rope
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.rope import Rope
from llmodule.converter.source import TensorSource
from llmodule.errors import ModelFormatError

_LARGEST_HEAD = 4096


def read_rope(fields: Fields, source: TensorSource, *, head_size: int, context_length: int) -> Rope:
    """The rotation that the description gives for layers of full attention.

    Args:
        fields: the description.
        source: its tensors; GGUF keeps frequency divisors in one.
        head_size: dimensions of a head.
        context_length: positions that will be used; LongRoPE has one set of divisors for short contexts and one for
            long ones.

    Raises:
        ModelFormatError: for a kind of scaling that is not known.
    """
    read = _from_gguf if fields.layout == "gguf" else _from_config
    result = read(fields, source, head_size, context_length)
    if result.size % 2 or result.size > head_size or head_size > _LARGEST_HEAD:
        raise ModelFormatError(f"{result.size} rotated dimensions in a head of {head_size}: not an even part of it")
    return result


def _from_gguf(fields: Fields, source: TensorSource, head_size: int, context_length: int) -> Rope:
    base = fields.number("rope.freq_base", None, 10000.0)
    size = fields.integer("rope.dimension_count", None, head_size)
    trained = fields.integer("context_length", None)
    kind = fields.value("rope.scaling.type", None, "none")
    factor = fields.number("rope.scaling.factor", None, 1.0)
    original = fields.integer("rope.scaling.original_context_length", None, trained)
    names = source.names()
    if "rope_factors_short.weight" in names:
        name = "rope_factors_long.weight" if context_length > original else "rope_factors_short.weight"
        magnitude = fields.number(
            "rope.scaling.attn_factor", None, rope.longrope_magnitude(trained / original, original)
        )
        return Rope(base, size, _divisors(source.load(name).tolist(), size, name), magnitude)
    if "rope_freqs.weight" in names:
        return Rope(base, size, _divisors(source.load("rope_freqs.weight").tolist(), size, "rope_freqs.weight"))
    if kind == "none" or factor == 1.0:
        return Rope(base, size)
    if kind == "linear":
        return Rope(base, size, (factor,) * (size // 2))
    if kind == "yarn":
        return _yarn(base, size, {"factor": factor}, original)
    raise ModelFormatError(f"rope.scaling.type {kind!r} is not known; known are none, linear and yarn")


def _from_config(fields: Fields, source: TensorSource, head_size: int, context_length: int) -> Rope:
    # transformers 5 moved everything into rope_parameters, there by kind of layer where the kinds differ.
    scaling = fields.mapping("rope_parameters") or fields.mapping("rope_scaling")
    scaling = scaling.get("full_attention", scaling)
    merged = Fields(fields.layout, fields.architecture, {**fields.metadata, **scaling})
    base = merged.number(None, "rope_theta", 10000.0)
    size = int(head_size * merged.number(None, "partial_rotary_factor", 1.0))
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    trained = merged.integer(None, "max_position_embeddings")
    original = merged.integer(None, "original_max_position_embeddings", trained)
    if kind in ("longrope", "su"):
        name = "long_factor" if context_length > original else "short_factor"
        factor = merged.number(None, "factor", trained / original)
        magnitude = merged.number(None, "attention_factor", rope.longrope_magnitude(factor, original))
        return Rope(base, size, _divisors(scaling.get(name), size, name), magnitude)
    if kind not in _SCALINGS:
        raise ModelFormatError(
            f"rope_scaling of type {kind!r} is not known; known are {', '.join(_SCALINGS)}, longrope"
        )
    return _SCALINGS[kind](base, size, scaling, original)


def _unscaled(base: float, size: int, scaling: Mapping[str, Any], original: int) -> Rope:
    return Rope(base, size)


def _linear(base: float, size: int, scaling: Mapping[str, Any], original: int) -> Rope:
    return Rope(base, size, (_parameter(scaling, "factor"),) * (size // 2))


def _llama3(base: float, size: int, scaling: Mapping[str, Any], original: int) -> Rope:
    factor, low, high = (_parameter(scaling, key) for key in ("factor", "low_freq_factor", "high_freq_factor"))
    return Rope(base, size, rope.llama3_divisors(base, size, factor=factor, low=low, high=high, trained=original))


def _yarn(base: float, size: int, scaling: Mapping[str, Any], original: int) -> Rope:
    factor = _parameter(scaling, "factor")
    divisors = rope.yarn_divisors(
        base,
        size,
        factor=factor,
        fast=_parameter(scaling, "beta_fast", 32.0),
        slow=_parameter(scaling, "beta_slow", 1.0),
        trained=original,
    )
    return Rope(base, size, divisors, _parameter(scaling, "attention_factor", rope.yarn_magnitude(factor)))


_SCALINGS: Mapping[str, Callable[[float, int, Mapping[str, Any], int], Rope]] = {
    "default": _unscaled,
    "linear": _linear,
    "llama3": _llama3,
    "yarn": _yarn,
}


def _parameter(scaling: Mapping[str, Any], key: str, *default: float) -> float:
    return Fields("huggingface", "rope_scaling", scaling).number(None, key, *default)


def _divisors(found: Sequence[float] | None, size: int, name: str) -> tuple[float, ...]:
    if not isinstance(found, list) or len(found) != size // 2:
        raise ModelFormatError(f"{name!r} must hold {size // 2} numbers, half the rotated dimensions")
    if not all(isinstance(item, (int, float)) and math.isfinite(item) and item > 0 for item in found):
        raise ModelFormatError(f"{name!r} holds numbers that are not positive")
    return tuple(float(item) for item in found)
