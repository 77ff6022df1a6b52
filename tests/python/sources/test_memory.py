"""Bytes as sources."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmodule import LLMModule, ResourceError
from llmodule.cache import list_models
from llmodule.sources import ModelFiles, fetch_model


def fetch(*sources: Any) -> ModelFiles:
    return fetch_model(*sources, progress=lambda share: None)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, dtype="i1")])
def test_what_is_like_bytes(kind: Any, cache: Path) -> None:
    files = fetch(kind(b"model!"), kind(b"{}"), kind(b"{ }"))
    assert files.model.read_bytes() == b"model!"
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.tokenizer_config is not None
    assert files.tokenizer_config.read_bytes() == b"{ }"
    assert (files.generation_config, files.chat_template) == (None, None)
    paths = (files.model, files.tokenizer, files.tokenizer_config)
    assert not any(path.is_relative_to(cache) for path in paths)
    del files
    assert not any(path.parent.exists() for path in paths)  # gone with the object that tells of them


def test_a_mapped_file(tmp_path: Path, model_folder: Path) -> None:
    with (model_folder / "model.pte").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        files = fetch(memoryview(mapped), model_folder / "tokenizer.json")
    assert files.model.read_bytes() == b"-"
    assert files.tokenizer_config == model_folder / "tokenizer_config.json"


def test_nothing_lies_beside_bytes() -> None:
    with pytest.raises(ResourceError, match=r"no tokenizer\.json beside bytes in memory"):
        fetch(b"model")


def test_bytes_that_do_not_lie_side_by_side() -> None:
    with pytest.raises(ValueError, match="side by side"):
        fetch(np.zeros((4, 4), np.uint8)[:, ::2], b"{}")


def test_gguf_bytes_are_converted_once(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    calls: list[bytes] = []

    def convert(source: Path, output: Path, **_: Any) -> None:
        calls.append(source.read_bytes())
        output.write_bytes(b"made")
        output.with_name("tokenizer.json").write_text("{}")

    monkeypatch.setattr("llmodule.converter.conversion.convert", convert)
    files = fetch(b"GGUF-one")
    assert files.tokenizer == files.model.with_name("tokenizer.json")
    assert fetch(bytearray(b"GGUF-one")) == files
    assert fetch(b"GGUF-two") != files
    assert calls == [b"GGUF-one", b"GGUF-two"]
    assert {model.converted_from for model in list_models()} == {"8 bytes in memory"}


@pytest.mark.model
def test_a_real_model_of_bytes(official_path: Path) -> None:
    (pte,) = official_path.glob("*.pte")
    names = ("tokenizer.json", "tokenizer_config.json")
    with LLMModule() as llm:
        llm.load(pte.read_bytes(), *((official_path / name).read_bytes() for name in names))
        llm.send_message("What is the capital of Japan?")
        assert "Tokyo" in llm.response
