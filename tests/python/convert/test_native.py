"""What only native files have: rows of logits, float16 and int8 caches, packed panels, sizes that fill these up."""

from __future__ import annotations

import numpy as np
import pytest

from llmodule import _native
from llmodule.converter.graph.native import decoder
from llmodule.converter.model_file import build_program, write_model
from llmodule.errors import ExecutionError

SMALL_CACHES = ("f16", "int8")


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
    assert info.metadata["get_kv_cache"] == "f16"
    info = _native.Model(str(convert_tiny(llama, quant="mixed", profile="native", kv_cache="int8"))).info
    assert info.metadata["get_kv_cache"] == "int8"
    info = _native.Model(str(convert_tiny(llama, quant="mixed"))).info
    assert (info.metadata["get_profile"], info.logits_rows) == ("portable", 1)
    assert info.metadata["get_kv_cache"] == "f32"


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


@pytest.mark.parametrize("name", ["llama", "gemma2", "gemma3", "phi3", "qwen3"])
@pytest.mark.parametrize(("kv_cache", "bound"), [("f16", 0.004), ("int8", 0.1)])
def test_a_small_cache_changes_little(name, kv_cache, bound, tiny_model, convert_tiny, tmp_path):
    model = tiny_model(name)
    small = convert_tiny(model.source, quant="f32", profile="native", kv_cache=kv_cache).rename(tmp_path / "small.pte")
    found = logits(small, model.tokens)
    wanted = logits(convert_tiny(model.source, quant="f32", profile="native", kv_cache="f32"), model.tokens)
    assert 0 < np.sqrt(np.mean((found - wanted) ** 2)) < bound * np.std(wanted)


@pytest.mark.parametrize("kv_cache", SMALL_CACHES)
def test_an_int8_cache_takes_about_half(kv_cache, llama):
    program = build_program(llama, quant="f32", profile="native", kv_cache=kv_cache, context_length=64)
    config = llama.metadata
    size = config["hidden_size"] // config["num_attention_heads"]
    head = {"f16": 2 * size, "int8": size + 4}[kv_cache]
    per_token = 2 * config["num_hidden_layers"] * config["num_key_value_heads"] * head
    assert program.methods[0].plan().nonConstBufferSizes[-1] == 64 * per_token


@pytest.mark.parametrize("name", ["llama", "gemma3"])
@pytest.mark.parametrize("kv_cache", SMALL_CACHES)
def test_a_rewound_cache_gives_the_same_bits(name, kv_cache, tiny_model, convert_tiny):
    source = tiny_model(name)
    path = convert_tiny(source.source, quant="q8", profile="native", kv_cache=kv_cache)
    wanted = logits(path, source.tokens, chunk=8)
    model = _native.Model(str(path), threads=1)
    for at in range(0, 40, 8):  # other tokens everywhere, some of them behind the new ones
        model.step(source.tokens[::-1][at : at + 8], position=at)
    for at in range(0, 40, 8):
        assert np.array_equal(model.step(source.tokens[at : at + 8], position=at, rows=8), wanted[at : at + 8])
        if at == 16:
            model.step(source.tokens[::-1][:8], position=24)  # a guess that is taken back


@pytest.mark.parametrize("name", ["llama", "gemma3"])
@pytest.mark.parametrize("kv_cache", SMALL_CACHES)
def test_rows_do_not_depend_on_how_many_run_at_once(name, kv_cache, tiny_model, convert_tiny):
    model = tiny_model(name)
    path = convert_tiny(model.source, quant="q8", profile="native", kv_cache=kv_cache)
    assert np.array_equal(logits(path, model.tokens, chunk=5), logits(path, model.tokens, chunk=1))


@pytest.mark.parametrize("kv_cache", SMALL_CACHES)
def test_the_context_may_be_filled(kv_cache, llama, tiny_model, convert_tiny):
    tokens = (tiny_model("llama").tokens * 2)[:64]
    path = convert_tiny(llama, quant="f32", profile="native", kv_cache=kv_cache)
    assert np.isfinite(logits(path, tokens)).all()
    with pytest.raises(ValueError, match="go beyond the context of 64"):
        _native.Model(str(path)).step(tokens[:2], position=63)


def test_a_cache_of_an_unknown_type_is_refused(llama, convert_tiny, monkeypatch):
    monkeypatch.setitem(decoder._CACHES, "int8", (np.uint8, 4))
    model = _native.Model(str(convert_tiny(llama, quant="f32", profile="native", kv_cache="int8")))
    with pytest.raises(ExecutionError, match="InvalidArgument"):
        model.step([1], position=0)


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
        (
            {"profile": "native", "kv_cache": "q8"},
            "kv_cache='q8' is not known to the native profile; it has f16, f32, int8",
        ),
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
