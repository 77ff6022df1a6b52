"""What only native files have: rows of logits, a float16 cache, packed panels, sizes that fill these up."""

from __future__ import annotations

import numpy as np
import pytest

from llmodule import _native
from llmodule.converter.model_file import build_program, write_model


def logits(path, tokens, *, chunk=16):
    """Those behind every token."""
    model = _native.Model(str(path), threads=1)
    rows = [
        model.step(tokens[at : at + chunk], position=at, rows=len(tokens[at : at + chunk]))
        for at in range(0, len(tokens), chunk)
    ]
    return np.concatenate(rows)


def test_files_say_what_they_are(llama, convert_tiny):
    info = _native.Model(str(convert_tiny(llama, quant="mixed", profile="native"))).info
    assert info.metadata["get_profile"] == "native"
    assert (info.metadata["get_logits_rows"], info.logits_rows) == ("16", 16)
    info = _native.Model(str(convert_tiny(llama, quant="mixed"))).info
    assert (info.metadata["get_profile"], info.logits_rows) == ("portable", 1)


@pytest.mark.parametrize("name", ["llama", "gemma3", "phi3"])
def test_every_row_of_a_chunk_has_its_logits(name, tiny_model, convert_tiny):
    model = tiny_model(name)
    path = convert_tiny(model.source, quant="f32", profile="native", kv_cache="f32")
    rows = logits(path, model.tokens)
    assert np.abs(rows - logits(path, model.tokens, chunk=1)).max() < 1e-4
    for length, wanted in model.logits.items():
        assert np.abs(rows[length - 1] - wanted).max() < 1e-4


def test_prompts_longer_than_the_rows_of_logits(llama, tiny_model, tmp_path):
    model = tiny_model("llama")
    program = build_program(llama, quant="f32", profile="native", kv_cache="f32", max_prompt_chunk=40)
    write_model(program, tmp_path / "model.pte")
    last = _native.Model(str(tmp_path / "model.pte")).step(model.tokens, position=0, rows=16)
    assert np.abs(last[-1] - model.logits[40]).max() < 1e-4
    one = build_program(llama, quant="f32", profile="native", kv_cache="f32", max_prompt_chunk=1)
    write_model(one, tmp_path / "one.pte")
    assert np.abs(last - logits(tmp_path / "one.pte", model.tokens, chunk=1)[24:]).max() < 1e-4


@pytest.mark.parametrize("name", ["llama", "gemma2", "qwen3"])
def test_a_float16_cache_changes_little(name, tiny_model, convert_tiny, tmp_path):
    model = tiny_model(name)
    half = convert_tiny(model.source, quant="f32", profile="native").rename(tmp_path / "half.pte")
    found = logits(half, model.tokens)
    wanted = logits(convert_tiny(model.source, quant="f32", profile="native", kv_cache="f32"), model.tokens)
    assert 0 < np.abs(found - wanted).max() < 0.02 * np.std(wanted)


@pytest.mark.parametrize("inner", [72, 90])
def test_sizes_that_fill_no_panel_or_group(inner, llama, tiny_model, convert_tiny, tmp_path):
    tokens = tiny_model("llama").tokens
    llama.metadata = {**llama.metadata, "intermediate_size": inner, "vocab_size": 71}
    for name, array in llama.arrays.items():
        if "down_proj" in name:
            llama.arrays[name] = np.ascontiguousarray(array[:, :inner])
        elif "gate_proj" in name or "up_proj" in name:
            llama.arrays[name] = array[:inner]
        elif "embed_tokens" in name or "lm_head" in name:
            llama.arrays[name] = array[:71]
    tokens = [token % 71 for token in tokens]
    model = _native.Model(str(convert_tiny(llama, quant="f32").rename(tmp_path / "portable.pte")))
    wanted = [model.step([token], position=position) for position, token in enumerate(tokens)]
    found = logits(convert_tiny(llama, quant="f32", profile="native", kv_cache="f32"), tokens)
    assert found.shape == (40, 71)
    assert np.abs(found - wanted).max() < 1e-4
    found = logits(convert_tiny(llama, quant="q8", profile="native"), tokens)
    assert np.sqrt(np.mean((found - wanted) ** 2)) < 0.5 * np.std(wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "mobile"}, "profile='mobile' is not known; known are portable, native"),
        ({"profile": "portable", "kv_cache": "f16"}, "kv_cache='f16' is not known to the portable profile"),
        ({"profile": "native", "kv_cache": "q8"}, "kv_cache='q8' is not known to the native profile"),
    ],
)
def test_wrong_arguments(llama, options, message):
    with pytest.raises(ValueError, match=message):
        build_program(llama, quant="q4", **options)


def test_a_matrix_that_is_too_large_for_a_tensor(llama):
    # Its elements are not there: they would be read later.
    rows = 1 << 24
    llama.metadata = {**llama.metadata, "tie_word_embeddings": True}
    del llama.arrays["lm_head.weight"]
    llama.arrays["model.embed_tokens.weight"] = np.broadcast_to(np.float32(0), (rows, 64))
    with pytest.raises(ValueError, match=r"model.embed_tokens.weight takes 4294967296 bytes with quant='f32'"):
        build_program(llama, quant="f32", profile="native")
    build_program(llama, quant="q4", profile="native")
