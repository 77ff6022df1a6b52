"""Rotary position embedding: from its parameters to tables of cosines and sines.

RoFormer (arXiv:2104.09864); the scalings are those of Llama 3.1, linear interpolation (arXiv:2306.15595), YaRN
(arXiv:2309.00071) and LongRoPE (arXiv:2402.13753), parametrised as in config.json's ``rope_scaling``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from llmodule.converter.source import FloatArray

DoubleArray = NDArray[np.float64]


@dataclass(frozen=True)
class Rope:
    """The rotation of one kind of layer.

    Attributes:
        base: of the geometric series of frequencies (theta).
        size: dimensions of a head that are rotated, an even number; the rest pass through.
        divisors: of the frequencies, ``size / 2`` numbers; empty: all 1.
        magnitude: factor on cosines and sines.
    """

    base: float
    size: int
    divisors: tuple[float, ...] = field(default=(), repr=False)
    magnitude: float = 1.0

    def frequencies(self) -> DoubleArray:
        """Radians per position, one per pair of dimensions."""
        return unscaled_frequencies(self.base, self.size) / (np.array(self.divisors) if self.divisors else 1.0)

    def tables(self, positions: int) -> tuple[FloatArray, FloatArray]:
        """Cosines and sines, each ``[positions, size / 2]``: column d is for the dimensions d and d + size/2."""
        angles = np.arange(positions)[:, None] * self.frequencies()[None, :]
        cosines, sines = ((self.magnitude * table).astype(np.float32) for table in (np.cos(angles), np.sin(angles)))
        return cosines, sines


def unscaled_frequencies(base: float, size: int) -> DoubleArray:
    """base ** (-2i / size) for the pairs i."""
    result: DoubleArray = base ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    return result


def llama3_divisors(
    base: float, size: int, *, factor: float, low: float, high: float, trained: float
) -> tuple[float, ...]:
    """Llama 3.1: long waves are slowed by `factor`, short ones left, those between blended.

    Args:
        base: of the frequencies.
        size: rotated dimensions.
        factor: by which long waves are slowed.
        low: waves longer than trained / low are slowed fully.
        high: waves shorter than trained / high are left alone.
        trained: positions that the model was trained on before the scaling.
    """
    turns = trained * unscaled_frequencies(base, size) / (2 * math.pi)
    blend = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return tuple((1.0 / ((1.0 - blend) / factor + blend)).tolist())


def yarn_divisors(
    base: float, size: int, *, factor: float, fast: float, slow: float, trained: float
) -> tuple[float, ...]:
    """YaRN: like llama3_divisors(), with the blend linear in the pair's index between the pairs that turn `fast`
    and `slow` times within the trained positions."""

    def pair(turns: float) -> float:
        return size * math.log(trained / (turns * 2 * math.pi)) / (2 * math.log(base))

    first, last = max(math.floor(pair(fast)), 0), min(math.ceil(pair(slow)), size - 1)
    ramp = np.clip((np.arange(size // 2) - first) / max(last - first, 0.001), 0.0, 1.0)
    return tuple((1.0 / (ramp / factor + (1.0 - ramp))).tolist())


def yarn_magnitude(factor: float) -> float:
    """YaRN's attention temperature, as a factor on cosines and sines."""
    return 0.1 * math.log(factor) + 1.0 if factor > 1.0 else 1.0


def longrope_magnitude(factor: float, trained: float) -> float:
    """LongRoPE's factor on cosines and sines, for a context `factor` times the trained one."""
    return math.sqrt(1.0 + math.log(factor) / math.log(trained)) if factor > 1.0 else 1.0
