"""Entries of the cache: folders whose files are recorded with size and SHA-256, made aside and renamed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from llmodule._download import cache as records
from llmodule._download import cache_folder
from llmodule.cache._locks import Lease, making
from llmodule.errors import ResourceError

KINDS = ("converted", "downloads", "packages", "stores")
PART = ".part-"


@dataclass(frozen=True)
class Entry:
    """A folder of the cache.

    Attributes:
        kind: One of `KINDS`.
        name: The folder's name.
    """

    kind: str
    name: str

    @property
    def id(self) -> str:
        """What names it within the cache."""
        return f"{self.kind}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where it is."""
        return cache_folder() / self.kind / self.name

    @property
    def part(self) -> Path:
        """Where it is made."""
        return cache_folder() / self.kind / f"{PART}{self.name}"

    @classmethod
    def parse(cls, text: str) -> Entry | None:
        """Reads an id; None where `text` is none, or leads out of the cache."""
        kind, _, name = text.partition("/")
        safe = kind in KINDS and name and not name.startswith(".") and "/" not in name and "\0" not in name
        return cls(kind, name) if safe else None

    def files(self) -> list[Path]:
        """Its recorded files, whether or not they are there."""
        return sorted(path.with_suffix("") for path in self.folder.glob("*.record"))

    def size(self) -> int:
        """The bytes that it takes, with everything unfinished."""
        return folder_bytes(self.folder) + folder_bytes(self.part)

    def is_whole(self, check: Callable[[], None] = lambda: None) -> bool:
        """Tells whether every file is what was recorded, by size and time or else by SHA-256."""
        files = self.files()
        return bool(files) and all(records.is_whole(file, check=check) for file in files)


def make(entry: Entry, source: str, fill: Callable[[Path], None], *, lease: Lease, check: Callable[[], None]) -> Path:
    """Returns the folder of an entry; makes it unless it is there and whole.

    Args:
        entry: Which.
        source: What it is made of, without credentials.
        fill: Writes the files into the folder that it is given, whose parent it may use for what is not kept.
        lease: Keeps the entry from now on.
        check: Called again and again; may raise.

    Raises:
        ResourceError: The cache cannot be written.
        The errors of `fill`.
    """
    lease.take(entry.id)
    try:
        if entry.is_whole(check):
            return entry.folder
        with making(entry.id, check):
            if entry.is_whole(check):  # another process has made it
                return entry.folder
            _remove(entry.part)  # what a process that was killed has left
            whole = entry.part / "whole"
            whole.mkdir(parents=True)
            try:
                fill(whole)
                _record(whole, source)
                _remove(entry.folder)
                whole.rename(entry.folder)
            finally:
                _remove(entry.part)
    except OSError as error:
        raise ResourceError(f"{entry.folder} cannot be written: {error.strerror or error}") from error
    return entry.folder


def _record(folder: Path, source: str) -> None:
    for file in sorted(folder.iterdir()):
        digest = records.sha256_of(file)
        status = file.stat()
        record = records.Record(source, status.st_size, digest, None, status.st_mtime_ns)
        records.record_path(file).write_text(json.dumps(asdict(record)), encoding="ascii")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=not folder.exists())


def folder_bytes(folder: Path) -> int:
    """Returns the bytes of all files below a folder; 0 where there is none."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # moved between the two calls
                continue
    return total
