"""Writes a GGUF model of random weights, for measuring what depends on a model's size only.

usage: python benchmarks/synthetic_model.py OUTPUT.gguf [--size 135m|360m|1b|3b] [--type Q4_0|Q8_0|F16]

Needs the package gguf. All layers hold the same numbers, so that making a model takes little time and memory.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import numpy as np
from numpy.typing import NDArray


class Shape(NamedTuple):
    """A Llama's sizes; the head size is 64, the output layer the embedding."""

    embedding: int
    feed_forward: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int


SHAPES = {
    "135m": Shape(576, 1536, 30, 9, 3, 49152),
    "360m": Shape(960, 2560, 32, 15, 5, 49152),
    "1b": Shape(2048, 8192, 16, 32, 8, 128256),
    "3b": Shape(3072, 8192, 28, 48, 8, 128256),
}
HEAD_SIZE = 64
CONTEXT = 4096
TYPES = ("Q4_0", "Q8_0", "F16")


def random_matrix(rows: int, columns: int, kind: str, random: np.random.Generator) -> NDArray[Any]:
    """Numbers of about the size that weights have, as GGUF stores them: [rows, bytes], or float16."""
    if kind == "F16":
        scale = np.float32(columns**-0.5)
        matrix: NDArray[Any] = (random.standard_normal((rows, columns), np.float32) * scale).astype(np.float16)
        return matrix
    code_bytes, largest = (16, 8) if kind == "Q4_0" else (32, 127)
    blocks = np.empty((rows, columns // 32, 2 + code_bytes), np.uint8)
    blocks[:, :, 2:] = np.frombuffer(random.bytes(blocks[:, :, 2:].size), np.uint8).reshape(blocks[:, :, 2:].shape)
    blocks[:, :, :2] = np.frombuffer(np.float16(1.7 / np.sqrt(columns) / largest).tobytes(), np.uint8)
    return blocks.reshape(rows, -1)


def byte_alphabet() -> list[str]:
    """GPT-2's characters for the 256 bytes: printable ones stand for themselves, the others for what follows U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256))
    return [chr(byte) if byte in printable else chr(256 + next(others)) for byte in range(256)]


def write_model(output: Path, shape: Shape, kind: str) -> int:
    """Writes the model and returns how many parameters it has."""
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(output, "llama")
    writer.add_name(output.stem)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.embedding)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    words = [*byte_alphabet(), "th"]
    control = ["<|endoftext|>", *(f"<|unused{number}|>" for number in range(shape.vocabulary - len(words) - 1))]
    writer.add_token_list([*words, *control])
    writer.add_token_types([1] * len(words) + [3] * len(control))
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(len(words))
    writer.add_eos_token_id(len(words))
    count = 0

    def add(name: str, array: NDArray[Any], parameters: int) -> None:
        nonlocal count
        quantised = None if array.dtype != np.uint8 else gguf.GGMLQuantizationType[kind]
        writer.add_tensor(name, array, raw_dtype=quantised)
        count += parameters

    def matrix(rows: int, columns: int) -> tuple[NDArray[Any], int]:
        return random_matrix(rows, columns, kind, random), rows * columns

    attention, kv = shape.heads * HEAD_SIZE, shape.kv_heads * HEAD_SIZE
    norm = np.ones(shape.embedding, np.float32), shape.embedding
    layer = {
        "attn_norm": norm,
        "attn_q": matrix(attention, shape.embedding),
        "attn_k": matrix(kv, shape.embedding),
        "attn_v": matrix(kv, shape.embedding),
        "attn_output": matrix(shape.embedding, attention),
        "ffn_norm": norm,
        "ffn_gate": matrix(shape.feed_forward, shape.embedding),
        "ffn_up": matrix(shape.feed_forward, shape.embedding),
        "ffn_down": matrix(shape.embedding, shape.feed_forward),
    }
    add("token_embd.weight", *matrix(shape.vocabulary, shape.embedding))
    for index in range(shape.layers):
        for name, tensor in layer.items():
            add(f"blk.{index}.{name}.weight", *tensor)
    add("output_norm.weight", *norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--size", choices=SHAPES, default="1b")
    parser.add_argument("--type", choices=TYPES, default="Q4_0")
    options = parser.parse_args()
    count = write_model(options.output, SHAPES[options.size], options.type)
    print(f"{options.output}: {count / 1e6:.0f} million parameters, {options.output.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
