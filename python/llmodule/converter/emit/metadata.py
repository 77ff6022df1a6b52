"""Constant methods: what a .pte says of itself, in the convention of ExecuTorch's LLM exporters and runners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmodule.converter.emit.program import Method, Program, Slot

Constant = bool | int | str | Sequence[int]


def add_constant_methods(program: Program, values: Mapping[str, Constant]) -> None:
    """Adds one method without inputs per entry, which returns the value; a sequence as several outputs."""
    for name, value in values.items():
        method = program.method(name)
        for item in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
            method.output(_constant(method, item))


def _constant(method: Method, value: bool | int | str) -> Slot:
    if isinstance(value, bool):
        return method.flag(value)
    return method.text(value) if isinstance(value, str) else method.integer(value)
