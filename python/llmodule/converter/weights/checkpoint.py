"""A model's weights under GGUF's names and in one order, whatever the source calls them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from llmodule.converter.architectures import Architecture
from llmodule.converter.model.hyperparameters import Hyperparameters
from llmodule.converter.source import FloatArray, TensorSource
from llmodule.converter.weights.matrix import Matrix, stored
from llmodule.errors import ModelFormatError

_TOP_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}
_LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_EMBEDDING = "embed_tokens.weight"
# Tables that follow from the description, which some files hold nevertheless.
_DERIVED = re.compile(r"rotary_emb\.inv_freq$|^rope_(freqs|factors_long|factors_short)\.weight$")


@dataclass(frozen=True)
class LayerWeights:
    """One layer: linear layers ``[out, in]``, biases ``[out]``, norms ``[in]``; None where it has none.

    Query and key rows are in the order that rotates the dimensions d and d + size/2 of a head.
    """

    attention_norm: FloatArray
    query: Matrix
    key: Matrix
    value: Matrix
    attention_bias: FloatArray | None
    query_norm: FloatArray | None
    key_norm: FloatArray | None
    output: Matrix
    attention_post_norm: FloatArray | None
    feed_forward_norm: FloatArray
    gate: Matrix
    up: Matrix
    down: Matrix
    feed_forward_post_norm: FloatArray | None


class Checkpoint:
    """The weights of one model."""

    def __init__(self, source: TensorSource, architecture: Architecture) -> None:
        self._source = source
        self._architecture = architecture
        self._names = dict(self._canonical_names())
        self._unread = set(self._names)

    def vocabulary_size(self) -> int:
        """Rows of the embedding."""
        return self._shape("token_embd.weight")[0]

    @property
    def is_tied(self) -> bool:
        """Whether the output layer's weight is the embedding."""
        return "output.weight" not in self._names

    def embedding(self, model: Hyperparameters, factor: float = 1.0) -> Matrix:
        """The embedding ``[vocabulary, embedding]`` times `factor`."""
        return self._matrix("token_embd.weight", model.vocabulary_size, model.embedding_size, factor)

    def head(self, model: Hyperparameters) -> Matrix:
        """The output layer ``[vocabulary, embedding]``."""
        name = "token_embd.weight" if self.is_tied else "output.weight"
        return self._matrix(name, model.vocabulary_size, model.embedding_size)

    def output_norm(self, model: Hyperparameters) -> FloatArray:
        """The weight of the norm before the output layer, times the factor on the logits."""
        norm: FloatArray = self._norm("output_norm", model.embedding_size) * np.float32(model.logit_scale)
        return norm

    def layer(self, model: Hyperparameters, index: int) -> LayerWeights:
        """The layer `index`, counted from the bottom, from 0."""
        size, inner = model.embedding_size, model.feed_forward_size
        heads, kv_heads = model.head_count * model.head_size, model.kv_head_count * model.head_size
        prefix, wanted = f"blk.{index}.", self._architecture
        if wanted.fused:
            both = self._matrix(f"{prefix}attn_qkv.weight", heads + 2 * kv_heads, size)
            bounds = (0, heads, heads + kv_heads, heads + 2 * kv_heads)
            query, key, value = (both.rows(*pair) for pair in itertools.pairwise(bounds))
            both = self._matrix(f"{prefix}ffn_up.weight", 2 * inner, size)
            gate, up = both.rows(0, inner), both.rows(inner, 2 * inner)
        else:
            query = self._matrix(f"{prefix}attn_q.weight", heads, size)
            key = self._matrix(f"{prefix}attn_k.weight", kv_heads, size)
            value = self._matrix(f"{prefix}attn_v.weight", kv_heads, size)
            gate = self._matrix(f"{prefix}ffn_gate.weight", inner, size)
            up = self._matrix(f"{prefix}ffn_up.weight", inner, size)
        rope = model.layers[index].rope
        if self._interleaved and rope is not None:
            query = query.deinterleaved(model.head_size, rope.size)
            key = key.deinterleaved(model.head_size, rope.size)
        bias = None
        if wanted.attention_bias:
            sizes = {"q": heads, "k": kv_heads, "v": kv_heads}
            bias = np.concatenate([self._vector(f"{prefix}attn_{kind}.bias", length) for kind, length in sizes.items()])
        head_norms, post_norms = wanted.head_norm, wanted.post_norms
        return LayerWeights(
            attention_norm=self._norm(f"{prefix}attn_norm", size),
            query=query,
            key=key,
            value=value,
            attention_bias=bias,
            query_norm=self._norm(f"{prefix}attn_q_norm", model.head_size) if head_norms else None,
            key_norm=self._norm(f"{prefix}attn_k_norm", model.head_size) if head_norms else None,
            output=self._matrix(f"{prefix}attn_output.weight", size, heads, model.residual_scale),
            attention_post_norm=self._norm(f"{prefix}post_attention_norm", size) if post_norms else None,
            feed_forward_norm=self._norm(f"{prefix}ffn_norm", size),
            gate=gate,
            up=up,
            down=self._matrix(f"{prefix}ffn_down.weight", size, inner, model.residual_scale),
            feed_forward_post_norm=self._norm(f"{prefix}post_ffw_norm", size) if post_norms else None,
        )

    def check_all_read(self) -> None:
        """Raises ModelFormatError where the source has tensors of this model that no one asked for."""
        if left := sorted(self._names[name] for name in self._unread):
            raise ModelFormatError(
                f"{self._architecture.name} models have no tensor {left[0]!r}, which this one has "
                f"({len(left)} such tensors in all): it is a variant that the converter does not know"
            )

    @property
    def _interleaved(self) -> bool:
        return self._source.layout == "gguf" and self._architecture.interleaved_gguf

    def _canonical_names(self) -> Iterator[tuple[str, str]]:
        names = [name for name in self._source.names() if not _DERIVED.search(name)]
        if self._source.layout == "gguf":
            yield from ((name, name) for name in names)
            return
        # The language model of a multimodal one sits below a prefix of its own.
        embedding = next((name for name in names if name.endswith(_EMBEDDING)), _EMBEDDING)
        prefix = embedding.removesuffix(_EMBEDDING)
        layer_names = {**_LAYER_NAMES, **self._architecture.config_names}
        for name in names:
            inner, _, kind = name.removeprefix(prefix).rpartition(".")
            layer = re.fullmatch(r"layers\.(\d+)\.(.+)", inner)
            if layer:
                yield f"blk.{layer[1]}.{layer_names.get(layer[2], layer[2])}.{kind}", name
            elif name.startswith(prefix) or inner == "lm_head" or inner.endswith(".lm_head"):
                yield f"{_TOP_NAMES.get(inner.rpartition('.')[2], inner)}.{kind}", name

    def _shape(self, name: str) -> tuple[int, ...]:
        if name not in self._names:
            raise ModelFormatError(f"the model lacks the tensor {name!r}, which {self._architecture.name} models have")
        self._unread.discard(name)
        return self._source.shape(self._names[name])

    def _check_shape(self, name: str, *wanted: int) -> None:
        shape = self._shape(name)
        if shape != wanted:
            raise ModelFormatError(f"the tensor {self._names[name]!r} has the shape {shape}; expected is {wanted}")

    def _matrix(self, name: str, out_size: int, in_size: int, factor: float = 1.0) -> Matrix:
        self._check_shape(name, out_size, in_size)
        return stored(self._source, self._names[name], factor)

    def _vector(self, name: str, size: int) -> FloatArray:
        self._check_shape(name, size)
        return self._source.load(self._names[name])

    def _norm(self, name: str, size: int) -> FloatArray:
        weight = self._vector(f"{name}.weight", size)
        if self._source.layout == "huggingface" and self._architecture.config_norm_offset:
            weight = weight + np.float32(self._architecture.config_norm_offset)
        return weight
