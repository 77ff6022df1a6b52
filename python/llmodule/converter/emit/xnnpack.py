"""Subgraphs of the XNNPACK delegate, and the blob that holds one in a .pte.

The schema is backends/xnnpack/serialization/runtime_schema.fbs of ExecuTorch, the header XNNHeader.h beside the
delegate's source.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmodule.converter.emit._schema import runtime_schema_generated as schema
from llmodule.converter.emit.blob import Blob, Chunk, Payload, aligned, array_payload
from llmodule.converter.emit.dims import Bound, Dims, broadcast
from llmodule.converter.emit.encoded import GROUP_SIZE, EncodedMatrix, Format
from llmodule.converter.emit.flatbuffer import serialized, table
from llmodule.converter.source import FloatArray

BACKEND = "XnnpackBackend"
_NONE = 0xFFFFFFFF  # an absent value, or an external number not yet given
_INPUT, _OUTPUT = 1, 2  # XNN_VALUE_FLAG_EXTERNAL_*
_ALIGNMENT = 16
_HEADER = struct.Struct("<4x4sHIIIQ")
_HEADER_SIZE = aligned(_HEADER.size, _ALIGNMENT)


@dataclass(frozen=True)
class Value:
    """A float32 tensor inside a subgraph."""

    index: int
    dims: Dims


class Subgraph:
    """A graph of XNNPACK operators under construction; every method that computes returns its result.

    Constants other than the weights and biases of linear() must come in through input(): the delegate frees its blob
    once these are packed, and XNNPACK keeps pointers to the others.
    """

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._nodes: list[Any] = []
        self._constants = [schema.ConstantDataOffsetT()]  # entry 0 stands for "no constant"
        self._blob = Blob(_ALIGNMENT)
        self._inputs: list[int] = []
        self._outputs: list[int] = []
        self._quantized: dict[tuple[int, Format], int] = {}

    def input(self, dims: Dims) -> Value:
        """The next argument of the delegate call, a float32 tensor."""
        value = self._tensor(dims)
        self._inputs.append(value.index)
        return value

    def output(self, value: Value) -> None:
        """Makes `value` the next result, an argument that follows all inputs."""
        if value.index in self._inputs or value.index in self._outputs:
            raise ValueError("a value is an input or an output once")
        self._outputs.append(value.index)

    def add(self, left: Value, right: Value) -> Value:
        """left + right, broadcast."""
        return self._binary("XNNAdd", left, right)

    def subtract(self, left: Value, right: Value) -> Value:
        """left - right, broadcast."""
        return self._binary("XNNSubtract", left, right)

    def multiply(self, left: Value, right: Value) -> Value:
        """left * right, broadcast."""
        return self._binary("XNNMultiply", left, right)

    def minimum(self, left: Value, right: Value) -> Value:
        """The smaller of each pair, broadcast."""
        return self._binary("XNNMinimum", left, right)

    def matrix_multiply(self, left: Value, right: Value) -> Value:
        """``[…, m, k]`` times ``[…, k, n]``, the leading dimensions broadcast."""
        if left.dims[-1] != right.dims[-2]:
            raise ValueError(f"shapes {left.dims} and {right.dims} don't multiply")
        batch = broadcast(left.dims[:-2], right.dims[:-2])
        result = self._tensor((*batch, left.dims[-2], right.dims[-1]))
        self._node("XNNBatchMatrixMultiply", schema._XNNNode2x1T, result, input1Id=left.index, input2Id=right.index)
        return result

    def sigmoid(self, value: Value) -> Value:
        """1 / (1 + exp(-x))."""
        return self._unary("XNNSigmoid", value)

    def tanh(self, value: Value) -> Value:
        """Hyperbolic tangent."""
        return self._unary("XNNTanh", value)

    def reciprocal_square_root(self, value: Value) -> Value:
        """1 / sqrt(x)."""
        return self._unary("XNNReciprocalSquareRoot", value)

    def softmax(self, value: Value) -> Value:
        """exp(x), normalised to the sum 1 along the last dimension."""
        return self._unary("XNNSoftmax", value)

    def linear(
        self, value: Value, weight: EncodedMatrix, bias: FloatArray | None = None, *, rounded: bool = False
    ) -> Value:
        """value @ weight.T + bias.

        Args:
            value: ``[…, in]``.
            weight: ``[out, in]``.
            bias: ``[out]``.
            rounded: `value` is quantised to 8 bits, row by row, as it runs; 4-bit weights need it.
        """
        if weight.shape[1] != value.dims[-1]:
            raise ValueError(f"a weight of shape {weight.shape} for values of shape {value.dims}")
        result = self._tensor((*value.dims[:-1], weight.shape[0]))
        self._node(
            "XNNFullyConnected",
            schema.XNNFullyConnectedT,
            result,
            input1Id=self._rounded(value, weight.format) if rounded else value.index,
            filterId=self._weight(weight),
            biasId=_NONE if bias is None else self._tensor(bias.shape, constant=self._store(array_payload(bias))).index,
        )
        return result

    def multiply_constant(self, value: Value, matrix: FloatArray, bias: FloatArray | None = None) -> Value:
        """value @ matrix.T + bias in float32."""
        content = array_payload(matrix)
        out_size, in_size = matrix.shape
        weight = EncodedMatrix(Format.F32, (out_size, in_size), content, content.size, content.size, 0)
        return self.linear(value, weight, bias)

    def reshape(self, value: Value, dims: Dims) -> Value:
        """The same elements as another shape, of which at most one size is bounded."""
        if sum(isinstance(size, Bound) for size in dims) > 1:
            raise ValueError(f"only one size of {dims} can be left open")
        result = self._tensor(dims)
        self._node(
            "XNNStaticReshape",
            schema.XNNStaticReshapeT,
            result,
            inputId=value.index,
            numDims=len(dims),
            newShape=[0 if isinstance(size, Bound) else size for size in dims],
        )
        return result

    def transpose(self, value: Value, order: Dims) -> Value:
        """The dimensions in the order that `order` lists them."""
        result = self._tensor(tuple(value.dims[axis] for axis in order))
        self._node(
            "XNNStaticTranspose",
            schema.XNNStaticTransposeT,
            result,
            inputId=value.index,
            numDims=len(order),
            perm=list(order),
        )
        return result

    def slice(self, value: Value, axis: int, start: int, stop: int) -> Value:
        """The part from `start` to `stop`, exclusive, along `axis`."""
        axis %= len(value.dims)
        dims = (*value.dims[:axis], stop - start, *value.dims[axis + 1 :])
        result = self._tensor(dims)
        self._node(
            "XNNStaticSlice",
            schema.XNNStaticSliceT,
            result,
            inputId=value.index,
            numDims=len(dims),
            offsets=[start if place == axis else 0 for place in range(len(dims))],
            sizes=[0 if isinstance(size, Bound) else size for size in dims],  # 0: to the end
        )
        return result

    def concatenate(self, left: Value, right: Value, axis: int) -> Value:
        """One behind the other along `axis`."""
        axis %= len(left.dims)
        size = left.dims[axis] + right.dims[axis]
        result = self._tensor((*left.dims[:axis], size, *left.dims[axis + 1 :]))
        self._node(
            "XNNConcatenate2",
            schema._XNNCatT,
            result,
            axis=axis,
            input1Id=left.index,
            input2Id=right.index,
        )
        return result

    def payload(self) -> Payload:
        """The blob that the delegate is initialised from."""
        externals = [*self._inputs, *self._outputs]
        for number, index in enumerate(externals):
            tensor = self._values[index].xvalueUnion
            tensor.externalId = number
            tensor.flags = _INPUT if number < len(self._inputs) else _OUTPUT
        graph = table(
            schema.XNNGraphT,
            version="0",
            xnodes=self._nodes,
            xvalues=self._values,
            numExterns=len(externals),
            inputIds=self._inputs,
            outputIds=self._outputs,
            constantBuffer=[],
            memBufferSizes=[],
            constantData=self._constants,
        )
        content = serialized(graph, b"XN01")
        padded = aligned(len(content), _ALIGNMENT)
        constants = _HEADER_SIZE + padded
        header = _HEADER.pack(b"XH00", _HEADER.size, _HEADER_SIZE, len(content), constants, self._blob.size)

        def chunks() -> Iterator[Chunk]:
            yield header.ljust(_HEADER_SIZE, b"\0") + content.ljust(padded, b"\0")
            yield from self._blob.chunks()

        return Payload(constants + self._blob.size, chunks)

    def _store(self, payload: Payload) -> int:
        return self._constant(self._blob.add(payload), payload.size)

    def _constant(self, offset: int, size: int) -> int:
        self._constants.append(table(schema.ConstantDataOffsetT, offset=offset, size=size))
        return len(self._constants) - 1

    def _tensor(self, dims: Dims, *, constant: int = 0) -> Value:
        self._values.append(table(schema.XValueT, xvalueUnionType=schema.XValueUnion.XNNTensorValue))
        result = Value(len(self._values) - 1, dims)
        self._values[-1].xvalueUnion = self._description(result, schema.XNNDatatype.xnn_datatype_fp32, constant)
        return result

    def _quantized_tensor(self, dims: Dims, datatype: int, parameters: Any, constant: int = 0) -> int:
        result = Value(len(self._values), dims)
        quantized = table(
            schema.XNNQuantizedTensorValueT,
            tensorValue=self._description(result, datatype, constant),
            quantParamsType=getattr(schema.XNNQuantParams, type(parameters).__name__.removesuffix("T")),
            quantParams=parameters,
        )
        kind = schema.XValueUnion.XNNQuantizedTensorValue
        self._values.append(table(schema.XValueT, xvalueUnionType=kind, xvalueUnion=quantized))
        return result.index

    def _description(self, value: Value, datatype: int, constant: int) -> Any:
        return table(
            schema.XNNTensorValueT,
            datatype=datatype,
            numDims=len(value.dims),
            dims=list(value.dims),
            constantBufferIdx=constant,
            externalId=_NONE,
            idOut=value.index,
        )

    def _weight(self, weight: EncodedMatrix) -> int:
        offset = self._blob.add(weight.payload)
        data = self._constant(offset, weight.data_size)
        if weight.format is Format.F32:
            return self._tensor(weight.shape, constant=data).index
        scales = {
            "scale": [],
            "channelDim": 0,
            "scaleBufferIdx": self._constant(offset + weight.scale_offset, weight.scale_size),
            "numScales": weight.scale_count,
        }
        if weight.format is Format.Q8:
            parameters = table(schema.PerChannelQuantT, **scales)
            return self._quantized_tensor(weight.shape, schema.XNNDatatype.xnn_datatype_qcint8, parameters, data)
        parameters = table(schema.PerChannelGroupQuantT, groupSize=GROUP_SIZE, **scales)
        return self._quantized_tensor(weight.shape, schema.XNNDatatype.xnn_datatype_qbint4, parameters, data)

    def _rounded(self, value: Value, weight_format: Format) -> int:
        # Layers with weights of one format share the quantised value; XNNPACK picks its fastest kernels only if all
        # consumers of such a value are of one type.
        key = (value.index, weight_format)
        if key not in self._quantized:
            parameters = table(schema.PerTokenDynamicQuantT, numNonbatchDims=1)
            kind = schema.XNNDatatype.xnn_datatype_qdint8
            self._quantized[key] = self._quantized_tensor(value.dims, kind, parameters)
            result = Value(self._quantized[key], value.dims)
            self._node("XNNConvert", schema._XNNNode1x1T, result, inputId=value.index)
        return self._quantized[key]

    def _binary(self, kind: str, left: Value, right: Value) -> Value:
        result = self._tensor(broadcast(left.dims, right.dims))
        self._node(kind, schema._XNNNode2x1T, result, input1Id=left.index, input2Id=right.index)
        return result

    def _unary(self, kind: str, value: Value) -> Value:
        result = self._tensor(value.dims)
        self._node(kind, schema._XNNNode1x1T, result, inputId=value.index)
        return result

    def _node(self, kind: str, fields: Any, result: Value, **values: Any) -> None:
        self._nodes.append(
            table(
                schema.XNodeT,
                xnodeUnionType=getattr(schema.XNodeUnion, kind),
                xnodeUnion=table(fields, outputId=result.index, **values),
                debugHandle=len(self._nodes),
            )
        )
