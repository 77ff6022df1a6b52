"""Every architecture against transformers' float32 logits, from both layouts, at every quantisation."""

from __future__ import annotations

import math
from pathlib import Path

import gguf
import numpy as np
import pytest

from llmodule import _native

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "data" / "convert").glob("*.json"))

# float32 throughout, in both profiles.
EXACT = ({"profile": "portable", "quant": "f32"}, {"profile": "native", "quant": "f32", "kv_cache": "f32"})
PROFILES = ("portable", "native")

# What rounding does to these models' logits at most, relative to their spread; unrelated answers differ by 1.4.
NOISE = 0.5


def stepper(path):
    model = _native.Model(str(path), threads=1)
    return lambda tokens, position: model.step(tokens, position=position)


def worst(found, wanted):
    return max(float(np.abs(a - b).max()) for a, b in zip(found, wanted, strict=True))


def test_there_is_a_reference_of_every_architecture():
    from llmodule.converter.architectures import ARCHITECTURES

    assert {name.partition("_")[0] for name in NAMES} >= {architecture.name for architecture in ARCHITECTURES}


def profile_of(options):
    return options["profile"]


@pytest.mark.parametrize("options", EXACT, ids=profile_of)
@pytest.mark.parametrize("name", NAMES)
def test_float32_logits_are_those_of_transformers(name, options, tiny_model, convert_tiny, logits_after):
    model = tiny_model(name)
    step = stepper(convert_tiny(model.source, **options))
    assert worst(logits_after(step, model.tokens, model.logits), model.logits.values()) < 1e-4


@pytest.mark.parametrize("options", EXACT, ids=profile_of)
@pytest.mark.parametrize("name", NAMES)
def test_one_token_at_a_time_gives_the_same(name, options, tiny_model, convert_tiny):
    model = tiny_model(name)
    step = stepper(convert_tiny(model.source, **options))
    for position, token in enumerate(model.tokens):
        logits = step([token], position)
        if position + 1 in model.logits:
            assert worst([logits], [model.logits[position + 1]]) < 1e-4


@pytest.mark.parametrize("options", EXACT, ids=profile_of)
@pytest.mark.parametrize("name", NAMES)
def test_gguf_layout_gives_the_same(name, options, tiny_model, convert_tiny, logits_after):
    model = tiny_model(name)
    step = stepper(convert_tiny(as_gguf(model.source), **options))
    assert worst(logits_after(step, model.tokens, model.logits), model.logits.values()) < 1e-4


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", NAMES)
def test_8_bits_are_close(name, profile, tiny_model, convert_tiny, logits_after):
    model = tiny_model(name)
    step = stepper(convert_tiny(model.source, quant="q8", profile=profile))
    for found, wanted in zip(logits_after(step, model.tokens, model.logits), model.logits.values(), strict=True):
        assert np.sqrt(np.mean((found - wanted) ** 2)) < NOISE * np.std(wanted)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("quant", ["q4", "mixed"])
@pytest.mark.parametrize("name", NAMES)
def test_4_bits_lose_nothing_that_they_can_hold(name, quant, profile, tiny_model, convert_tiny, logits_after):
    # Rounding to 4 bits changes a tiny random model beyond recognition, so this one is rounded beforehand.
    model = tiny_model(name)
    source = representable(model.source)
    step = stepper(convert_tiny(source, quant=quant, profile=profile))
    found = logits_after(step, model.tokens, model.logits)
    wanted = logits_after(stepper(convert_tiny(source, quant="f32")), model.tokens, model.logits)
    for a, b in zip(found, wanted, strict=True):
        assert np.sqrt(np.mean((a - b) ** 2)) < NOISE * np.std(b)


GGUF_KEYS = {
    "max_position_embeddings": "context_length",
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "sliding_window": "attention.sliding_window",
    "rope_theta": "rope.freq_base",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "embedding_multiplier": "embedding_scale",
    "residual_multiplier": "residual_scale",
    "attention_multiplier": "attention.scale",
    "logits_scaling": "logit_scale",
}
GGUF_ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3"}
PERMUTED = ("llama", "granite", "smollm3")


def as_gguf(source):
    """The same model as llama.cpp's convert_hf_to_gguf.py would write it."""
    config, name = source.metadata, GGUF_ARCHITECTURES.get(source.architecture, source.architecture)
    kinds = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(kinds[name], config["num_hidden_layers"])
    metadata = {f"{name}.{GGUF_KEYS[key]}": value for key, value in config.items() if key in GGUF_KEYS}
    metadata |= {"tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.eot_token_id": 3}
    arrays = {}
    for key, array in source.arrays.items():
        if name.startswith("gemma") and "norm" in key:
            array = array + np.float32(1)
        for projection, heads in (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads")):
            if projection in key and name in PERMUTED:
                count = config[heads]
                array = array.reshape(count, 2, -1, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
        arrays[names.get_name(key, try_suffixes=(".weight", ".bias"))] = array
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    add_rope_scaling(metadata, arrays, name, scaling, config)
    return type(source)("gguf", name, metadata, arrays)


def add_rope_scaling(metadata, arrays, name, scaling, config):
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "llama3":
        arrays["rope_freqs.weight"] = llama3_factors(scaling, 16, config["rope_theta"])
    elif kind == "longrope":
        ratio = config["max_position_embeddings"] / config["original_max_position_embeddings"]
        metadata |= {
            f"{name}.rope.dimension_count": 12,
            f"{name}.rope.scaling.original_context_length": config["original_max_position_embeddings"],
            f"{name}.rope.scaling.attn_factor": math.sqrt(
                1 + math.log(ratio) / math.log(config["original_max_position_embeddings"])
            ),
        }
        for length in ("long", "short"):
            arrays[f"rope_factors_{length}.weight"] = np.array(scaling[f"{length}_factor"], np.float32)
    elif kind:
        metadata |= {f"{name}.rope.scaling.type": kind, f"{name}.rope.scaling.factor": scaling["factor"]}
        if original := scaling.get("original_max_position_embeddings"):
            metadata[f"{name}.rope.scaling.original_context_length"] = original
    if "rope_theta" in scaling:
        metadata[f"{name}.rope.freq_base"] = scaling["rope_theta"]
    if name.startswith("gemma"):
        # GGUF has no key for query_pre_attn_scalar, so these queries are scaled by what it makes a difference.
        factor = np.float32(math.sqrt(config["head_dim"] / config["query_pre_attn_scalar"]))
        kind = "attn_q_norm.weight" if name == "gemma3" else "attn_q.weight"
        arrays |= {key: array * factor for key, array in arrays.items() if kind in key}


def llama3_factors(scaling, size, base):
    """By the formula of Llama 3.1's reference implementation."""
    low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
    high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    factors = []
    for frequency in base ** (-np.arange(0, size, 2) / size):
        wavelength = 2 * math.pi / frequency
        if wavelength < high:
            factors.append(1.0)
        elif wavelength > low:
            factors.append(scaling["factor"])
        else:
            smooth = scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]
            smooth /= scaling["high_freq_factor"] - scaling["low_freq_factor"]
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, np.float32)


def representable(source):
    """The model with every weight matrix rounded to what groups of 4 bits with an offset can hold."""

    def rounded(array):
        groups = array.reshape(-1, 32)
        low, high = groups.min(axis=1, keepdims=True), groups.max(axis=1, keepdims=True)
        scales = (high - low) / 15
        return (low + np.rint((groups - low) / scales) * scales).reshape(array.shape).astype(np.float32)

    arrays = {key: rounded(array) if array.ndim == 2 else array for key, array in source.arrays.items()}
    return type(source)(source.layout, source.architecture, source.metadata, arrays)
