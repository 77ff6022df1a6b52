"""Granite 3: factors on embeddings, residuals, attention and logits."""

from __future__ import annotations

from dataclasses import replace

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters


def _factors(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    return replace(
        base,
        embedding_scale=fields.number("embedding_scale", "embedding_multiplier", 1.0),
        residual_scale=fields.number("residual_scale", "residual_multiplier", 1.0),
        attention_scale=fields.number("attention.scale", "attention_multiplier", base.attention_scale),
        logit_scale=1.0 / fields.number("logit_scale", "logits_scaling", 1.0),
    )


GRANITE = Architecture("granite", ("granite",), interleaved_gguf=True, refine=_factors)
