"""The architectures that can be converted: one small description each."""

from __future__ import annotations

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.architectures.gemma import GEMMA2, GEMMA3
from llmodule.converter.architectures.granite import GRANITE
from llmodule.converter.architectures.llama import LLAMA
from llmodule.converter.architectures.phi3 import PHI3
from llmodule.converter.architectures.qwen import QWEN2, QWEN3
from llmodule.converter.architectures.smollm3 import SMOLLM3
from llmodule.errors import ModelFormatError

__all__ = ["ARCHITECTURES", "Architecture", "find_architecture"]

ARCHITECTURES = (LLAMA, QWEN2, QWEN3, GEMMA2, GEMMA3, PHI3, GRANITE, SMOLLM3)


def find_architecture(name: str) -> Architecture:
    """The description that goes by `name`, GGUF's ``general.architecture`` or config.json's ``model_type``.

    Raises:
        ModelFormatError: naming all that are known.
    """
    for architecture in ARCHITECTURES:
        if name == architecture.name or name in architecture.model_types:
            return architecture
    known = ", ".join(architecture.name for architecture in ARCHITECTURES)
    raise ModelFormatError(f"the architecture {name!r} can't be converted; these can: {known}")
