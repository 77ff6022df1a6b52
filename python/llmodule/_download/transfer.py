"""One file on its way from a server to the cache."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock, Timeout

from llmodule._download.answers import is_continuation, version_of
from llmodule._download.cache import Entry, is_whole
from llmodule._download.client import Client, plainly
from llmodule._download.control import Control
from llmodule._download.part import Part, read_notes
from llmodule._download.remote import Remote
from llmodule._download.retry import Attempts, Policy, TransientError
from llmodule.errors import DownloadError, ResourceError

_CHUNK_BYTES = 1 << 16
_LOCK_POLL_SECONDS = 0.1
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_logger = logging.getLogger("llmodule")


@dataclass(frozen=True)
class Together:
    """What the transfers of one call share.

    Attributes:
        control: Pauses and cancels them.
        gate: Opened once the sizes of all files are known and there is room for them.
        slots: Limits how many transfer at a time.
        policy: How patient they are.
        allow_redirects_to: See `Redirects`.
    """

    control: Control
    gate: threading.Event
    slots: threading.Semaphore
    policy: Policy
    allow_redirects_to: Collection[str] | None

    def pass_gate(self) -> None:
        """Waits for the gate."""
        while not self.gate.wait(_LOCK_POLL_SECONDS):
            self.control.check()


class Transfer:
    """Brings one file into the cache. All its resources belong to the thread that calls `run`.

    Attributes:
        total: The file's size in bytes; None while it is not known.
        done: The bytes that are there.
        missing: The bytes that this process has to write.
        known: Set when `total` is as known as it will be before the file has arrived.
        ended: Set at the end.
        path: The file at the end; None where the server has none.
        error: Why there is none.
    """

    def __init__(self, remote: Remote, together: Together) -> None:
        self._remote = remote
        self._together = together
        self._control = together.control
        self._entry = Entry(remote.url)
        self._client = Client(remote, together.policy, together.allow_redirects_to)
        self.total: int | None = remote.size
        self.done = 0
        self.missing = 0
        self.known = threading.Event()
        self.ended = threading.Event()
        self.path: Path | None = None
        self.error: BaseException | None = None
        self._response: requests.Response | None = None

    def run(self) -> None:
        """Finds or downloads the file; never raises."""
        try:
            with self._disk_faults():
                self.path = self._find()
        except BaseException as error:
            self.error = error
        finally:
            self.known.set()
            self.ended.set()

    def interrupt(self) -> None:
        """Ends the wait for a silent server, from another thread, once the control is cancelled."""
        if (response := self._response) is not None:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # the response may be at its end already
                response.raw.shutdown()

    def _find(self) -> Path | None:
        entry = self._entry
        if self._is_whole():
            return entry.file
        entry.file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock():
            if self._is_whole():  # another process has downloaded it meanwhile
                return entry.file
            if entry.file.exists():
                _logger.warning("%s is damaged or not what is expected; it is fetched again", entry.file.name)
                entry.record.unlink(missing_ok=True)
                entry.file.unlink()
            with contextlib.closing(Part(entry, check=self._control.check)) as part:
                return self._fetch(part)

    def _is_whole(self) -> bool:
        file = self._entry.file
        if not is_whole(file, sha256=self._remote.sha256, size=self._remote.size, check=self._control.check):
            return False
        self.done = self.total = file.stat().st_size
        with contextlib.suppress(OSError):  # the time of the last use; a cache may be read-only
            self._entry.record.touch()
        return True

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        lock = FileLock(self._entry.lock)
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                self._watch_other()
                self._control.sleep(_LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            lock.release()

    def _watch_other(self) -> None:
        """Takes over how far the process has come that holds the lock."""
        with contextlib.suppress(OSError):
            notes = read_notes(self._entry.notes.read_bytes())
            if notes is not None:
                self.total, self.done = notes[0].total or self.total, notes[1]
                self.known.set()

    def _fetch(self, part: Part) -> Path | None:
        attempts = Attempts(self._together.policy, self._control, part.size)
        if self._remote.size not in (None, part.version.total):
            part.restart()
        while True:
            before = part.size
            try:
                if not part.complete and not self._attempt(part):
                    part.restart()
                    self._absent()
                    return None
                return self._finish(part, in_one_piece=before == 0)
            except TransientError as error:
                _logger.info("%s", error)
                self.done = part.size
                fault = error
            # What was loaded once can be loaded without a network.
            if not self._remote.required and self._entry.absent.exists():
                self._absent()
                return None
            attempts.failed(fault, reached=part.size)

    def _absent(self) -> None:
        self.done = self.total = 0
        self._entry.absent.touch()

    def _attempt(self, part: Part) -> bool:
        """Receives what is missing; returns whether the server has the file."""
        headers: dict[str, str] = {}
        if part.resumable:
            headers = {"Range": f"bytes={part.size}-", "If-Range": part.version.validator or ""}
        with contextlib.ExitStack() as stack:
            with self._together.slots:
                self._control.check()
                response = stack.enter_context(self._client.get(headers))
            if response.status_code in (404, 410):
                if self._remote.required:
                    raise DownloadError(f"{self._remote}: the server answers {response.status_code} {response.reason}")
                return False
            self._response = response
            self._accept(response, part)
            self._announce(part)
            with self._together.slots:
                self._receive(response, part)
        return True

    def _accept(self, response: requests.Response, part: Part) -> None:
        """Makes `part` fit for the body that follows."""
        if part.resumable and response.status_code in (206, 416):
            if response.status_code == 206 and is_continuation(response, part.version, part.size):
                return
            part.restart()
            raise TransientError(f"{self._remote}: the server does not continue the file where it was cut")
        if response.status_code != 200:
            raise DownloadError(f"{self._remote}: the server answers {response.status_code}, though no range was asked")
        part.restart(version_of(self._remote, response))
        self._entry.absent.unlink(missing_ok=True)

    def _announce(self, part: Part) -> None:
        self.total = part.version.total
        self.done = part.size
        if not self.known.is_set():
            self.missing = (self.total or 0) - part.size
            self.known.set()
        self._together.pass_gate()

    def _receive(self, response: requests.Response, part: Part) -> None:
        policy = self._together.policy
        since, count = time.monotonic(), 0
        while True:
            paused = self._control.paused
            self._control.check()
            if paused:
                since, count = time.monotonic(), 0
            data: bytes = plainly(f"{self._remote}, after {part.size} bytes", lambda: response.raw.read1(_CHUNK_BYTES))
            self._control.check()
            if not data:
                break
            if self.total is not None and part.size + len(data) > self.total:
                raise self._wrong(part, f"more than {self.total} bytes arrived", response.status_code == 200)
            try:
                part.write(data)
            finally:
                self.done = part.size
            count += len(data)
            if (elapsed := time.monotonic() - since) > policy.read_seconds:
                if count < policy.slowest * elapsed:
                    raise TransientError(f"{self._remote}: fewer than {policy.slowest:.0f} bytes per second arrive")
                since, count = time.monotonic(), 0
        if self.total is not None and part.size != self.total:
            raise TransientError(f"{self._remote}: {part.size} of {self.total} bytes arrived")

    def _wrong(self, part: Part, what: str, in_one_piece: bool) -> Exception:
        """Drops what has arrived. Pieces may not have belonged together; one piece means that the server is wrong."""
        part.restart()
        return (DownloadError if in_one_piece else TransientError)(f"{self._remote}: {what}")

    def _finish(self, part: Part, *, in_one_piece: bool) -> Path:
        record = part.finish(str(self._remote))
        expected = self._client.sha256
        if expected not in (None, record.sha256):
            what = f"the SHA-256 of what arrived is {record.sha256}, expected is {expected}"
            raise self._wrong(part, what, in_one_piece)
        self._entry.commit(record)
        return self._entry.file

    @contextlib.contextmanager
    def _disk_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise ResourceError(
                    f"{self._entry.file} cannot be written: the disk is full after {self.done} of "
                    f"{self.total or 'an unknown number of'} bytes; they are kept; make room and try again"
                ) from error
            raise ResourceError(f"{self._entry.file} cannot be written: {error.strerror or error}") from error
