"""Hugging Face folders: tensors of one or several files, and damaged files refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from llmodule.converter.readers.huggingface import HuggingFaceSource
from llmodule.converter.tensors import open_source
from llmodule.errors import LLModuleError, ModelFormatError, ResourceError

A = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
B = np.array([1.5, -2.0, 65504.0, 2**-24], dtype=np.float16)


def pack(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def safetensors(**tensors: tuple[str, NDArray[Any]]) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, (kind, array) in tensors.items():
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    return pack(header, data)


def one(**changes: Any) -> bytes:
    return pack({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes}, A.tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"model_type": "llama", "hidden_size": 3}')
    return tmp_path


def test_reads_all_three_float_types(folder: Path) -> None:
    bf16 = (A.view(np.uint32) >> 16).astype(np.uint16)
    content = safetensors(a=("F32", A), b=("F16", B), c=("BF16", bf16))
    (folder / "model.safetensors").write_bytes(content)
    for path in (folder, folder / "model.safetensors"):
        with open_source(path) as source:
            assert isinstance(source, HuggingFaceSource)
            assert (source.layout, source.architecture, source.metadata["hidden_size"]) == ("huggingface", "llama", 3)
            assert source.names() == ["a", "b", "c"]
            assert source.shape("c") == (2, 3)
            np.testing.assert_array_equal(source.load("a"), A)
            np.testing.assert_array_equal(source.load("b"), B.astype(np.float32))
            np.testing.assert_array_equal(source.load("c"), (bf16.astype(np.uint32) << 16).view(np.float32))
            np.testing.assert_array_equal(source.load("a", (1, 2)), A[1:])


def test_reads_what_the_safetensors_library_writes(folder: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    library.save_file({"a": A, "b": B}, folder / "model.safetensors")
    with open_source(folder) as source:
        assert sorted(source.names()) == ["a", "b"]
        np.testing.assert_array_equal(source.load("a"), A)
        np.testing.assert_array_equal(source.load("b"), B)


def write_shards(folder: Path, weight_map: Any) -> None:
    (folder / "x-1.safetensors").write_bytes(safetensors(a=("F32", A)))
    (folder / "x-2.safetensors").write_bytes(safetensors(b=("F16", B)))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def test_joins_shards(folder: Path) -> None:
    write_shards(folder, {"b": "x-2.safetensors", "a": "x-1.safetensors"})
    with open_source(folder) as source:
        assert sorted(source.names()) == ["a", "b"]
        np.testing.assert_array_equal(source.load("a"), A)


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        ({"a": "../x-1.safetensors"}, "places the tensor 'a' in"),
        ({"a": "/x-1.safetensors"}, "places the tensor 'a' in"),
        ({"a": "..\\x-1.safetensors"}, "places the tensor 'a' in"),
        ({"a": 5}, "places the tensor 'a' in"),
        ({"a": "config.json"}, "places the tensor 'a' in"),
        ({"c": "x-1.safetensors"}, "lacks the tensor 'c'"),
        ({}, "names no files"),
        ([], "names no files"),
    ],
)
def test_refuses_a_wrong_index(weight_map: Any, message: str, folder: Path) -> None:
    write_shards(folder, weight_map)
    with pytest.raises(ModelFormatError, match=message):
        open_source(folder)


def test_refuses_a_tensor_in_two_shards(folder: Path) -> None:
    write_shards(folder, {"a": "x-1.safetensors", "b": "x-2.safetensors"})
    (folder / "x-2.safetensors").write_bytes(safetensors(a=("F32", A), b=("F16", B)))
    with pytest.raises(ModelFormatError, match="repeats the tensor 'a'"):
        open_source(folder)


def test_names_missing_files(folder: Path) -> None:
    with pytest.raises(ResourceError, match=r"neither model\.safetensors nor"):
        open_source(folder)
    write_shards(folder, {"a": "x-3.safetensors"})
    with pytest.raises(ResourceError, match=r"x-3\.safetensors"):
        open_source(folder)


HOSTILE: dict[str, bytes] = {
    "is empty": b"",
    "incomplete": b"\x05",
    "claims a header of 99 bytes": struct.pack("<Q", 99) + b"{}",
    "claims a header of 18446744073709551615": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "no valid JSON": pack(b"{"),
    "no JSON object": pack([]),
    "a name twice": pack(b'{"a": 1, "a": 2}'),
    "JSON: .*recursion": pack(b"[" * 200_000 + b"]" * 200_000),
    "describes the tensor 'a' as 5": pack({"a": 5}),
    "describes the tensor": one(shape=[-2, -3]),
    "as {'dtype'": one(shape=[2.0, 3]),
    "describes": one(shape=[True, 6]),
    "describes the": one(data_offsets=[0]),
    "dtype': None": one(dtype=None),
    "type 'F8_E4M3'": one(dtype="F8_E4M3"),
    r"the shape \[\]": one(shape=[], data_offsets=[0, 4]),
    r"the shape \[0": one(shape=[0, 3], data_offsets=[0, 0]),
    "bytes 0 to 48 of 24": one(shape=[4, 3], data_offsets=[0, 48]),
    "not its size": one(data_offsets=[4, 24]),
    "bytes 24 to 0": one(data_offsets=[24, 0]),
    "shape .*, at bytes": one(shape=[1 << 62, 1 << 62]),
    "overlap": pack(
        {n: {"dtype": "F32", "shape": [4], "data_offsets": [o, o + 16]} for n, o in (("a", 0), ("b", 8))}, bytes(24)
    ),
}


@pytest.mark.parametrize("message", HOSTILE)
def test_refuses_damaged_files(message: str, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(HOSTILE[message])
    with pytest.raises(ModelFormatError, match=message):
        open_source(folder)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 90), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4))
def test_changed_bytes_give_values_or_a_typed_error(folder: Path, changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(one())
    for at, new in changes:
        content[at : at + len(new)] = new
    (folder / "model.safetensors").write_bytes(content)
    try:
        with open_source(folder) as source:
            for name in source.names():
                assert source.load(name).shape == source.shape(name)
    except LLModuleError:
        pass


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "no valid JSON"),
        ("{}", "lacks 'model_type'"),
        ('{"model_type": 5}', "lacks 'model_type'"),
        ('{"model_type": "llama", "quantization_config": {"quant_method": "awq"}}', "quantised checkpoint"),
        ('{"model_type": "llama", "text_config": []}', "'text_config'"),
    ],
)
def test_refuses_a_wrong_config(config: str, message: str, folder: Path) -> None:
    (folder / "config.json").write_text(config)
    (folder / "model.safetensors").write_bytes(one())
    with pytest.raises(ModelFormatError, match=message):
        open_source(folder)


def test_unfolds_the_text_model_and_takes_the_generation_configs_end_tokens(folder: Path) -> None:
    (folder / "config.json").write_text(
        '{"model_type": "gemma3", "eos_token_id": 1, "text_config": {"model_type": "gemma3_text", "hidden_size": 8}}'
    )
    (folder / "generation_config.json").write_text('{"eos_token_id": [1, 106]}')
    (folder / "model.safetensors").write_bytes(one())
    with open_source(folder) as source:
        assert source.architecture == "gemma3_text"
        assert source.metadata["hidden_size"] == 8
        assert source.metadata["eos_token_id"] == [1, 106]
        assert "text_config" not in source.metadata
