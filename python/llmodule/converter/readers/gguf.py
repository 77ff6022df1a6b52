"""GGUF models, in one file or split into several, as a source of tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from llmodule.converter.readers.gguf_header import GgufHeader, read_header
from llmodule.converter.readers.storage import MappedFile, StoredTensor, StoredTensors
from llmodule.errors import ModelFormatError, ResourceError

_SPLIT_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)


class GgufSource(StoredTensors):
    """A GGUF model, opened. Implements TensorSource.

    Args:
        path: The file; of a split model any part, named as gguf-split does: ``name-00001-of-00003.gguf``.

    Raises:
        ResourceError: A file cannot be opened, or a part is missing.
        ModelFormatError: A file is damaged, or the parts do not belong together.
    """

    layout: Literal["gguf"] = "gguf"

    def __init__(self, path: Path) -> None:
        files: list[MappedFile] = []
        try:
            tensors: dict[str, StoredTensor] = {}
            self.metadata: dict[str, Any] = {}
            for header in _headers(path, files):
                self.metadata = self.metadata or header.metadata
                for tensor in header.tensors:
                    if tensor.name in tensors:
                        raise ModelFormatError(f"{tensor.file.path} repeats the tensor {tensor.name!r}")
                    tensors[tensor.name] = tensor
            announced = self.metadata.get("split.tensors.count", len(tensors))
            if len(files) > 1 and announced != len(tensors):
                raise ModelFormatError(f"{path}: the parts have {len(tensors)} tensors, not the announced {announced}")
            architecture = self.metadata.get("general.architecture")
            if not isinstance(architecture, str):
                raise ModelFormatError(f"{path} lacks 'general.architecture', the name of the model's architecture")
            self.architecture = architecture
        except BaseException:
            for file in files:
                file.close()
            raise
        super().__init__(tensors, files)


def _headers(path: Path, files: list[MappedFile]) -> Iterator[GgufHeader]:
    """The headers of all parts; the files opened are added to `files`."""
    match = _SPLIT_NAME.fullmatch(path.name)
    count = int(match[3]) if match else 1
    for index in range(count):
        part = path.with_name(f"{match[1]}-{index + 1:05}-of-{count:05}.gguf") if match else path
        if index and not part.is_file():
            raise ResourceError(f"{path} is one of {count} parts; {part.name} is missing beside it")
        files.append(MappedFile(part))
        header = read_header(files[-1])
        number, announced = header.metadata.get("split.no", 0), header.metadata.get("split.count", 1) or 1
        if (number, announced) != (index, count):
            raise ModelFormatError(
                f"{part} says of itself that it is part {number} (from 0) of {announced}; its name must end in "
                f"-{number + 1:05}-of-{announced:05}.gguf then, or in .gguf alone for a whole model"
                if isinstance(number, int) and isinstance(announced, int)
                else f"{part} has split.no {number!r} and split.count {announced!r}, which are no numbers"
            )
        yield header
