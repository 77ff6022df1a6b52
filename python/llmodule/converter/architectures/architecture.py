"""The form in which an architecture is described: how it differs from the plain decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters


def _unchanged(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    return base


@dataclass(frozen=True)
class Architecture:
    """A decoder of pre-norm layers with rotary attention and a gated feed-forward network, and what is special to it.

    Attributes:
        name: GGUF's ``general.architecture``.
        model_types: the values of config.json's ``model_type`` that mean it.
        interleaved_gguf: GGUF files hold query and key rows in the order for rotating neighbouring dimensions, not
            dimensions half a head apart.
        attention_bias: query, key and value projections have a bias.
        head_norm: queries and keys are RMS-normalised per head before the rotation.
        post_norms: outputs of attention and feed-forward network are RMS-normalised before they are added.
        fused: one tensor holds query, key and value projections, and one holds gate and up projections.
        config_norm_offset: added to the norms' weights of a Hugging Face model; GGUF's writers have added it already.
        activation: of the gate.
        config_names: Hugging Face's names of a layer's tensors, where they differ from Llama's, and the GGUF names.
        config_defaults: what config.json leaves out where it is the default of the model's class.
        refine: completes the hyperparameters by what only this architecture's description holds.
    """

    name: str
    model_types: tuple[str, ...]
    interleaved_gguf: bool = False
    attention_bias: bool = False
    head_norm: bool = False
    post_norms: bool = False
    fused: bool = False
    config_norm_offset: float = 0.0
    activation: Literal["silu", "gelu_tanh"] = "silu"
    config_names: Mapping[str, str] = field(default_factory=dict)
    config_defaults: Mapping[str, Any] = field(default_factory=dict)
    refine: Callable[[Hyperparameters, Fields], Hyperparameters] = _unchanged
