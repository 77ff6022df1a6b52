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
    """In groups of 32 with a scale and an offset each: 4-bit GGUF types lose next to nothing."""
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


def storage_for(scheme: str, role: Role) -> Storage:
    """How `scheme` stores matrices of this role.

    Raises:
        ValueError: for an unknown scheme, naming those that are known.
    """
    if scheme not in _SCHEMES:
        raise ValueError(f"quant={scheme!r} is not known; known are {', '.join(SCHEMES)}")
    return _SCHEMES[scheme][role]
