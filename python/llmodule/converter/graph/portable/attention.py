"""Attention over the KV cache: where keys and values are kept, and how queries meet them.

Plain causal attention and sliding windows are `llama::custom_sdpa` of ExecuTorch. A window is a copied part of the
cache and a mask, so that the work does not grow with the context. Soft-capped attention, which that operator lacks, is
computed by XNNPACK from the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from llmodule.converter.emit.dims import Bound
from llmodule.converter.emit.program import Memory, Method, Slot, Tensor
from llmodule.converter.emit.xnnpack import Value
from llmodule.converter.graph.portable.blocks import scalar, softcap
from llmodule.converter.graph.portable.stage import Stage
from llmodule.converter.model.hyperparameters import Hyperparameters

# Far below any score, and far from float32's limits even times the longest context.
_MASKED = 1e9
_END = (1 << 63) - 1  # as a slice's end: all there is


@dataclass(frozen=True)
class Positions:
    """The positions of one call: `start` of its first token, `end` behind its last one."""

    start: Slot
    end: Slot


@dataclass(frozen=True)
class Span:
    """The part of the cache that one call attends to, and who may attend to what in it.

    Attributes:
        start: the first position; the last one is the call's last token.
        keys: buffer for the part's keys ``[1, positions, kv_heads, head_size]``.
        values: buffer for its values, of the same shape.
        mask: ``[tokens, positions]``, 0 or a large negative number.
    """

    start: Slot
    keys: Tensor
    values: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Attended:
    """A layer's attention, or all that it follows from.

    Attributes:
        rows: ``[1, tokens, heads, head_size]``, the result; the queries, where `span` is given.
        span: what the queries attend to.
    """

    rows: Tensor
    span: Span | None = None

    def last(self, method: Method) -> Attended:
        """The part of the last token."""
        span = self.span and replace(self.span, mask=last_row(method, self.span.mask, 0))
        return Attended(last_row(method, self.rows, 1), span)


def last_row(method: Method, tensor: Tensor, axis: int) -> Tensor:
    """A copy of the last row along `axis`, with the size 1 there."""
    row = method.tensor((*tensor.dims[:axis], 1, *tensor.dims[axis + 1 :]))
    bounds = (method.integer(-1), method.integer(_END), method.integer(1))
    method.call("aten::slice_copy.Tensor_out", tensor, method.integer(axis), *bounds, row, row)
    return row


class Attention:
    """All layers' attention in one method."""

    def __init__(
        self, method: Method, model: Hyperparameters, positions: Positions, *, context_length: int, chunk: Bound
    ) -> None:
        self._method = method
        self._model = model
        self._positions = positions
        self._context_length = context_length
        self._chunk = chunk
        self._spans: dict[int | None, Span] = {}
        self._result = method.tensor((1, chunk, model.head_count, model.head_size))
        self._unused = method.tensor((1,))
        for window in dict.fromkeys(layer.window for layer in model.layers):
            if self._needs_span(window):
                self._spans[window] = self._span(window)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, window: int | None) -> Attended:
        """Stores keys and values, and lets the queries meet what is stored.

        Args:
            query: ``[1, tokens, heads, head_size]``, rotated.
            key: ``[1, tokens, kv_heads, head_size]``, rotated.
            value: of the keys' shape.
            window: of the layer.

        Returns:
            What combine() makes the layer's attention of; it holds until the next layer's queries are written.
        """
        method, model = self._method, self._model
        caches = [method.tensor((1, self._context_length, *new.dims[2:]), memory=Memory.CACHE) for new in (key, value)]
        for new, cache in zip((key, value), caches, strict=True):
            method.call("llama::update_cache.out", new, cache, self._positions.start, self._unused, self._unused)
        start, mask = self._positions.start, method.none()
        if self._needs_span(window):
            span = self._spans[window]
            for cache, part in zip(caches, (span.keys, span.values), strict=True):
                self._copy(cache, 1, span.start, part)
            caches = [span.keys, span.values]
            if model.attention_softcap is not None:
                return Attended(query, span)
            start, mask = method.integer(0), span.mask
        method.call(
            "llama::custom_sdpa.out",
            query,
            *caches,
            start,
            mask,
            method.number(0.0),
            method.flag(mask == method.none()),
            method.number(model.attention_scale),
            self._result,
            self._result,
        )
        return Attended(self._result)

    def combine(self, stage: Stage, attended: Attended) -> Value:
        """The layer's attention, ``[1, tokens, heads * head_size]``."""
        rows = stage.take(attended.rows)
        if attended.span is not None:
            rows = self._softcapped(stage, rows, attended.span)
        return stage.reshape(rows, (1, attended.rows.dims[1], self._model.head_count * self._model.head_size))

    def _needs_span(self, window: int | None) -> bool:
        return self._model.attention_softcap is not None or (window is not None and window < self._context_length)

    def _span(self, window: int | None) -> Span:
        method, model, longest = self._method, self._model, self._context_length
        if window is None or window >= longest:
            window, start, size = longest, method.integer(0), longest
        else:
            start, size = method.variable(), min(window - 1 + self._chunk, longest)
            method.call("executorch_prim::sub.Scalar", self._positions.start, method.integer(window - 1), start)
            method.call("executorch_prim::sym_max.Scalar", start, method.integer(0), start)
        positions = np.arange(longest, dtype=np.float32)
        query_positions, key_positions = method.tensor((self._chunk, 1)), method.tensor((1, Bound(size)))
        self._copy(method.constant(positions[:, None]), 0, self._positions.start, query_positions)
        self._copy(method.constant(positions[None, :]), 1, start, key_positions)

        stage = Stage(method)
        distance = stage.subtract(stage.take(query_positions), stage.take(key_positions))
        zero = scalar(stage, 0.0)
        ahead = stage.minimum(distance, zero)
        behind = stage.minimum(stage.subtract(scalar(stage, window - 1), distance), zero)
        mask = method.tensor((self._chunk, Bound(size)))
        stage.give(stage.multiply(stage.add(ahead, behind), scalar(stage, _MASKED)), mask)
        stage.finish()
        part = (1, Bound(size), model.kv_head_count, model.head_size)
        return Span(start, method.tensor(part), method.tensor(part), mask)

    def _copy(self, whole: Tensor, axis: int, start: Slot, part: Tensor) -> None:
        one = self._method.integer(1)
        place = self._method.integer(axis)
        self._method.call("aten::slice_copy.Tensor_out", whole, place, start, self._positions.end, one, part, part)

    def _softcapped(self, stage: Stage, query: Value, span: Span) -> Value:
        model = self._model
        assert model.attention_softcap is not None
        keys, values, mask = map(stage.take, (span.keys, span.values, span.mask))
        groups = model.head_count // model.kv_head_count
        grouped = stage.reshape(query, (query.dims[1], model.kv_head_count, groups, model.head_size))
        scaled = stage.multiply(stage.transpose(grouped, (1, 2, 0, 3)), scalar(stage, model.attention_scale))
        scores = stage.matrix_multiply(scaled, stage.transpose(keys, (2, 0, 3, 1)))
        weights = stage.softmax(stage.add(softcap(stage, scores, model.attention_softcap), mask))
        mixed = stage.matrix_multiply(weights, stage.transpose(values, (2, 0, 1, 3)))
        return stage.transpose(mixed, (2, 0, 1, 3))
