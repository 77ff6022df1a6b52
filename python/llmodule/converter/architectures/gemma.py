"""Gemma 2 and 3 (text): norms around both halves of a layer, GeGLU, scaled embeddings, windows in most layers."""

from __future__ import annotations

import math
from dataclasses import replace

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.architectures.windows import with_windows
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters
from llmodule.converter.model.rope import Rope

# GGUF does not say by what the largest model of each generation scales its attention; they are told by their depth.
_SCALED_BY_WIDTH = {"gemma2": 46, "gemma3": 62}


def _common(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    by_width = len(base.layers) == _SCALED_BY_WIDTH.get(fields.architecture)
    default = base.embedding_size / base.head_count if by_width else base.head_size
    return replace(
        base,
        embedding_scale=math.sqrt(base.embedding_size),
        attention_scale=1.0 / math.sqrt(fields.number(None, "query_pre_attn_scalar", default)),
        attention_softcap=fields.optional_number("attn_logit_softcapping", "attn_logit_softcapping"),
        logit_softcap=fields.optional_number("final_logit_softcapping", "final_logit_softcapping"),
    )


def _gemma2(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    return with_windows(_common(base, fields), fields, lambda index: index % 2 == 0)


def _gemma3(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    period = fields.integer(None, "sliding_window_pattern", 6)
    result = with_windows(_common(base, fields), fields, lambda index: (index + 1) % period != 0)
    local = Rope(_local_base(fields), base.head_size)
    return replace(
        result, layers=tuple(replace(layer, rope=local) if layer.window else layer for layer in result.layers)
    )


def _local_base(fields: Fields) -> float:
    parameters = fields.mapping("rope_parameters").get("sliding_attention", {})
    nested = Fields(fields.layout, fields.architecture, parameters)
    older = fields.number("rope.freq_base_swa", "rope_local_base_freq", 10000.0)
    return nested.number(None, "rope_theta", older)


GEMMA2 = Architecture(
    "gemma2",
    ("gemma2",),
    post_norms=True,
    config_norm_offset=1.0,
    activation="gelu_tanh",
    config_names={
        "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    },
    refine=_gemma2,
)
GEMMA3 = replace(
    GEMMA2,
    name="gemma3",
    model_types=("gemma3_text", "gemma3"),
    head_norm=True,
    config_defaults={
        "head_dim": 256,
        "max_position_embeddings": 131072,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "query_pre_attn_scalar": 256,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
    },
    refine=_gemma3,
)
