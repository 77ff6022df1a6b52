"""Sizes of tensors, of which some are known only when the model runs."""

from __future__ import annotations

Dims = tuple[int, ...]


class Bound(int):
    """A size that is at most this when the model runs."""


def broadcast(left: Dims, right: Dims) -> Dims:
    """The shape of an elementwise result by numpy's rules; a bounded size stays one.

    Raises:
        ValueError: where the shapes don't fit.
    """
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    result = []
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise ValueError(f"shapes {left} and {right} don't broadcast")
        result.append(b if a == 1 and not isinstance(a, Bound) else a)
    return tuple(result)
