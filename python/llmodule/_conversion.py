"""Models of other formats, converted once into the cache."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from llmodule._download import read_record
from llmodule.cache._entries import Entry, make
from llmodule.cache._locks import Lease

_RECIPE = "4"
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


def converted(
    path: Path,
    *,
    progress: Callable[[float], None],
    lease: Lease,
    check: Callable[[], None],
    content: str | None = None,
) -> Path:
    """Returns the .pte made of a model, with its tokenizer's files beside it; the first call makes it.

    Args:
        path: What `is_convertible`.
        progress: Called with the share that is done, from 0 to 1.
        lease: Keeps what is returned in the cache.
        check: Called while another process that converts the same is waited for; may raise.
        content: Names the content of a file that is a temporary one; otherwise where it is, how long and how old does.

    Raises:
        ModelFormatError: The model is damaged or of a kind that is not known.
        TokenizerFormatError: Its vocabulary is.
        ResourceError: It cannot be read, or the cache cannot be written.
    """

    def fill(folder: Path) -> None:
        from llmodule.converter.conversion import convert

        _logger.info("converting %s, once", path.name)
        convert(path, folder / "model.pte", profile="native", progress=progress)

    stem = path.name.removesuffix(".gguf") or "model"
    entry = Entry("converted", f"{stem[:60].lstrip('.')}-{_key(path, content)}")
    return make(entry, path.name, fill, lease=lease, check=check) / "model.pte"


def size_of(path: Path) -> int:
    """Returns the bytes of a file, or of the files in a folder."""
    return sum(file.stat().st_size for file in _files(path))


def _key(path: Path, content: str | None) -> str:
    """Names the content of `path` without reading it: by its recorded SHA-256, else where it is, how long and old."""
    digest = hashlib.sha256(_RECIPE.encode())
    if content is not None:
        digest.update(f"\0{content}".encode())
        return digest.hexdigest()[:16]
    for file in _files(path):
        if record := read_record(file):  # in the cache, which may be copied or moved
            digest.update(f"\0{record.sha256}".encode())
            continue
        status = file.stat()
        digest.update(f"\0{os.fspath(file.absolute())}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    # Of a split model every part counts.
    return sorted(path.parent.glob("*-of-*.gguf")) if "-of-" in path.name else [path]
