"""The forward method of a decoder: one XNNPACK subgraph per layer, attention between them.

A subgraph holds the second half of one layer and the first half of the next, since attention is no part of it:

    [norm, query/key/value, rotation of layer 0] attention [output, feed-forward of layer 0; norm, … of layer 1] …

The last token is selected before the last subgraph, so that its feed-forward network and the output layer, by far the
largest matrix of small models, run on one row.
"""

from __future__ import annotations

import numpy as np

from llmodule.converter.emit.dims import Bound
from llmodule.converter.emit.encoded import SCALE_ALIGNMENT, Format
from llmodule.converter.emit.program import CONSTANT_ALIGNMENT, Method, Tensor
from llmodule.converter.emit.xnnpack import Value
from llmodule.converter.graph.plan import Plan, importance_behind
from llmodule.converter.graph.portable.attention import Attended, Attention, Positions, last_row
from llmodule.converter.graph.portable.blocks import gated_feed_forward, rms_norm, rotate, softcap
from llmodule.converter.graph.portable.stage import Stage
from llmodule.converter.model.hyperparameters import Layer
from llmodule.converter.model.rope import Rope
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.checkpoint import LayerWeights
from llmodule.converter.weights.matrix import Matrix, stacked
from llmodule.converter.weights.scheme import Role, storage_for
from llmodule.converter.weights.xnnpack import Weight, encode, encode_embedding

# In schemes for quality. Rounding inputs to 8 bits per token loses more than rounding weights to 8 bits.
_EXACT_INPUTS = ("q8", "f32")


class DecoderBuilder:
    """Adds a decoder's forward method: tokens int64 ``[1, n]`` and position int64 ``[1]`` to logits ``[1, vocab]``."""

    def __init__(self, method: Method, plan: Plan) -> None:
        self._method = method
        self._plan = plan
        self._model = plan.model
        self._chunk = Bound(plan.max_prompt_chunk)

    def build(self) -> None:
        """Adds everything."""
        method, model, chunk = self._method, self._model, self._chunk
        tokens, start = method.input((1, chunk), np.int64), method.input((1,), np.int64)
        positions = self._positions(tokens, start)
        residuals = [method.tensor((1, chunk, model.embedding_size)) for _ in range(2)]
        self._embed(tokens, residuals[0])
        rotations = {rope: self._rotation(rope, positions) for rope in {layer.rope: None for layer in model.layers}}
        attention = Attention(method, model, positions, context_length=self._plan.context_length, chunk=chunk)
        query = method.tensor((1, chunk, model.head_count, model.head_size))
        key, value = (method.tensor((1, chunk, model.kv_head_count, model.head_size)) for _ in range(2))

        weights: LayerWeights | None = None
        attended: Attended | None = None
        for index, layer in enumerate(model.layers):
            stage = Stage(method)
            stream = stage.take(residuals[0])
            if weights is not None and attended is not None:
                stream = self._second_half(stage, stream, attention.combine(stage, attended), weights)
                stage.give(stream, residuals[1])
                residuals.reverse()
            weights = self._plan.checkpoint.layer(model, index)
            heads = self._first_half(stage, stream, layer, weights, rotations[layer.rope])
            for result, tensor in zip(heads, (query, key, value), strict=True):
                stage.give(result, tensor)
            stage.finish()
            attended = attention.attend(query, key, value, layer.window)
        assert weights is not None
        assert attended is not None
        self._finish(last_row(method, residuals[0], 1), attention, attended.last(method), weights)

    def _positions(self, tokens: Tensor, start: Tensor) -> Positions:
        method = self._method
        length, first, end = (method.variable() for _ in range(3))
        method.call("aten::sym_size.int", tokens, method.integer(1), length)
        method.call("aten::_local_scalar_dense", start, first)
        method.call("executorch_prim::add.Scalar", first, length, end)
        return Positions(first, end)

    def _embed(self, tokens: Tensor, result: Tensor) -> None:
        method = self._method
        matrix = self._plan.checkpoint.embedding(self._model, self._model.embedding_scale)
        storage = storage_for(self._plan.scheme, Role.EMBEDDING, matrix.bits)
        encoded = encode_embedding(matrix, storage, threads=self._plan.threads)
        offset = method.store(encoded.payload)
        if encoded.format is Format.F32:
            weight = method.stored(encoded.shape, np.float32, offset)
            no = method.flag(False)
            method.call("aten::embedding.out", weight, tokens, method.integer(-1), no, no, result, result)
            return
        assert encoded.format is Format.Q8
        assert SCALE_ALIGNMENT == CONSTANT_ALIGNMENT
        weight = method.stored(encoded.shape, np.int8, offset)
        shape = (encoded.shape[0], encoded.scale_count // encoded.shape[0])
        scales = method.stored(shape, np.float32, offset + encoded.scale_offset)
        limits = (method.integer(-128), method.integer(127))
        method.call(
            "quantized_decomposed::embedding_byte.out", weight, scales, method.none(), *limits, tokens, result, result
        )

    def _rotation(self, rope: Rope | None, positions: Positions) -> tuple[Tensor, ...]:
        if rope is None:
            return ()
        method, size = self._method, self._model.head_size
        rows = []
        rest = ((0, 0), (0, size - rope.size))
        for table, unrotated in zip(rope.tables(self._plan.context_length), (1.0, 0.0), strict=True):
            wide = np.pad(np.tile(table, 2), rest, constant_values=unrotated)
            whole = method.constant(wide.reshape(1, -1, 1, size))
            rows.append(method.tensor((1, self._chunk, 1, size)))
            bounds = (positions.start, positions.end, method.integer(1))
            method.call("aten::slice_copy.Tensor_out", whole, method.integer(1), *bounds, rows[-1], rows[-1])
        return tuple(rows)

    def _first_half(
        self, stage: Stage, stream: Value, layer: Layer, weights: LayerWeights, rotation: tuple[Tensor, ...]
    ) -> tuple[Value, Value, Value]:
        """Queries, keys and values ``[1, tokens, heads, head_size]`` from the residual stream."""
        model, tokens = self._model, stream.dims[1]
        normed = rms_norm(stage, stream, weights.attention_norm, model.norm_epsilon)
        count, kv_count = model.head_count, model.kv_head_count
        together = self._encode(stacked((weights.query, weights.key, weights.value)), Role.QKV, weights.attention_norm)
        result = stage.linear_layer(normed, together, weights.attention_bias)
        shared = (count + kv_count) * model.head_size
        both = stage.slice(result, -1, 0, shared)
        value = stage.slice(result, -1, shared, together.matrix.shape[0])
        heads = stage.reshape(both, (1, tokens, count + kv_count, model.head_size))
        if weights.query_norm is not None and weights.key_norm is not None:
            scales = np.repeat(np.stack((weights.query_norm, weights.key_norm)), (count, kv_count), axis=0)
            heads = rms_norm(stage, heads, scales, model.norm_epsilon)
        if layer.rope is not None:
            cosines, sines = map(stage.take, rotation)
            heads = rotate(stage, heads, cosines, sines, layer.rope.size)
        query = stage.slice(heads, 2, 0, count)
        key = stage.slice(heads, 2, count, count + kv_count)
        return query, key, stage.reshape(value, (1, tokens, kv_count, model.head_size))

    def _second_half(self, stage: Stage, stream: Value, attended: Value, weights: LayerWeights) -> Value:
        """The residual stream with the layer's attention and feed-forward network added."""
        epsilon = self._model.norm_epsilon
        update = stage.linear_layer(attended, self._encode(weights.output, Role.ATTENTION_OUTPUT))
        if weights.attention_post_norm is not None:
            update = rms_norm(stage, update, weights.attention_post_norm, epsilon)
        stream = stage.add(stream, update)
        update = gated_feed_forward(
            stage,
            rms_norm(stage, stream, weights.feed_forward_norm, epsilon),
            gate=self._encode(weights.gate, Role.GATE_UP, weights.feed_forward_norm),
            up=self._encode(weights.up, Role.GATE_UP, weights.feed_forward_norm),
            down=self._encode(weights.down, Role.DOWN),
            activation=self._plan.architecture.activation,
        )
        if weights.feed_forward_post_norm is not None:
            update = rms_norm(stage, update, weights.feed_forward_post_norm, epsilon)
        return stage.add(stream, update)

    def _finish(self, residual: Tensor, attention: Attention, attended: Attended, weights: LayerWeights) -> None:
        model, stage = self._model, Stage(self._method)
        stream = self._second_half(stage, stage.take(residual), attention.combine(stage, attended), weights)
        norm = self._plan.checkpoint.output_norm(model)
        row = stage.reshape(rms_norm(stage, stream, norm, model.norm_epsilon), (1, model.embedding_size))
        logits = stage.linear_layer(row, self._encode(self._plan.checkpoint.head(model), Role.HEAD, norm))
        if model.logit_softcap is not None:
            logits = softcap(stage, logits, model.logit_softcap)
        result = self._method.tensor((1, model.vocabulary_size))
        stage.give(logits, result)
        stage.finish()
        self._method.output(result)

    def _encode(self, matrix: Matrix, role: Role, norm: FloatArray | None = None) -> Weight:
        storage = storage_for(self._plan.scheme, role, matrix.bits)
        return encode(
            matrix,
            storage,
            rounded=self._plan.scheme not in _EXACT_INPUTS,
            importance=importance_behind(norm),
            threads=self._plan.threads,
        )
