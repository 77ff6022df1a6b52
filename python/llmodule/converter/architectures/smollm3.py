"""SmolLM3: every fourth layer has no rotary embedding."""

from __future__ import annotations

from dataclasses import replace

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.model.fields import Fields
from llmodule.converter.model.hyperparameters import Hyperparameters
from llmodule.errors import ModelFormatError

_DEFAULT_INTERVAL = 4


def _unrotated(base: Hyperparameters, fields: Fields) -> Hyperparameters:
    count = len(base.layers)
    interval = fields.integer(None, "no_rope_layer_interval", _DEFAULT_INTERVAL)
    # In config.json's no_rope_layers, against its name, 1 marks the layers that have the rotation.
    rotated = fields.value(None, "no_rope_layers", [(index + 1) % interval != 0 for index in range(count)])
    if not isinstance(rotated, list) or len(rotated) != count:
        raise ModelFormatError(f"'no_rope_layers' must be a list of {count} numbers, one per layer")
    layers = (layer if turns else replace(layer, rope=None) for layer, turns in zip(base.layers, rotated, strict=True))
    return replace(base, layers=tuple(layers))


SMOLLM3 = Architecture("smollm3", ("smollm3",), interleaved_gguf=True, refine=_unrotated)
