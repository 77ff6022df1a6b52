"""Which scheme stores which weight in how many bits."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a matrix does in the model."""

    EMBEDDING = "embedding"
    QKV = "query, key and value"
    ATTENTION_OUTPUT = "attention output"
    GATE_UP = "gate and up"
    DOWN = "down"
    HEAD = "head"


class Storage(Enum):
    """How a weight is stored; the value is the number of bits."""

    Q4 = 4
    """In groups of 32 with a scale and mostly an offset each: 4-bit GGUF types lose next to nothing."""
    Q8 = 8
    F32 = 32


_SCHEMES: dict[str, dict[Role, Storage]] = {
    "q4": dict.fromkeys(Role, Storage.Q4),
    "mixed": {**dict.fromkeys(Role, Storage.Q4), Role.HEAD: Storage.Q8, Role.EMBEDDING: Storage.Q8},
    "q8": dict.fromkeys(Role, Storage.Q8),
    "f32": dict.fromkeys(Role, Storage.F32),
}
SCHEMES = tuple(_SCHEMES)
DEFAULT_SCHEME = "mixed"
_MOST_BITS_OF_Q4 = 5.0  # Q4_1's
_MOST_BITS_OF_Q8 = 9.0  # Q8_1's


def storage_for(scheme: str, role: Role, bits: float) -> Storage:
    """How `scheme` stores a matrix.

    Args:
        scheme: its name.
        role: the matrix' role.
        bits: that an element takes in the source. What is quantised there already has its precision chosen, which
            "mixed" keeps to.

    Raises:
        ValueError: for an unknown scheme, naming those that are known.
    """
    if scheme not in _SCHEMES:
        raise ValueError(f"quant={scheme!r} is not known; known are {', '.join(SCHEMES)}")
    if scheme == "mixed" and bits <= _MOST_BITS_OF_Q8:
        return Storage.Q4 if bits <= _MOST_BITS_OF_Q4 else Storage.Q8
    return _SCHEMES[scheme][role]
