"""A file that arrives: bytes on the disk, and notes from which a later process goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass

from llmodule._download.cache import Entry, Record

_BLOCK_BYTES = 1 << 20
_NOTES_BYTES = 1024


@dataclass(frozen=True)
class Version:
    """Which state of a file a server sends.

    Attributes:
        validator: A strong ETag, or a Last-Modified that is as good, as it stands in the header; else None.
        total: The file's size in bytes, where known.
    """

    validator: str | None = None
    total: int | None = None


class Part:
    """The first bytes of a file.

    The notes hold their count and their SHA-256, so that what a crash or a bad disk has left behind is found before
    anything is added to it. They are of a fixed size and overwritten in place, which works on a full disk, too.

    Args:
        entry: Where; the caller holds its lock.
        check: Called between the blocks of a part that is read; may raise.

    Raises:
        OSError: The cache cannot be written.
    """

    def __init__(self, entry: Entry, *, check: Callable[[], None]) -> None:
        self.version = Version()
        self.size = 0
        self._digest = hashlib.sha256()
        self._paths = (entry.part, entry.notes)
        with contextlib.ExitStack() as stack:
            self._file = os.open(entry.part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            stack.callback(os.close, self._file)
            self._notes = os.open(entry.notes, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            stack.callback(os.close, self._notes)
            self._take_up(check)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Closes the files; what they hold stays for the next attempt."""
        self._stack.close()
        if self.size == 0:
            for empty in self._paths:
                empty.unlink(missing_ok=True)

    @property
    def resumable(self) -> bool:
        """Whether a server can be asked for what is still missing."""
        return self.size > 0 and self.version.validator is not None

    @property
    def complete(self) -> bool:
        """Whether all bytes of a file of known size are there."""
        return self.size == self.version.total

    def restart(self, version: Version = Version()) -> None:
        """Drops all bytes and begins with another version."""
        self.version = version
        self._begin()
        self._note()

    def write(self, data: bytes) -> None:
        """Adds bytes. Of what cannot be written whole, what was written counts.

        Raises:
            OSError: The disk is full, or fails.
        """
        view = memoryview(data)
        try:
            while view:
                count = os.pwrite(self._file, view, self.size)
                self._digest.update(view[:count])
                self.size += count
                view = view[count:]
        finally:
            self._note()

    def finish(self, url: str) -> Record:
        """Brings all bytes to the disk and returns the record of the file that they are.

        Args:
            url: Where it came from, without credentials.
        """
        os.fsync(self._file)
        return Record(url, self.size, self._digest.hexdigest(), self.version.validator, 0)

    def _begin(self) -> None:
        os.ftruncate(self._file, 0)
        self.size = 0
        self._digest = hashlib.sha256()

    def _take_up(self, check: Callable[[], None]) -> None:
        notes = read_notes(os.pread(self._notes, _NOTES_BYTES, 0))
        if notes is None:
            self._begin()
            return
        self.version, size, digest = notes
        while self.size < size and (block := os.pread(self._file, min(_BLOCK_BYTES, size - self.size), self.size)):
            self._digest.update(block)
            self.size += len(block)
            check()
        if (self.size, self._digest.hexdigest()) != (size, digest):
            self.version = Version()
            self._begin()
        else:  # bytes that arrived after the last notes are not vouched for
            os.ftruncate(self._file, size)

    def _note(self) -> None:
        notes = {
            "validator": self.version.validator, "total": self.version.total,
            "size": self.size, "sha256": self._digest.hexdigest(),
        }  # fmt: skip
        os.pwrite(self._notes, json.dumps(notes).ljust(_NOTES_BYTES).encode("ascii"), 0)


def read_notes(data: bytes) -> tuple[Version, int, str] | None:
    """Reads the notes of a part: its version, its count of bytes and their SHA-256; None where they are not sound."""
    try:
        match json.loads(data):
            case {
                "validator": str() | None as validator, "total": int() | None as total,
                "size": int(size), "sha256": str(digest),
            } if 0 <= size <= (size if total is None else total):  # fmt: skip
                return Version(validator, total), size, digest
    except (ValueError, RecursionError):
        pass
    return None
