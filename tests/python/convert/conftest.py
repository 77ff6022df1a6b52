"""Tiny random models of every architecture, as sources of tensors, with the logits that transformers computed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from llmodule.converter.model_file import build_program, write_model

DATA = Path(__file__).parents[2] / "data" / "convert"
CONTEXT_LENGTH = 64
CHUNK = 16

Step = Callable[[list[int], int], NDArray[np.float32]]


def _random_tensor() -> Callable[[str, tuple[int, ...]], NDArray[np.float32]]:
    spec = importlib.util.spec_from_file_location("make_reference", DATA / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.random_tensor


@dataclass
class ArraySource:
    """A TensorSource in memory."""

    layout: Literal["gguf", "huggingface"]
    architecture: str
    metadata: dict[str, Any]
    arrays: dict[str, NDArray[np.float32]]

    def names(self) -> list[str]:
        return list(self.arrays)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.arrays[name].shape

    def load(self, name: str, rows: tuple[int, int] | None = None) -> NDArray[np.float32]:
        return self.arrays[name][slice(*rows)] if rows else self.arrays[name]

    def bits(self, name: str) -> float:
        return 32

    def kind(self, name: str) -> str:
        return "F32"

    def load_blocks(self, name: str, kind: str, rows: tuple[int, int]) -> None:
        return None


@dataclass
class TinyModel:
    """A model and what it must answer: `logits` by the length of the beginning of `tokens` that it was given."""

    source: ArraySource
    tokens: list[int]
    logits: dict[int, NDArray[np.float64]]


@pytest.fixture(scope="session")
def tiny_model() -> Callable[[str], TinyModel]:
    """Gives the model whose reference has this name."""
    random_tensor = _random_tensor()

    def make(name: str) -> TinyModel:
        content = json.loads((DATA / f"{name}.json").read_text())
        arrays = {name: random_tensor(name, tuple(shape)) for name, shape in content["tensors"].items()}
        source = ArraySource("huggingface", content["config"]["model_type"], content["config"], arrays)
        logits = {int(length): np.array(values) for length, values in content["logits"].items()}
        return TinyModel(source, content["tokens"], logits)

    return make


@pytest.fixture
def llama(tiny_model: Callable[[str], TinyModel]) -> ArraySource:
    """The source of a tiny Llama."""
    return tiny_model("llama").source


@pytest.fixture
def convert_tiny(tmp_path: Path) -> Callable[..., Path]:
    """Converts a tiny model to a file that takes CONTEXT_LENGTH tokens, CHUNK at a time."""

    def run(source: ArraySource, *, quant: str, profile: str = "portable", kv_cache: str | None = None) -> Path:
        program = build_program(
            source,
            quant=quant,
            profile=profile,
            kv_cache=kv_cache,
            context_length=CONTEXT_LENGTH,
            max_prompt_chunk=CHUNK,
        )
        output = tmp_path / f"{quant}.pte"
        write_model(program, output)
        return output

    return run


@pytest.fixture
def logits_after() -> Callable[[Step, list[int], Iterable[int]], list[NDArray[np.float32]]]:
    """Feeds tokens to a model in chunks as large as possible, and collects the logits behind each of some lengths."""

    def run(step: Step, tokens: list[int], lengths: Iterable[int]) -> list[NDArray[np.float32]]:
        position, found = 0, []
        for length in lengths:
            while position < length:
                chunk = tokens[position : min(position + CHUNK, length)]
                logits = step(chunk, position)
                position += len(chunk)
            found.append(logits)
        return found

    return run
