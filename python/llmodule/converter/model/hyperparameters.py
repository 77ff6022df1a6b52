"""The numbers that describe a decoder, read from either layout's description."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmodule.converter.model.fields import Fields
from llmodule.converter.model.rope import Rope
from llmodule.converter.model.rope_fields import read_rope
from llmodule.converter.source import TensorSource
from llmodule.errors import ModelFormatError


@dataclass(frozen=True)
class Layer:
    """What may differ from layer to layer.

    Attributes:
        rope: the rotation of queries and keys; None: none.
        window: tokens that a query attends to at most, its own included; None: all before it.
    """

    rope: Rope | None
    window: int | None = None


@dataclass(frozen=True)
class Hyperparameters:
    """A decoder's sizes and factors.

    Attributes:
        name: the model's, for people; may be empty.
        vocabulary_size: rows of the embedding, and logits per token.
        embedding_size: width of the residual stream.
        feed_forward_size: width inside the gated feed-forward network.
        head_count: query heads.
        kv_head_count: key and value heads; each serves head_count / kv_head_count query heads.
        head_size: dimensions of a head.
        norm_epsilon: added to the mean square in RMSNorm.
        training_context: positions that the model was trained on.
        layers: bottom to top.
        attention_scale: factor on the products of queries and keys.
        attention_softcap: c in c * tanh(x / c), applied to the scaled products; None: not applied.
        logit_softcap: the same for the logits.
        embedding_scale: factor on token embeddings.
        residual_scale: factor on what attention and feed-forward network add to the residual stream.
        logit_scale: factor on the logits.
        bos_id: token that begins a text, if there is one.
        eos_ids: tokens that end one.
    """

    name: str
    vocabulary_size: int
    embedding_size: int
    feed_forward_size: int
    head_count: int
    kv_head_count: int
    head_size: int
    norm_epsilon: float
    training_context: int
    layers: tuple[Layer, ...]
    attention_scale: float
    attention_softcap: float | None = None
    logit_softcap: float | None = None
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_scale: float = 1.0
    bos_id: int | None = None
    eos_ids: tuple[int, ...] = ()


_MAX_LAYERS = 1024
_EOS_KEYS = tuple(f"tokenizer.ggml.{kind}_token_id" for kind in ("eos", "eot", "eom"))


def read_hyperparameters(
    fields: Fields, source: TensorSource, *, vocabulary_size: int, context_length: int
) -> Hyperparameters:
    """What all architectures have in common; an architecture's own reader adds what is special to it.

    Args:
        fields: the description.
        source: the tensors, of which only small ones are read.
        vocabulary_size: rows of the embedding.
        context_length: positions that will be used.

    Raises:
        ModelFormatError: where a field is missing, has the wrong type, or contradicts another.
    """
    embedding_size = fields.integer("embedding_length", "hidden_size")
    head_count = fields.integer("attention.head_count", "num_attention_heads")
    kv_head_count = fields.integer("attention.head_count_kv", "num_key_value_heads", head_count)
    head_size = fields.integer("attention.key_length", "head_dim", max(embedding_size // head_count, 1))
    layer_count = fields.integer("block_count", "num_hidden_layers")
    training_context = fields.integer("context_length", "max_position_embeddings")
    if head_count % kv_head_count:
        raise ModelFormatError(f"{head_count} query heads can't share {kv_head_count} key and value heads evenly")
    if layer_count > _MAX_LAYERS:
        raise ModelFormatError(
            f"the model's description claims {layer_count} layers; at most {_MAX_LAYERS} are believed"
        )
    rope = read_rope(fields, source, head_size=head_size, context_length=context_length)
    bos = fields.ids(("tokenizer.ggml.bos_token_id",), "bos_token_id")
    return Hyperparameters(
        name=str(fields.value("general.name", "_name_or_path", "")),
        vocabulary_size=vocabulary_size,
        embedding_size=embedding_size,
        feed_forward_size=fields.integer("feed_forward_length", "intermediate_size"),
        head_count=head_count,
        kv_head_count=kv_head_count,
        head_size=head_size,
        norm_epsilon=fields.number("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
        training_context=training_context,
        layers=(Layer(rope),) * layer_count,
        attention_scale=1.0 / math.sqrt(head_size),
        bos_id=bos[0] if bos else None,
        eos_ids=fields.ids(_EOS_KEYS, "eos_token_id"),
    )
