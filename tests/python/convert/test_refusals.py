"""Models and arguments that can't be converted are refused with what is wrong and what would be right."""

from __future__ import annotations

import numpy as np
import pytest

from llmodule.converter.model_file import build_program
from llmodule.errors import ModelFormatError


def test_an_unknown_architecture_is_named_with_the_known_ones(llama):
    llama.architecture = "mamba"
    with pytest.raises(ModelFormatError, match=r"'mamba'.*llama, qwen2, qwen3, gemma2, gemma3, phi3, granite, smollm3"):
        build_program(llama, quant="q4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quant": "q5"}, "quant='q5' is not known; known are q4, mixed, q8, f32"),
        ({"quant": "q4", "context_length": 65}, "context_length=65 is not between 1 and the model's own, 64"),
        ({"quant": "q4", "context_length": 0}, "context_length=0 is not between 1"),
        ({"quant": "q4", "max_prompt_chunk": 0}, "max_prompt_chunk=0 must be at least 1"),
    ],
)
def test_arguments_out_of_range(llama, arguments, message):
    with pytest.raises(ValueError, match=message):
        build_program(llama, **arguments)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("hidden_size", None, "lacks 'hidden_size'"),
        ("hidden_size", "64", "'hidden_size' of the model's description is '64', not a positive integer"),
        ("num_hidden_layers", -1, "'num_hidden_layers'.* is -1"),
        ("num_hidden_layers", 100000, "100000 layers"),
        ("num_hidden_layers", True, "'num_hidden_layers'.* is True"),
        ("num_key_value_heads", 3, "4 query heads can't share 3"),
        ("rms_norm_eps", float("nan"), "'rms_norm_eps'.* is nan"),
        ("eos_token_id", [2, "3"], "'eos_token_id' holds '3'"),
        ("rope_scaling", {"rope_type": "magic"}, "'magic' is not known; known are default, linear, llama3, yarn"),
        ("rope_scaling", {"rope_type": "linear"}, "lacks 'factor'"),
        ("rope_scaling", [1], r"'rope_scaling'.* is \[1\], not an object"),
        ("head_dim", 15, "15 rotated dimensions"),
        ("layer_types", ["full_attention"], "'layer_types' must be a list of 3"),
        ("layer_types", ["full_attention", "linear_attention", "full_attention"], "'linear_attention'"),
    ],
)
def test_damaged_descriptions(llama, field, value, message):
    llama.metadata = {**llama.metadata, field: value}
    with pytest.raises(ModelFormatError, match=message):
        build_program(llama, quant="q4")


def test_a_missing_tensor(llama):
    del llama.arrays["model.layers.1.mlp.up_proj.weight"]
    with pytest.raises(ModelFormatError, match=r"lacks the tensor 'blk.1.ffn_up.weight'"):
        build_program(llama, quant="q4")


def test_a_tensor_of_another_shape(llama):
    llama.arrays["model.layers.2.self_attn.k_proj.weight"] = np.zeros((64, 64), np.float32)
    with pytest.raises(ModelFormatError, match=r"'model.layers.2.self_attn.k_proj.weight' has the shape \(64, 64\)"):
        build_program(llama, quant="q4")


def test_a_tensor_that_the_architecture_does_not_have(llama):
    llama.arrays["model.layers.0.self_attn.q_proj.bias"] = np.zeros(64, np.float32)
    with pytest.raises(ModelFormatError, match=r"no tensor 'model.layers.0.self_attn.q_proj.bias'.*1 such"):
        build_program(llama, quant="q4")


def test_derived_tables_are_ignored(llama):
    llama.arrays["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.zeros(8, np.float32)
    build_program(llama, quant="q4")


@pytest.mark.parametrize("profile", ["portable", "native"])
@pytest.mark.parametrize("quant", ["q4", "q8"])
def test_weights_that_are_not_finite_are_refused_and_leave_no_file(quant, profile, llama, convert_tiny, tmp_path):
    llama.arrays["model.layers.2.mlp.down_proj.weight"][3, 5] = np.inf
    with pytest.raises(ModelFormatError, match=r"model.layers.2.mlp.down_proj.weight can't be quantised: .*infinity"):
        convert_tiny(llama, quant=quant, profile=profile)
    assert list(tmp_path.iterdir()) == []
