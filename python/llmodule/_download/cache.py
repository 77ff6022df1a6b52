"""Where downloaded files lie, and the records that tell whole files from damaged ones."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

_CHUNK_BYTES = 1 << 20
_RECORD_BYTES = 1 << 14


def cache_folder() -> Path:
    """Returns the folder of cached files: $LLMODULE_CACHE, else the system's usual place."""
    return Path(os.environ.get("LLMODULE_CACHE") or platformdirs.user_cache_dir("llmodule", appauthor=False))


@dataclass(frozen=True)
class Record:
    """What is known of a whole file in the cache.

    Attributes:
        url: Where it came from, without credentials and query.
        size: In bytes.
        sha256: In lower-case hexadecimal digits.
        validator: The server's strong ETag, or its Last-Modified, where it gave one.
        modified_ns: The file's modification time when it was last found whole, in ns since 1970.
    """

    url: str
    size: int
    sha256: str
    validator: str | None
    modified_ns: int


class Entry:
    """The files in the cache that belong to one URL.

    Attributes:
        file: The whole file; belongs to the cache only if `is_whole`.
        record: Its `Record`; its modification time is that of the last use.
        part: What has arrived of a file that is not whole yet.
        notes: What is known of `part`.
        lock: Held by the process that downloads.
        absent: There if the server had no such file when it was last asked.
    """

    def __init__(self, url: str) -> None:
        plain = unquote(urlsplit(url).path.rpartition("/")[2])
        name = re.sub(r"[^\w.-]", "_", plain, flags=re.ASCII).lstrip(".")[-100:] or "file"
        folder = cache_folder() / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:32]
        self.file = folder / name
        self.record = record_path(self.file)
        self.part = folder / f"{name}.part"
        self.notes = folder / f"{name}.part.json"
        self.lock = folder / f"{name}.lock"
        self.absent = folder / f"{name}.absent"

    def commit(self, record: Record) -> None:
        """Puts the part, which is whole and on the disk, in the place of the file."""
        # The record comes first: without its file it means nothing, and a file without a record is fetched again.
        record = replace(record, modified_ns=self.part.stat().st_mtime_ns)
        _write_record(self.record, record)
        os.replace(self.part, self.file)
        for stale in (self.notes, self.absent):
            stale.unlink(missing_ok=True)
        _sync_folder(self.file.parent)


def record_path(file: Path) -> Path:
    """Returns where the record of a cached file is kept."""
    return file.with_name(f"{file.name}.record")


def read_record(file: Path) -> Record | None:
    """Returns the record of a cached file; None where there is none that can be read."""
    try:
        with open(record_path(file), "rb") as source:
            fields = json.loads(source.read(_RECORD_BYTES))
        record = Record(**fields)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    numbers, texts = (record.size, record.modified_ns), (record.url, record.sha256, record.validator or "")
    sound = all(type(number) is int for number in numbers) and all(isinstance(text, str) for text in texts)
    return record if sound else None


def is_whole(
    file: Path, *, sha256: str | None = None, size: int | None = None, check: Callable[[], None] = lambda: None
) -> bool:
    """Tells whether a cached file is what was downloaded: by its size and time, or else by its SHA-256.

    Args:
        file: A file of the cache.
        sha256: What it must be, where known.
        size: What it must be, in bytes, where known.
        check: Called between the blocks of a file that is read; may raise.

    Raises:
        OSError: The file cannot be read.
    """
    record = read_record(file)
    try:
        status = file.stat()
    except FileNotFoundError:
        return False
    if record is None or status.st_size != record.size:
        return False
    if (sha256 or record.sha256, record.size if size is None else size) != (record.sha256, record.size):
        return False
    if status.st_mtime_ns == record.modified_ns:
        return True
    if sha256_of(file, check=check) != record.sha256:
        return False
    with contextlib.suppress(OSError):  # a cache that is only read is read again the next time
        _write_record(record_path(file), replace(record, modified_ns=status.st_mtime_ns))
    return True


def verify(file: Path) -> bool:
    """Tells whether every byte of a cached file is what was downloaded.

    Raises:
        OSError: The file cannot be read.
    """
    record = read_record(file)
    return record is not None and file.is_file() and sha256_of(file) == record.sha256


def sha256_of(file: Path, *, check: Callable[[], None] = lambda: None) -> str:
    """Returns the SHA-256 of a file in lower-case hexadecimal digits; calls `check` between its blocks."""
    digest = hashlib.sha256()
    with open(file, "rb") as source:
        while block := source.read(_CHUNK_BYTES):
            digest.update(block)
            check()
    return digest.hexdigest()


def _write_record(path: Path, record: Record) -> None:
    aside = path.with_name(f"{path.name}.new")
    with open(aside, "w", encoding="ascii") as out:
        json.dump(asdict(record), out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(aside, path)


def _sync_folder(folder: Path) -> None:
    """Makes a renaming last; some file systems cannot do that for folders, and need not."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
