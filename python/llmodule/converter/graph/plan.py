"""What the builders of all profiles are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmodule.converter.architectures import Architecture
from llmodule.converter.model.hyperparameters import Hyperparameters
from llmodule.converter.source import FloatArray
from llmodule.converter.weights.checkpoint import Checkpoint


@dataclass(frozen=True)
class Plan:
    """A model, and what is chosen when it is converted.

    Attributes:
        checkpoint: its weights.
        model: its description.
        architecture: what is special to its kind.
        context_length: positions that the KV cache holds.
        max_prompt_chunk: tokens that one call takes at most.
        scheme: how weights are stored.
        kv_cache: how keys and values are stored: "f16", "f32" or "int8".
        threads: for quantising; 0: one per core.
    """

    checkpoint: Checkpoint
    model: Hyperparameters
    architecture: Architecture
    context_length: int
    max_prompt_chunk: int
    scheme: str
    kv_cache: str
    threads: int


def importance_behind(norm: FloatArray | None) -> FloatArray | None:
    """How much the error of each input's weights counts in a linear layer behind a norm; None: all alike.

    There, inputs are of the magnitude of the norm's weights, and so is the harm that an error does.
    """
    return None if norm is None else np.square(norm)
