"""The blocks that decoders are built from, as operations on a stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from llmodule.converter.emit.xnnpack import Value
from llmodule.converter.graph.portable.stage import Stage
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.xnnpack import Weight


def scalar(stage: Stage, number: float) -> Value:
    """A constant that broadcasts over everything."""
    return stage.constant(np.array([number], np.float32))


def rms_norm(stage: Stage, value: Value, weight: FloatArray, epsilon: float) -> Value:
    """x / sqrt(mean(x * x) + epsilon) * weight over the last dimension (arXiv:1910.07467).

    XNNPACK has no mean along a dimension that is fast; a linear layer with one output is.
    """
    size = value.dims[-1]
    average = np.full((1, size), 1.0 / size, np.float32)
    mean = stage.multiply_constant(stage.multiply(value, value), average, np.array([epsilon], np.float32))
    return stage.multiply(stage.multiply(value, stage.reciprocal_square_root(mean)), stage.constant(weight))


def rotate(stage: Stage, heads: Value, cosines: Value, sines: Value, size: int) -> Value:
    """Rotates dimensions d and d + size/2 of every head (arXiv:2104.09864).

    Args:
        stage: where.
        heads: ``[1, tokens, heads, head_size]``.
        cosines: ``[1, tokens, 1, head_size]``; 1 where a dimension is not rotated.
        sines: of the same shape; 0 where a dimension is not rotated.
        size: rotated dimensions of a head, from its first on.
    """
    turn = np.zeros((heads.dims[-1], heads.dims[-1]), np.float32)
    half = np.arange(size // 2)
    turn[half, half + size // 2] = -1.0
    turn[half + size // 2, half] = 1.0
    turned = stage.multiply(stage.multiply_constant(heads, turn), sines)
    return stage.add(stage.multiply(heads, cosines), turned)


def softcap(stage: Stage, value: Value, bound: float) -> Value:
    """bound * tanh(x / bound)."""
    return stage.multiply(stage.tanh(stage.multiply(value, scalar(stage, 1.0 / bound))), scalar(stage, bound))


def silu(stage: Stage, value: Value) -> Value:
    """x * sigmoid(x)."""
    return stage.multiply(value, stage.sigmoid(value))


def gelu_tanh(stage: Stage, value: Value) -> Value:
    """0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x**3))), which is x * sigmoid(x * (a + b * x * x))."""
    a = 2.0 * math.sqrt(2.0 / math.pi)
    slope = stage.multiply(stage.multiply(value, value), scalar(stage, 0.044715 * a))
    inner = stage.multiply(value, stage.add(slope, scalar(stage, a)))
    return stage.multiply(value, stage.sigmoid(inner))


ACTIVATIONS: Mapping[str, Callable[[Stage, Value], Value]] = {"silu": silu, "gelu_tanh": gelu_tanh}


def gated_feed_forward(stage: Stage, value: Value, *, gate: Weight, up: Weight, down: Weight, activation: str) -> Value:
    """down(activation(gate(x)) * up(x)) (arXiv:2002.05202)."""
    opened = ACTIVATIONS[activation](stage, stage.linear_layer(value, gate))
    return stage.linear_layer(stage.multiply(opened, stage.linear_layer(value, up)), down)
