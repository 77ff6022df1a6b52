"""Object stores and other file systems, through fsspec: s3://, gs://, memory:// and what else it knows."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from llmodule._download import shown
from llmodule.cache._entries import Entry, make
from llmodule.errors import DownloadError, LLModuleError, ResourceError
from llmodule.sources._places import File, Place
from llmodule.sources._task import Task

_BLOCK_BYTES = 1 << 20
_INSTALL = "pip install 'llmodule[stores]'"
_logger = logging.getLogger("llmodule")


@dataclass(frozen=True)
class Store(Place):
    """Everything that fsspec reaches by one scheme; paths are whole URLs."""

    scheme: str

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        sizes = {url: self._size(url, required, task) for url, required in files}
        for url, size in sizes.items():
            if size:
                task.counter(url)(0, size)
        return [None if sizes[url] is None else self._copy(url, task) for url, _ in files]

    def show(self, path: str) -> str:
        return shown(path)

    def names(self, path: str, task: Task) -> list[str] | None:
        if self._entry(path).is_whole(task.check):
            return None
        with _failures(path):
            system, inner = _open(path)
            if not system.isdir(inner):
                return None
            return [f"{path.rstrip('/')}/{_name(name)}" for name in sorted(system.ls(inner, detail=False))]

    def beside(self, path: str, names: Sequence[str], task: Task) -> str:
        urls = [f"{path.rpartition('/')[0]}/{name}" for name in names]
        if not urls[1:]:
            return urls[0]
        return next((url for url in urls if self._entry(url).is_whole() or _exists(url)), urls[0])

    def _size(self, url: str, required: bool, task: Task) -> int | None:
        """Returns the bytes to copy, 0 if they are not known or there already; None if there is no such file."""
        task.lease.take(self._entry(url).id)
        if self._entry(url).is_whole(task.check):
            return 0
        try:
            with _failures(url):
                system, inner = _open(url)
                return system.size(inner) or 0
        except ResourceError as error:
            if required:
                raise
            _logger.debug("%s is taken for missing: %s", shown(url), error)
            return None

    def _copy(self, url: str, task: Task) -> Path:
        def fill(folder: Path) -> None:
            count = task.counter(url)
            with contextlib.closing(_read(url)) as blocks, open(folder / _name(url), "wb") as target:
                for block, size in blocks:
                    target.write(block)
                    count(target.tell(), max(size, target.tell()))

        return make(self._entry(url), shown(url), fill, lease=task.lease, check=task.check) / _name(url)

    @staticmethod
    def _entry(url: str) -> Entry:
        return Entry("stores", hashlib.sha256(url.encode()).hexdigest()[:32])


def parse(url: str) -> File:
    """Reads the URL of a file or a folder.

    Raises:
        ValueError: fsspec does not know the scheme, or the URL is not safe to use.
        ResourceError: fsspec, or what it needs for this scheme, is not installed.
    """
    scheme = urlsplit(url).scheme
    known = "known are file, http, https, hf, package, plain paths"
    if importlib.util.find_spec("fsspec") is None:
        raise ResourceError(f"{shown(url)} has the scheme {scheme!r}; {known}, and with fsspec others: {_INSTALL}")
    import fsspec  # type: ignore[import-untyped]
    from fsspec.registry import known_implementations  # type: ignore[import-untyped]

    if scheme not in known_implementations and scheme not in fsspec.registry:
        raise ValueError(f"{shown(url)} has the unknown scheme {scheme!r}; {known}, and all of fsspec")
    if "::" in url or ".." in PurePosixPath(urlsplit(url).path).parts:
        raise ValueError(f"{shown(url)} holds '::' or '..', which is not taken")
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise ResourceError(f"{scheme}:// needs another package: {error}") from error
    return File(Store(scheme), url)


def _open(url: str) -> tuple[Any, str]:
    import fsspec

    system, inner = fsspec.core.url_to_fs(url)
    return system, inner


def _read(url: str) -> Generator[tuple[bytes, int], None, None]:
    """Yields the blocks of a file, each with the size that the store announces; 0 if it tells none."""
    with _failures(url):
        system, inner = _open(url)
        announced, arrived = system.size(inner), 0
        with system.open(inner, "rb") as source:
            while block := source.read(_BLOCK_BYTES):
                arrived += len(block)
                yield block, announced or 0
        if announced is not None and arrived != announced:
            raise DownloadError(f"{shown(url)}: {arrived} of {announced} bytes arrived; try again")


def _exists(url: str) -> bool:
    # Also without a network, when what is there has been loaded before.
    try:
        system, inner = _open(url)
        return bool(system.exists(inner))
    except Exception as error:
        _logger.debug("%s cannot be looked up: %s", shown(url), type(error).__name__)
        return False


def _name(path: str) -> str:
    # The names come from the store: what is kept is their last part.
    name = path.rstrip("/").rpartition("/")[2]
    if name in ("", ".", "..") or "\0" in name or "\\" in name:
        raise DownloadError(f"the store names a file {path!r}, which is not taken")
    return name


@contextmanager
def _failures(url: str) -> Iterator[None]:
    try:
        yield
    except LLModuleError:
        raise
    except FileNotFoundError as error:
        raise ResourceError(f"{shown(url)} does not exist") from error
    except Exception as error:  # every store has errors of its own, whose texts may hold credentials
        raise DownloadError(f"{shown(url)} cannot be read: {type(error).__name__}") from error
