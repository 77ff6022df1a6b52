"""convert(): files in, files out."""

from __future__ import annotations

import hashlib
import json

import gguf
import numpy as np
import pytest

from llmodule import _native
from llmodule.cli import main
from llmodule.converter.conversion import convert
from llmodule.errors import ModelFormatError, ResourceError

KINDS = gguf.GGMLQuantizationType
WORDS = ["<|end|>", "<s>", "</s>", "ab", *(chr(code) for code in range(33, 109))]


@pytest.fixture
def gguf_file(llama, tmp_path):
    """The tiny Llama with a byte-level vocabulary, as the gguf package writes it."""
    return write_gguf(tmp_path / "source" / "tiny.gguf", llama, lambda name: KINDS.F16)


def write_gguf(path, llama, kind_of):
    """Writes the model with the matrices' types that `kind_of` gives to GGUF's names."""
    path.parent.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    config = llama.metadata
    writer.add_name("Tiny")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(WORDS)
    writer.add_token_types([3, 3, 3, *[1] * (len(WORDS) - 3)])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for key, array in llama.arrays.items():
        name = names.get_name(key, try_suffixes=(".weight",))
        kind = kind_of(name) if array.ndim == 2 else KINDS.F32
        writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_file_becomes_a_model_with_its_tokenizer(gguf_file, tmp_path):
    seen: list[float] = []
    output = convert(gguf_file, tmp_path / "model.pte", quant="q8", context_length=32, progress=seen.append)
    info = _native.Model(str(output)).info
    assert (info.context_length, info.vocab_size, info.eos_ids) == (32, len(WORDS), [2])
    assert info.metadata["model_name"] == "Tiny"
    assert info.metadata["source_hash"] == hashlib.sha256(gguf_file.read_bytes()).hexdigest()
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"]["</s>"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "source", "model.pte", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
    }  # fmt: skip


@pytest.mark.parametrize("profile", ["portable", "native"])
@pytest.mark.parametrize("kind", [KINDS.Q4_0, KINDS.Q4_1, KINDS.Q5_1, KINDS.Q8_0])
def test_mixed_keeps_the_precision_that_a_file_has_chosen(kind, profile, llama, tiny_model, tmp_path):
    def is_sensitive(name):
        return "ffn_down" in name or "attn_v" in name

    source = write_gguf(tmp_path / "a.gguf", llama, lambda name: kind if is_sensitive(name) else KINDS.Q4_1)
    tokens = tiny_model("llama").tokens[:16]

    def distance(quant):
        found, wanted = (
            _native.Model(str(convert(source, tmp_path / "model.pte", quant=name, profile=profile))).step(
                tokens, position=0
            )
            for name in (quant, "f32")
        )
        return np.sqrt(np.mean((found - wanted) ** 2)) / np.std(wanted)

    # Inputs are rounded nevertheless, more so in portable files.
    assert distance("mixed") < (0.1 if profile == "native" else 0.3)
    if kind is KINDS.Q8_0 and profile == "native":
        assert distance("q4") > 2 * distance("mixed")


def test_threads_do_not_change_the_result(gguf_file, tmp_path):
    one, many = (convert(gguf_file, tmp_path / f"{count}.pte", quant="q4", threads=count) for count in (1, 3))
    assert one.read_bytes() == many.read_bytes()


def test_a_truncated_file_is_refused_and_nothing_is_written(gguf_file, tmp_path):
    gguf_file.write_bytes(gguf_file.read_bytes()[:-1000])
    with pytest.raises(ModelFormatError):
        convert(gguf_file, tmp_path / "model.pte")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_folder_that_does_not_exist_is_named(gguf_file, tmp_path):
    with pytest.raises(ResourceError, match=r"nowhere/model.pte can't be written: No such file"):
        convert(gguf_file, tmp_path / "nowhere" / "model.pte")


def test_the_command(gguf_file, tmp_path, capsys):
    output = tmp_path / "model.pte"
    assert main(["convert", str(gguf_file), str(output), "--quant", "q4", "--max-prompt-chunk", "8"]) == 0
    assert capsys.readouterr().out.startswith(f"{output}  0.")
    assert _native.Model(str(output)).info.max_step_tokens == 8
    assert main(["convert", str(gguf_file), str(output), "--context-length", "65"]) == 1
    assert "context_length=65 is not between 1 and the model's own, 64" in capsys.readouterr().err
