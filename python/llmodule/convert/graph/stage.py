"""A subgraph that is one delegate call of a method."""

from __future__ import annotations

from llmodule.convert.emit.program import Method, Slot, Tensor
from llmodule.convert.emit.xnnpack import BACKEND, Subgraph, Value
from llmodule.convert.source import FloatArray


class Stage(Subgraph):
    """A subgraph that reads and writes tensors of a method."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method
        self._taken: dict[Slot, Value] = {}
        self._given: list[Slot] = []

    def take(self, tensor: Tensor) -> Value:
        """The tensor's content at the time of the call."""
        if tensor not in self._taken:
            self._taken[tensor] = self.input(tensor.dims)
        return self._taken[tensor]

    def constant(self, array: FloatArray) -> Value:
        """A constant for elementwise operations."""
        return self.take(self._method.constant(array))

    def give(self, value: Value, tensor: Tensor) -> None:
        """Writes `value` to `tensor`."""
        if value.dims != tensor.dims:
            raise ValueError(f"a value of shape {value.dims} for a tensor of shape {tensor.dims}")
        self.output(value)
        self._given.append(tensor)

    def finish(self) -> None:
        """Adds the call to the method."""
        self._method.delegate(BACKEND, self.payload(), *self._taken, *self._given)
