"""Sliding windows: which layers have one, and how long it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters
from llmodule.errors import ModelFormatError


def read_window(fields: Fields) -> int | None:
    """The length of the window, if the description names one."""
    return fields.optional_integer("attention.sliding_window", "sliding_window")


def sliding_layers(fields: Fields, count: int, default: Callable[[int], bool]) -> tuple[bool, ...]:
    """Which of `count` layers have a window: config.json's ``layer_types``, or else what `default` says by index."""
    kinds = fields.value(None, "layer_types", None)
    if kinds is None:
        return tuple(map(default, range(count)))
    if not isinstance(kinds, list) or len(kinds) != count:
        raise ModelFormatError(f"'layer_types' must be a list of {count} names, one per layer")
    if unknown := set(kinds) - {"full_attention", "sliding_attention"}:
        raise ModelFormatError(f"'layer_types' names {sorted(map(str, unknown))[0]!r}, which is not known")
    return tuple(kind == "sliding_attention" for kind in kinds)


def with_windows(base: Hyperparameters, fields: Fields, default: Callable[[int], bool]) -> Hyperparameters:
    """`base` with the window in the layers that have one."""
    window = read_window(fields)
    sliding = sliding_layers(fields, len(base.layers), default)
    layers = (
        replace(layer, window=window if slides else None) for layer, slides in zip(base.layers, sliding, strict=True)
    )
    return replace(base, layers=tuple(layers))
