"""A subgraph that is one delegate call of a method."""

from __future__ import annotations

import numpy as np

from llmodule.converter.emit.encoded import GROUP_SIZE, Format
from llmodule.converter.emit.program import Method, Slot, Tensor
from llmodule.converter.emit.xnnpack import BACKEND, Subgraph, Value
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.xnnpack import Weight


class Stage(Subgraph):
    """A subgraph that reads and writes tensors of a method."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self._method = method
        self._taken: dict[Slot, Value] = {}
        self._given: list[Slot] = []
        self._sums: dict[int, Value] = {}

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

    def linear_layer(self, value: Value, weight: Weight, bias: FloatArray | None = None) -> Value:
        """The linear layer whose weight is stored as `weight`.

        XNNPACK's groups have no offsets. What they add to an output is their product with the inputs' sums per group,
        a linear layer with a 32nd of the inputs.
        """
        if bias is not None and weight.matrix.format is Format.Q8 and not weight.rounded:
            # XNNPACK's kernel for float32 and 8 bits multiplies the bias by the scales, too.
            return self.add(self.linear_layer(value, weight), self.constant(bias))
        result = self.linear(value, weight.matrix, bias, rounded=weight.rounded)
        if weight.offsets is None:
            return result
        return self.add(result, self.linear(self._group_sums(value), weight.offsets, rounded=True))

    def _group_sums(self, value: Value) -> Value:
        if value.index not in self._sums:
            *leading, size = value.dims
            groups = self.reshape(value, (*leading, size // GROUP_SIZE, GROUP_SIZE))
            sums = self.multiply_constant(groups, np.ones((1, GROUP_SIZE), np.float32))
            self._sums[value.index] = self.reshape(sums, (*leading, size // GROUP_SIZE))
        return self._sums[value.index]
