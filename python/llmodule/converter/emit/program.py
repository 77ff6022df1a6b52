"""ExecuTorch methods under construction: values, kernel calls and delegate calls.

The schema is schema/program.fbs of ExecuTorch. Values are slots, not single assignments: a kernel call may write to a
tensor that an earlier one has used, so one set of activations serves all layers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from llmodule.converter.emit._schema import program_generated as schema
from llmodule.converter.emit._schema import scalar_type_generated as types
from llmodule.converter.emit.blob import Blob, Payload, aligned, array_payload
from llmodule.converter.emit.dims import Bound, Dims
from llmodule.converter.emit.flatbuffer import table

CONSTANT_ALIGNMENT = 64
_MEMORY_ALIGNMENT = 64
_SCALAR_TYPES = {
    np.dtype(np.float32): types.ScalarType.FLOAT,
    np.dtype(np.int64): types.ScalarType.LONG,
    np.dtype(np.float16): types.ScalarType.HALF,
    np.dtype(np.int8): types.ScalarType.CHAR,
    np.dtype(np.uint8): types.ScalarType.BYTE,
}


@dataclass(frozen=True)
class Slot:
    """A value of a method, by its number."""

    index: int


@dataclass(frozen=True)
class Tensor(Slot):
    """A tensor of a method."""

    dims: Dims


class Memory(IntEnum):
    """The planned buffers of a method; 0 is taken by the runtime."""

    ACTIVATIONS = 1
    CACHE = 2


class Program:
    """What all methods of a file share: constants and the delegates' blobs."""

    def __init__(self) -> None:
        self.constants = Blob(CONSTANT_ALIGNMENT)
        self.constant_offsets = [0]  # entry 0 stands for "no constant"
        self.delegates: list[Payload] = []
        self.methods: list[Method] = []

    def method(self, name: str) -> Method:
        """A new method."""
        self.methods.append(Method(name, self))
        return self.methods[-1]


class Method:
    """One method; its tables are complete when its last call has been added."""

    def __init__(self, name: str, program: Program) -> None:
        self.name = name
        self._program = program
        self._values: list[Any] = []
        self._inputs: list[int] = []
        self._outputs: list[int] = []
        self._operators: dict[str, int] = {}
        self._delegates: list[Any] = []
        self._instructions: list[Any] = []
        self._memory = dict.fromkeys(Memory, 0)
        self._interned: dict[tuple[str, object], Slot] = {}

    def input(self, dims: Dims, dtype: DTypeLike) -> Tensor:
        """A tensor that the caller provides; its size is the bound where a size is left open."""
        tensor = self._tensor(dims, dtype)
        self._inputs.append(tensor.index)
        return tensor

    def output(self, value: Slot) -> None:
        """Makes `value` the next output."""
        self._outputs.append(value.index)

    def tensor(self, dims: Dims, dtype: DTypeLike = np.float32, memory: Memory = Memory.ACTIVATIONS) -> Tensor:
        """A tensor in planned memory of its own."""
        offset = self._memory[memory]
        place = table(
            schema.AllocationDetailsT,
            memoryId=int(memory),
            memoryOffsetLow=offset & 0xFFFFFFFF,
            memoryOffsetHigh=offset >> 32,
        )
        self._memory[memory] = aligned(offset + math.prod(dims) * np.dtype(dtype).itemsize, _MEMORY_ALIGNMENT)
        return self._tensor(dims, dtype, allocationInfo=place)

    def constant(self, array: NDArray[Any]) -> Tensor:
        """A tensor stored in the file."""
        offset = self.store(array_payload(array))
        return self.stored(array.shape, array.dtype, offset)

    def store(self, payload: Payload) -> int:
        """Adds bytes to the constants and returns their offset there."""
        return self._program.constants.add(payload)

    def stored(self, dims: Dims, dtype: DTypeLike, offset: int) -> Tensor:
        """A tensor whose elements lie `offset` bytes into the constants, a multiple of CONSTANT_ALIGNMENT."""
        self._program.constant_offsets.append(offset)
        return self._tensor(dims, dtype, dataBufferIdx=len(self._program.constant_offsets) - 1)

    def integer(self, value: int) -> Slot:
        """An integer constant."""
        return self._intern("Int", value, table(schema.IntT, intVal=value))

    def variable(self) -> Slot:
        """An integer that a kernel writes."""
        return self._add("Int", table(schema.IntT))

    def number(self, value: float) -> Slot:
        """A floating-point constant."""
        return self._intern("Double", value, table(schema.DoubleT, doubleVal=value))

    def flag(self, value: bool) -> Slot:
        """A boolean constant."""
        return self._intern("Bool", value, table(schema.BoolT, boolVal=value))

    def text(self, value: str) -> Slot:
        """A string constant."""
        return self._intern("String", value, table(schema.StringT, stringVal=value))

    def none(self) -> Slot:
        """The absent value of an optional argument."""
        return self._intern("Null", None, schema.NullT())

    def call(self, operator: str, *arguments: Slot) -> None:
        """Adds a kernel call; the arguments are those of the operator's schema, the result as the last one.

        Args:
            operator: namespace, name and overload, as in "aten::slice_copy.Tensor_out".
            arguments: in order. For an operator with an out argument, it is repeated: once as argument, once as result.
        """
        number = self._operators.setdefault(operator, len(self._operators))
        self._instruct(table(schema.KernelCallT, opIndex=number, args=[slot.index for slot in arguments]))

    def delegate(self, backend: str, payload: Payload, *arguments: Slot) -> None:
        """Adds a call of a delegate of its own, whose blob is `payload`: inputs, then outputs."""
        # Segment 0 holds the constants; the blobs follow.
        self._program.delegates.append(payload)
        place = table(
            schema.BackendDelegateDataReferenceT,
            location=schema.DataLocation.SEGMENT,
            index=len(self._program.delegates),
        )
        self._delegates.append(table(schema.BackendDelegateT, id=backend, processed=place, compileSpecs=[]))
        number = len(self._delegates) - 1
        self._instruct(table(schema.DelegateCallT, delegateIndex=number, args=[slot.index for slot in arguments]))

    def plan(self) -> Any:
        """The method's table."""
        chain = table(schema.ChainT, inputs=[], outputs=[], instructions=self._instructions)
        sizes = [self._memory[memory] for memory in Memory]
        while sizes and not sizes[-1]:
            sizes.pop()
        return table(
            schema.ExecutionPlanT,
            name=self.name,
            containerMetaType=table(schema.ContainerMetadataT, encodedInpStr="", encodedOutStr=""),
            values=self._values,
            inputs=self._inputs,
            outputs=self._outputs,
            chains=[chain],
            operators=[self._operator(name) for name in self._operators],
            delegates=self._delegates,
            nonConstBufferSizes=[0, *sizes],
        )

    def _tensor(self, dims: Dims, dtype: DTypeLike, **fields: Any) -> Tensor:
        bounded = any(isinstance(size, Bound) for size in dims)
        dynamism = schema.TensorShapeDynamism
        description = table(
            schema.TensorT,
            scalarType=_SCALAR_TYPES[np.dtype(dtype)],
            sizes=list(dims),
            dimOrder=list(range(len(dims))),
            shapeDynamism=dynamism.DYNAMIC_BOUND if bounded else dynamism.STATIC,
            **fields,
        )
        return Tensor(self._add("Tensor", description).index, dims)

    def _add(self, kind: str, content: Any) -> Slot:
        value = table(schema.EValueT, valType=getattr(schema.KernelTypes, kind), val=content)
        self._values.append(value)
        return Slot(len(self._values) - 1)

    def _intern(self, kind: str, key: object, content: Any) -> Slot:
        if (kind, key) not in self._interned:
            self._interned[kind, key] = self._add(kind, content)
        return self._interned[kind, key]

    def _instruct(self, content: Any) -> None:
        kind = getattr(schema.InstructionArguments, type(content).__name__.removesuffix("T"))
        self._instructions.append(table(schema.InstructionT, instrArgsType=kind, instrArgs=content))

    @staticmethod
    def _operator(full_name: str) -> Any:
        name, _, overload = full_name.partition(".")
        return table(schema.OperatorT, name=name, overload=overload)
