"""What a source means: which place it names, and which file or folder there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from llmodule.models import Preset
from llmodule.sources import _hub, _stores
from llmodule.sources._package import Packages
from llmodule.sources._places import Disk, File, Memory, Web

if TYPE_CHECKING:
    from llmodule.sources import Source

FILE_SUFFIXES = (".pte", ".gguf", ".json", ".model", ".jinja", ".safetensors", ".bin")


def locate(source: Source, *, name: str) -> File:
    """Finds out what a source means, without looking for it.

    Args:
        source: A path, a URL, the name of a repository, or bytes.
        name: What bytes are called: the name of a file.

    Raises:
        TypeError: It is none of those.
        ValueError: It has an unknown scheme or is not of the form that its scheme needs.
        ResourceError: It needs a package that is not installed.
    """
    if isinstance(source, Preset):
        if source.source.startswith("package://"):
            return File(Packages(source.download_bytes), source.source)
        source = source.source
    if not isinstance(source, (str, os.PathLike)):
        return File(Memory(_view(source), name), name)
    text = os.fspath(source)
    if not isinstance(text, str):
        raise TypeError(f"the source {source!r} is of type {type(text).__name__}; it must be a path or a URL")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _plain(text, is_path=not isinstance(source, str))
    match scheme.lower():
        case "http" | "https":
            return File(Web(), text)
        case "file":
            return _file_url(text)
        case "package":
            return File(Packages(), text)
        case "hf":
            if (file := _hub.parse(rest)) is None:
                raise ValueError(f"{text} is not of the form hf://ORG/REPO[/PATH/IN/REPO][@REVISION]")
            return file
    return _stores.parse(text)


def _plain(text: str, *, is_path: bool) -> File:
    path = Path(text).expanduser()
    looks_like_a_file = path.suffix in FILE_SUFFIXES or text.startswith((".", "/", "~")) or text.count("/") != 1
    if not (is_path or looks_like_a_file or path.exists()) and (file := _hub.parse(text)) is not None:
        return file
    return File(Disk(), str(path))


def _file_url(text: str) -> File:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise ValueError(f"{text} names the host {parts.netloc!r}; a file:// URL must be of this machine")
    return File(Disk(), unquote(parts.path))


def _view(source: object) -> memoryview:
    try:
        view = memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        kind = type(source).__name__
        raise TypeError(f"a source is of type {kind}; it must be a path, a URL, a preset or bytes") from None
    if not view.c_contiguous:
        raise ValueError("a source is a buffer whose bytes do not lie side by side; copy it first")
    return view.cast("B")
