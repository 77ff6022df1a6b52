"""Models of other formats, converted once into the cache."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from llmodule._download import cache_folder
from llmodule.errors import ResourceError

_RECIPE = "2"
"""Part of every cache key; a change of the converter that makes better files raises it."""

_logger = logging.getLogger("llmodule")


def is_convertible(path: Path) -> bool:
    """Tells whether `path` is a model that has to be converted: GGUF, or a folder with GGUF or safetensors files."""
    if path.is_dir():
        kinds = {file.suffix for file in path.iterdir()}
        return ".pte" not in kinds and not kinds.isdisjoint((".gguf", ".safetensors"))
    try:
        with path.open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError:
        return False


def converted(path: Path, *, progress: Callable[[float], None]) -> Path:
    """Returns the .pte made of a model, with its tokenizer's files beside it; the first call makes it.

    Args:
        path: What `is_convertible`.
        progress: Called with the share that is done, from 0 to 1.

    Raises:
        ModelFormatError: The model is damaged or of a kind that is not known.
        TokenizerFormatError: Its vocabulary is.
        ResourceError: It cannot be read, or the cache cannot be written.
    """
    stem = path.name.removesuffix(".gguf") or "model"
    folder = cache_folder() / "converted" / f"{stem[:60]}-{_key(path)}"
    model = folder / "model.pte"
    if model.exists():
        return model

    from llmodule.converter.conversion import convert

    _logger.info("converting %s, once", path.name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as part:
            whole = Path(part) / "whole"
            whole.mkdir()
            convert(path, whole / model.name, progress=progress)
            try:
                whole.rename(folder)
            except OSError:
                if not model.exists():  # another process that was faster has made the same
                    raise
    except OSError as error:
        raise ResourceError(f"{folder} cannot be written: {error.strerror or error}") from error
    return model


def _key(path: Path) -> str:
    """Names the content of `path` without reading it: where it is, how long and how old."""
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    # Of a split model every part counts.
    if path.is_file() and "-of-" in path.name:
        files = sorted(path.parent.glob("*-of-*.gguf"))
    digest = hashlib.sha256(_RECIPE.encode())
    for file in files:
        status = file.stat()
        digest.update(f"\0{os.fspath(file.absolute())}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
