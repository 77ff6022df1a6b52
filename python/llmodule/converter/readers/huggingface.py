"""Model folders as Hugging Face's transformers writes them: config.json and safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, Literal

from llmodule.converter.readers import safetensors
from llmodule.converter.readers.json_file import read_json
from llmodule.converter.readers.storage import MappedFile, StoredTensor, StoredTensors
from llmodule.errors import ModelFormatError, ResourceError

CONFIG = "config.json"
_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"


class HuggingFaceSource(StoredTensors):
    """A model folder, opened. Implements TensorSource.

    `metadata` is config.json with a nested ``text_config`` unfolded; end tokens that generation_config.json names
    replace config.json's.

    Args:
        folder: Holds config.json and either model.safetensors or the files that model.safetensors.index.json names.

    Raises:
        ResourceError: A file is missing or cannot be read.
        ModelFormatError: A file is damaged, or the checkpoint is quantised.
    """

    layout: Literal["huggingface"] = "huggingface"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metadata = _read_config(folder)
        architecture = self.metadata.get("model_type")
        if not isinstance(architecture, str):
            raise ModelFormatError(f"{folder / CONFIG} lacks 'model_type', the name of the model's architecture")
        self.architecture = architecture
        files: list[MappedFile] = []
        try:
            tensors: dict[str, StoredTensor] = {}
            for path, expected in _shards(folder):
                files.append(MappedFile(path))
                found = {tensor.name: tensor for tensor in safetensors.read_header(files[-1])}
                if missing := sorted(expected - found.keys()):
                    raise ModelFormatError(f"{path} lacks the tensor {missing[0]!r}, which {_INDEX} places in it")
                if twice := sorted(found.keys() & tensors.keys()):
                    raise ModelFormatError(f"{path} repeats the tensor {twice[0]!r}")
                tensors |= found
        except BaseException:
            for file in files:
                file.close()
            raise
        super().__init__(tensors, files)


def _read_config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / CONFIG)
    text = config.pop("text_config", None)
    if text is not None and not isinstance(text, dict):
        raise ModelFormatError(f"'text_config' of {folder / CONFIG} is {str(text)[:80]!r}, not an object")
    config |= text or {}
    if "quantization_config" in config:
        raise ModelFormatError(
            f"{folder} holds a quantised checkpoint ('quantization_config' in {CONFIG}); convert from the original in "
            "bfloat16, float16 or float32"
        )
    generation = folder / "generation_config.json"
    if generation.is_file() and (eos := read_json(generation).get("eos_token_id")) is not None:
        config["eos_token_id"] = eos
    return config


def _shards(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """Each file with the tensors that must be in it."""
    if (folder / _SINGLE).is_file():
        yield folder / _SINGLE, set()
        return
    if not (folder / _INDEX).is_file():
        raise ResourceError(f"{folder} has neither {_SINGLE} nor {_INDEX}")
    weight_map = read_json(folder / _INDEX).get("weight_map")
    shards: dict[str, set[str]] = {}
    for tensor, name in weight_map.items() if isinstance(weight_map, dict) else ():
        # A name with a folder in it could lead anywhere.
        if (
            not isinstance(name, str)
            or PurePath(name).name != name
            or "\\" in name
            or not name.endswith(".safetensors")
        ):
            raise ModelFormatError(f"{folder / _INDEX} places the tensor {tensor!r} in {str(name)[:80]!r}")
        shards.setdefault(name, set()).add(tensor)
    if not shards:
        raise ModelFormatError(f"{folder / _INDEX} names no files in 'weight_map'")
    for name, tensors in shards.items():
        yield folder / name, tensors
