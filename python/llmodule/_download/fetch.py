"""Several files into the cache, at the same time."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmodule._download.cache import cache_folder
from llmodule._download.control import Control
from llmodule._download.remote import Remote
from llmodule._download.retry import Policy
from llmodule.errors import DownloadCancelled, ResourceError

if TYPE_CHECKING:
    from llmodule._download.transfer import Transfer

_AT_A_TIME = 4
_TICK_SECONDS = 0.05
_GRACE_SECONDS = 0.5


def fetch_all(
    files: Sequence[Remote],
    *,
    progress: Callable[[int, int], None],
    control: Control | None = None,
    allow_redirects_to: Collection[str] | None = None,
    policy: Policy = Policy(),  # noqa: B008 - immutable
) -> list[Path | None]:
    """Brings files into the cache, four at a time, and returns what is there already as it is.

    Args:
        files: Which; one URL may occur more than once.
        progress: Called in this thread with the bytes that are there and the bytes of all files. Their ratio never
            falls. The last call is with two equal numbers, and no other is.
        control: Pauses and cancels, from any thread.
        allow_redirects_to: Names of hosts to which a redirect may lead although they have private addresses, or are
            reached over http from https; by default those that $LLMODULE_ALLOW_REDIRECTS_TO lists.
        policy: How patient the download is.

    Returns:
        The local file of each; None where the server has none, or had none when it was last reached, so that what was
        loaded once can be loaded without a network.

    Raises:
        DownloadError: A server cannot be reached or trusted, refuses, redirects where it must not, or delivers
            something else than announced or expected.
        DownloadCancelled: It was cancelled.
        ResourceError: The cache cannot be written, or the disk has no room.
    """
    from llmodule._download.client import THREAD_NAME
    from llmodule._download.meter import Meter
    from llmodule._download.transfer import Together, Transfer

    stop = Control(parent=control)
    together = Together(stop, threading.Event(), threading.Semaphore(_AT_A_TIME), policy, allow_redirects_to)
    transfers = {file.url: Transfer(file, together) for file in _merged(files)}
    threads = [threading.Thread(target=each.run, name=THREAD_NAME, daemon=True) for each in transfers.values()]
    meter = Meter(list(transfers.values()), progress)

    def tick() -> None:
        for transfer in transfers.values():
            if transfer.error is not None:
                raise transfer.error
        if stop.cancelled:
            raise DownloadCancelled("the download was cancelled; what has arrived is kept for the next attempt")
        if together.gate.is_set():
            meter.report()

    try:
        for thread in threads:
            thread.start()
        _wait((transfer.known for transfer in transfers.values()), tick)
        _check_room(transfers.values())
        together.gate.set()
        _wait((transfer.ended for transfer in transfers.values()), tick)
    except BaseException:
        stop.cancel()
        for transfer in transfers.values():
            transfer.interrupt()
        # One that hangs in another system call notices when that returns, and changes nothing any more.
        end = time.monotonic() + _GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        raise
    meter.finish()
    return [transfers[file.url].path for file in files]


def _merged(files: Sequence[Remote]) -> Iterable[Remote]:
    merged: dict[str, Remote] = {}
    for file in files:
        known = merged.setdefault(file.url, file)
        if (known.sha256, known.size) != (file.sha256, file.size):
            raise ValueError(f"{file} is asked for twice, with different sizes or hashes")
        merged[file.url] = replace(known, required=known.required or file.required)
    return merged.values()


def _wait(events: Iterable[threading.Event], tick: Callable[[], None]) -> None:
    for event in events:
        tick()
        while not event.wait(_TICK_SECONDS):
            tick()
    tick()


def _check_room(transfers: Iterable[Transfer]) -> None:
    missing = sum(transfer.missing for transfer in transfers)
    folder = cache_folder()
    if missing and missing > (free := shutil.disk_usage(folder).free):
        raise ResourceError(
            f"the download needs {missing} bytes, and {folder} has {free} free; make room there, or name another "
            "folder in $LLMODULE_CACHE"
        )
