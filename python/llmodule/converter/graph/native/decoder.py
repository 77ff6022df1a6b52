"""The forward method of a decoder as calls of llmodule's own operators (csrc/kernels): five for each layer.

    [norm, query/key/value] [head norms, rotation, cache, attention] [output, add] [norm, gate, up] [down, add]

Before the last layer's output projection the rows are cut to the last LOGITS_ROWS, so that the rest of the layer and
the output layer run on few rows of a prompt, and give logits for as many tokens as a speculative step verifies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmodule.converter.emit.blob import aligned
from llmodule.converter.emit.dims import Bound
from llmodule.converter.emit.program import Memory, Method, Slot, Tensor
from llmodule.converter.graph.plan import Plan, importance_behind
from llmodule.converter.model.hyperparameters import Layer
from llmodule.converter.model.rope import Rope
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.checkpoint import LayerWeights
from llmodule.converter.weights.matrix import Matrix, interleaved, stacked, widened
from llmodule.converter.weights.packed import PANEL_ROWS, pack, packable
from llmodule.converter.weights.scheme import Role, storage_for

LOGITS_ROWS = 16
_CACHES = {"f32": (np.float32, 0), "f16": (np.float16, 0), "int8": (np.int8, 4)}  # 4 bytes: a head's scale
_ACTIVATIONS = {"silu": 1, "gelu_tanh": 2}
_LARGEST_TENSOR = (1 << 31) - 1  # the runtime's sizes are int32
_END = (1 << 63) - 1  # as a slice's end: all there is


class _Packed:
    """A matrix of the method: what the operators want to know of it."""

    def __init__(self, method: Method, tensor: Tensor, form: int, rows: int) -> None:
        self.arguments = (tensor, method.integer(form))
        self.rows = method.integer(rows)


class DecoderBuilder:
    """Adds a decoder's forward method: tokens int64 ``[1, n]`` and position int64 ``[1]`` to logits ``[1, r, vocab]``.

    The logits are those of the last r = min(n, LOGITS_ROWS) tokens.
    """

    def __init__(self, method: Method, plan: Plan) -> None:
        self._method = method
        self._plan = plan
        self._model = plan.model
        self._chunk = Bound(plan.max_prompt_chunk)
        self._last = Bound(min(LOGITS_ROWS, plan.max_prompt_chunk))
        self._epsilon = method.number(plan.model.norm_epsilon)
        self._feed_forward_size = aligned(plan.model.feed_forward_size, PANEL_ROWS)

    def build(self) -> None:
        """Adds everything."""
        method, model, plan = self._method, self._model, self._plan
        heads, kv_heads = model.head_count * model.head_size, model.kv_head_count * model.head_size
        tokens, position = method.input((1, self._chunk), np.int64), method.input((1,), np.int64)
        start = method.variable()
        method.call("aten::_local_scalar_dense", position, start)
        head_norm = plan.checkpoint.output_norm(model)
        head = self._packed(plan.checkpoint.head(model), Role.HEAD, head_norm)
        stream = self._embed(tokens, head)
        rotations = {rope: self._rotation(rope) for rope in {layer.rope: None for layer in model.layers}}
        mixed = self._rows(heads + 2 * kv_heads)
        attended = self._rows(heads)
        inner = self._rows(self._feed_forward_size)
        for index, layer in enumerate(model.layers):
            weights = plan.checkpoint.layer(model, index)
            qkv = self._packed(stacked((weights.query, weights.key, weights.value)), Role.QKV, weights.attention_norm)
            self._linear(stream, qkv, mixed, norm=weights.attention_norm, bias=weights.attention_bias)
            self._attend(mixed, layer, weights, rotations[layer.rope], start, attended)
            if index == len(model.layers) - 1:
                stream, attended = self._last_rows(stream), self._last_rows(attended)
                inner = self._rows(self._feed_forward_size, self._last)
            self._second_half(stream, attended, inner, weights)
        logits = method.tensor((1, self._last, model.vocabulary_size))
        self._linear(stream, head, logits, norm=head_norm)
        if model.logit_softcap is not None:
            method.call("llmodule::softcap.out", logits, method.number(model.logit_softcap), logits, logits)
        method.output(logits)

    def _embed(self, tokens: Tensor, head: _Packed) -> Tensor:
        method, model, checkpoint = self._method, self._model, self._plan.checkpoint
        table = head if checkpoint.is_tied else self._packed(checkpoint.embedding(model), Role.EMBEDDING)
        stream = self._rows(model.embedding_size)
        scale = method.number(model.embedding_scale)
        method.call("llmodule::embedding.out", *table.arguments, table.rows, tokens, scale, stream, stream)
        return stream

    def _rotation(self, rope: Rope | None) -> tuple[Slot, Slot]:
        if rope is None:
            return self._method.none(), self._method.none()
        cosines, sines = map(self._method.constant, rope.tables(self._plan.context_length))
        return cosines, sines

    def _attend(
        self, mixed: Tensor, layer: Layer, weights: LayerWeights, rotation: tuple[Slot, Slot], start: Slot, out: Tensor
    ) -> None:
        method, model, length = self._method, self._model, self._plan.context_length
        dtype, extra = _CACHES[self._plan.kv_cache]
        shape = (1, length, model.kv_head_count, model.head_size + extra)
        caches = [method.tensor(shape, dtype, Memory.CACHE) for _ in range(2)]
        window = layer.window if layer.window is not None and layer.window < length else 0
        method.call(
            "llmodule::attention.out",
            mixed,
            self._optional(weights.query_norm),
            self._optional(weights.key_norm),
            self._epsilon,
            *rotation,
            *caches,
            start,
            method.integer(window),
            method.number(model.attention_scale),
            method.number(model.attention_softcap or 0.0),
            out,
            out,
        )

    def _second_half(self, stream: Tensor, attended: Tensor, inner: Tensor, weights: LayerWeights) -> None:
        """Adds a layer's attention and feed-forward network to the residual stream."""
        activation, norm = _ACTIVATIONS[self._plan.architecture.activation], weights.feed_forward_norm
        output = self._packed(weights.output, Role.ATTENTION_OUTPUT)
        self._linear(attended, output, stream, residual=stream, post_norm=weights.attention_post_norm)
        both = self._packed(interleaved((weights.gate, weights.up), PANEL_ROWS), Role.GATE_UP, norm)
        self._linear(stream, both, inner, norm=norm, activation=activation)
        down = self._packed(weights.down, Role.DOWN)
        self._linear(inner, down, stream, residual=stream, post_norm=weights.feed_forward_post_norm)

    def _linear(
        self,
        value: Tensor,
        weight: _Packed,
        out: Tensor,
        *,
        norm: FloatArray | None = None,
        bias: FloatArray | None = None,
        activation: int = 0,
        residual: Tensor | None = None,
        post_norm: FloatArray | None = None,
    ) -> None:
        method = self._method
        method.call(
            "llmodule::linear.out",
            value,
            self._optional(norm),
            self._epsilon,
            *weight.arguments,
            self._optional(bias),
            method.integer(activation),
            method.none() if residual is None else residual,
            self._optional(post_norm),
            out,
            out,
        )

    def _packed(self, matrix: Matrix, role: Role, norm: FloatArray | None = None) -> _Packed:
        storage = packable(storage_for(self._plan.scheme, role, matrix.bits), matrix.shape[1])
        if role is Role.DOWN and matrix.shape[1] != self._feed_forward_size:
            matrix = widened(matrix, self._feed_forward_size)
        packed = pack(matrix, storage, importance=importance_behind(norm), threads=self._plan.threads)
        if packed.payload.size > _LARGEST_TENSOR:
            raise ValueError(
                f"{matrix.name} takes {packed.payload.size} bytes with quant={self._plan.scheme!r}, more than a tensor "
                "can have; store it in fewer bits"
            )
        offset = self._method.store(packed.payload)
        tensor = self._method.stored((packed.payload.size,), np.uint8, offset)
        return _Packed(self._method, tensor, packed.format, packed.rows)

    def _rows(self, size: int, count: int | None = None) -> Tensor:
        return self._method.tensor((1, self._chunk if count is None else count, size))

    def _last_rows(self, tensor: Tensor) -> Tensor:
        method = self._method
        rows = self._rows(tensor.dims[2], self._last)
        bounds = (method.integer(-LOGITS_ROWS), method.integer(_END), method.integer(1))
        method.call("aten::slice_copy.Tensor_out", tensor, method.integer(1), *bounds, rows, rows)
        return rows

    def _optional(self, array: NDArray[np.float32] | None) -> Slot:
        return self._method.none() if array is None else self._method.constant(array)
