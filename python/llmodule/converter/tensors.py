"""Opens a model for conversion, whatever format it has."""

from __future__ import annotations

from pathlib import Path

from llmodule.converter.readers.gguf import GgufSource
from llmodule.converter.readers.gguf_header import MAGIC
from llmodule.converter.readers.huggingface import CONFIG, HuggingFaceSource
from llmodule.errors import ModelFormatError, ResourceError


def open_source(path: str | Path) -> GgufSource | HuggingFaceSource:
    """Opens a model and reads its headers; tensors are read when they are loaded.

    Args:
        path: A GGUF file, a part of a split one, a Hugging Face folder (config.json and safetensors), a safetensors
            file in one, or a folder with one GGUF model. What it is follows from the content.

    Returns:
        A TensorSource with close(); it is its own context manager.

    Raises:
        ResourceError: Something cannot be read.
        ModelFormatError: It is none of these, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        if (path / CONFIG).is_file():
            return HuggingFaceSource(path)
        # Of a split model the first part stands for all.
        found = [file for file in sorted(path.glob("*.gguf")) if "-of-" not in file.name or "-00001-of-" in file.name]
        if len(found) == 1:
            return GgufSource(found[0])
        raise ModelFormatError(
            f"{path} has no {CONFIG} and {len(found)} GGUF models; name one file, or a folder with {CONFIG} and "
            "safetensors"
        )
    if path.suffix == ".safetensors":
        return HuggingFaceSource(path.parent)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ResourceError(f"cannot open {path}: {error.strerror or error}") from error
    if start != MAGIC:
        raise ModelFormatError(
            f"{path} starts with {start!r}: it is no GGUF file. Models are converted from GGUF or from a folder with "
            f"{CONFIG} and safetensors"
        )
    return GgufSource(path)
