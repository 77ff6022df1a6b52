"""Makes the reference logits beside it: tiny random models of every architecture, run by transformers in float32.

usage: python make_reference.py

Needs torch and transformers (made with torch 2.13.0 and transformers 5.23.0). Weights are not stored: random_tensor()
makes them again from their names. Each file holds config.json's content, the tensors' shapes, a text and, for some of
its beginnings, the logits behind their last token.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
LENGTHS = (1, 5, 17, 40)

COMMON = {
    "vocab_size": 80,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": [2, 3],
    "pad_token_id": 0,
    "tie_word_embeddings": False,
}
GEMMA = {
    "head_dim": 32,
    "query_pre_attn_scalar": 24,
    "sliding_window": 8,
    "hidden_activation": "gelu_pytorch_tanh",
    "tie_word_embeddings": True,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
LONGROPE = {
    "type": "longrope",
    "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 1.7],
    "long_factor": [1.0, 1.5, 2.0, 3.0, 5.0, 8.0],
}
VARIANTS: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "rope_theta": 10000.0},
    "llama_tied": {"model_type": "llama", "rope_theta": 10000.0, "tie_word_embeddings": True, "num_key_value_heads": 4},
    "llama3": {"model_type": "llama", "rope_theta": 500000.0, "rope_scaling": LLAMA3},
    "llama_linear": {
        "model_type": "llama", "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0},
    },
    "llama_yarn": {
        "model_type": "llama",
        "rope_theta": 10000.0,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
    },
    "mistral": {"model_type": "mistral", "rope_theta": 10000.0, "sliding_window": 8, "head_dim": 32},
    "qwen2": {"model_type": "qwen2", "rope_theta": 1e6, "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", "rope_theta": 1e6, "head_dim": 32},
    "gemma2": {
        "model_type": "gemma2", "rope_theta": 10000.0, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 8.0,
        **GEMMA,
    },
    "gemma3": {
        "model_type": "gemma3_text", "rope_theta": 1e6, "rope_local_base_freq": 10000.0, "num_hidden_layers": 6,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0}, **GEMMA,
    },
    "phi3": {
        "model_type": "phi3", "rope_theta": 10000.0, "rope_scaling": LONGROPE, "partial_rotary_factor": 0.75,
        "original_max_position_embeddings": 32, "sliding_window": 12,
    },
    "granite": {
        "model_type": "granite", "rope_theta": 10000.0, "embedding_multiplier": 6.0, "attention_multiplier": 0.2,
        "residual_multiplier": 0.4, "logits_scaling": 2.0,
    },
    "smollm3": {"model_type": "smollm3", "rope_theta": 1e6, "num_hidden_layers": 4, "no_rope_layers": [1, 1, 1, 0]},
}  # fmt: skip


def random_tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The same float32 numbers for the same name and shape, of the size that weights of this kind have."""
    numbers = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if len(shape) == 2:
        scale = 0.3 if "embed" in name else 1.5 / np.sqrt(shape[1])
        return (numbers * scale).astype(np.float32)
    return (0.3 * numbers + ("norm" in name)).astype(np.float32)


def reference(config: dict[str, Any]) -> dict[str, Any]:
    """Everything that a file holds."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), attn_implementation="eager").eval()
    state = {name: random_tensor(name, tuple(value.shape)) for name, value in model.state_dict().items()}
    if config["tie_word_embeddings"]:
        del state["lm_head.weight"]
    missing = model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
    assert missing.unexpected_keys == []
    assert set(missing.missing_keys) <= {"lm_head.weight"}
    model.tie_weights()
    tokens = np.random.RandomState(0).randint(0, config["vocab_size"], max(LENGTHS)).tolist()
    with torch.no_grad():
        logits = model(torch.tensor([tokens]), use_cache=False).logits[0].numpy()
    return {
        "config": config,
        "tensors": {name: list(value.shape) for name, value in state.items()},
        "tokens": tokens,
        "logits": {str(length): [round(float(x), 5) for x in logits[length - 1]] for length in LENGTHS},
    }


def main() -> None:
    for name, special in VARIANTS.items():
        content = json.dumps(reference({**COMMON, **special}))
        (HERE / f"{name}.json").write_text(content + "\n")


if __name__ == "__main__":
    main()
