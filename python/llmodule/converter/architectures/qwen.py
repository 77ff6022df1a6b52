"""Qwen 2 and 2.5 have biases on queries, keys and values, Qwen 3 has norms on queries and keys."""

from __future__ import annotations

from dataclasses import replace

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.architectures.windows import with_windows
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters


def _windows(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    if not fields.flag(None, "use_sliding_window", False):
        return base
    first = fields.integer(None, "max_window_layers", len(base.layers))
    return with_windows(base, fields, lambda index: index >= first)


QWEN2 = Architecture("qwen2", ("qwen2",), attention_bias=True, refine=_windows)
QWEN3 = replace(QWEN2, name="qwen3", model_types=("qwen3",), attention_bias=False, head_norm=True)
