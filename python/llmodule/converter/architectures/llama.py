"""Llama 2 and 3, and what has their form: Mistral, SmolLM2, TinyLlama."""

from __future__ import annotations

from llmodule.converter.architectures.architecture import Architecture
from llmodule.converter.architectures.windows import with_windows

LLAMA = Architecture(
    "llama",
    ("llama", "mistral"),
    interleaved_gguf=True,
    refine=lambda base, fields: with_windows(base, fields, lambda index: True),
)
