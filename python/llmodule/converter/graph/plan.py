"""What the builders of all profiles are given."""

from __future__ import annotations

from dataclasses import dataclass

from llmodule.converter.architectures import Architecture
from llmodule.converter.model.hyperparameters import Hyperparameters
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
        cache_dtype: of the KV cache, "float32" or "float16".
        threads: for quantising; 0: one per core.
    """

    checkpoint: Checkpoint
    model: Hyperparameters
    architecture: Architecture
    context_length: int
    max_prompt_chunk: int
    scheme: str
    cache_dtype: str
    threads: int
