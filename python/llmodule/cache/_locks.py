"""Locks between processes: an entry of the cache that is being loaded is not removed, and is made only once."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from llmodule._download import cache_folder
from llmodule.errors import ResourceError

_POLL_SECONDS = 0.05
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_logger = logging.getLogger("llmodule")


class Lease:
    """Keeps entries of the cache from being removed, by any process, until it is closed or no longer referenced."""

    def __init__(self) -> None:
        self._locks: dict[str, int | None] = {}
        self._folders: list[tempfile.TemporaryDirectory[str]] = []

    @property
    def entries(self) -> list[str]:
        """The ids of the entries that it keeps."""
        return list(self._locks)

    def take(self, entry: str) -> None:
        """Adds an entry; waits while another process removes it.

        Raises:
            ResourceError: The cache cannot be written.
        """
        if entry not in self._locks:
            handle = _open(_path(entry))
            if handle is not None:
                fcntl.flock(handle, fcntl.LOCK_SH)
            self._locks[entry] = handle

    def temporary_folder(self) -> Path:
        """Returns a new folder outside the cache that is removed with the lease."""
        self._folders.append(tempfile.TemporaryDirectory(prefix="llmodule-"))
        return Path(self._folders[-1].name)

    def close(self) -> None:
        """Gives everything up."""
        while self._locks:
            _, handle = self._locks.popitem()
            if handle is not None:
                os.close(handle)
        while self._folders:
            self._folders.pop().cleanup()

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Lease], tuple[()]]:
        return Lease, ()  # a copy, also in another process, keeps nothing: the locks are closed once


@contextlib.contextmanager
def removing(entry: str) -> Iterator[bool]:
    """Holds an entry for its removal. Gives False, and holds nothing, where a process has a lease of it."""
    handle = _open(_path(entry))
    try:
        yield handle is not None and _try(handle)
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def making(entry: str, check: Callable[[], None]) -> Iterator[None]:
    """Holds an entry while it is made; another process that makes the same is waited for.

    Args:
        entry: Its id; the caller has a lease of it.
        check: Called while waiting; may raise.

    Raises:
        ResourceError: The cache cannot be written.
    """
    path = _path(f"{entry}.making")
    handle = _open(path)
    if handle is None:
        raise ResourceError(f"{path} cannot be written; set LLMODULE_CACHE to a folder that can")
    try:
        if not _try(handle):
            _logger.info("waiting for another process that makes %s", entry)
            while not _try(handle):
                check()
                time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(handle)


def _path(entry: str) -> Path:
    # The locks lie outside of what they protect, so that removing an entry does not remove its lock.
    return cache_folder() / "locks" / entry.replace("/", "--")


def _open(path: Path) -> int | None:
    """Opens a lock; None where the cache is read-only, and nothing can be removed from it either."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in _READ_ONLY:
            return None
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from error


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
