"""Places that hold the files of models: what all have in common, the local disk, web servers, and bytes in memory."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

from llmodule._download import Remote, fetch_all, shown
from llmodule._download.cache import Entry as UrlEntry
from llmodule.errors import ResourceError
from llmodule.sources._task import Task

TOKENIZERS = ("tokenizer.json", "tokenizer.model")


class Place(ABC):
    """A tree of files. Equal places hold the same files, which are then fetched together."""

    @abstractmethod
    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        """Brings files to the local disk.

        Args:
            files: (path in the place, whether it is required).
            task: The load that they are for.

        Returns:
            The local file of each; None where there is none.

        Raises:
            ResourceError: A required file is missing, or the cache cannot be written.
            DownloadError: A download failed.
        """

    @abstractmethod
    def show(self, path: str) -> str:
        """Returns what a file is called in messages and lists, without credentials."""

    def names(self, path: str, task: Task) -> list[str] | None:
        """Returns the paths of all files of a folder; None if `path` is a file, or the place cannot tell."""
        return None

    def beside(self, path: str, names: Sequence[str], task: Task) -> str:
        """Returns the path of the first of `names` that there is beside a file; of none, that of the first name."""
        return str(PurePosixPath(path).parent / names[0])


@dataclass(frozen=True)
class File:
    """A file or a folder in a place."""

    place: Place
    path: str

    def __str__(self) -> str:
        return self.place.show(self.path)


@dataclass(frozen=True)
class Disk(Place):
    """The local disk; paths are those of the system."""

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        found: list[Path | None] = []
        for path, required in files:
            local = Path(path)
            if not local.is_file() and required:
                kind = "is not a file" if local.exists() else "does not exist"
                raise ResourceError(f"{local} {kind}; name the model, and its tokenizer where that lies elsewhere")
            found.append(local if local.is_file() else None)
        return found

    def show(self, path: str) -> str:
        return path

    def names(self, path: str, task: Task) -> list[str] | None:
        if not (folder := Path(path)).is_dir():
            return None
        try:
            return sorted(str(file) for file in folder.iterdir())
        except OSError as error:
            raise ResourceError(f"{folder} cannot be read: {error.strerror}") from error

    def beside(self, path: str, names: Sequence[str], task: Task) -> str:
        files = [Path(path).with_name(name) for name in names]
        return str(next((file for file in files if file.is_file()), files[0]))


@dataclass(frozen=True)
class Web(Place):
    """Web servers; paths are http and https URLs."""

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        for url, _ in files:
            task.lease.take(f"downloads/{UrlEntry(url).file.parent.name}")
        remotes = [Remote(url, required=required) for url, required in files]
        return fetch_all(remotes, progress=task.counter(f"web {files[0][0]}"), control=task.control)

    def show(self, path: str) -> str:
        return shown(path)

    def beside(self, path: str, names: Sequence[str], task: Task) -> str:
        scheme, host, file, _, _ = urlsplit(path)
        return urlunsplit((scheme, host, str(PurePosixPath(file or "/").parent / names[0]), "", ""))


@dataclass(frozen=True, eq=False)
class Memory(Place):
    """One file in memory; there is nothing beside it. Its path is the name that it gets on the disk."""

    data: memoryview
    name: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes in lower-case hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        found: list[Path | None] = []
        for path, required in files:
            if path != self.name and required:
                raise ResourceError(f"there is no {path} beside bytes in memory; give the tokenizer as well")
            found.append(self._write(task) if path == self.name else None)
        return found

    def show(self, path: str) -> str:
        return f"{len(self.data)} bytes in memory"

    def _write(self, task: Task) -> Path:
        # The core maps files. This one is gone as soon as the model is loaded, whose mapping stays.
        try:
            local = task.lease.temporary_folder() / self.name
            local.write_bytes(self.data)
        except OSError as error:
            raise ResourceError(f"bytes cannot be written to a temporary file: {error.strerror}; see TMPDIR") from error
        return local
