"""A download that runs in the background, and the handle to it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from llmodule._download.control import Control

T = TypeVar("T")


class Download(Generic[T]):
    """A download in a thread of its own. It can be awaited.

    Args:
        work: What runs there. It gets the callback for the bytes done and the bytes in total, and the control.
    """

    def __init__(self, work: Callable[[Callable[[int, int], None], Control], T]) -> None:
        self._work = work
        self._control = Control()
        self._bytes = (0, 0)
        self._future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._future.set_running_or_notify_cancel()
        threading.Thread(target=self._run, name="llmodule-background", daemon=True).start()

    @property
    def bytes_done(self) -> int:
        """The bytes that are there."""
        return self._bytes[0]

    @property
    def bytes_total(self) -> int:
        """The bytes of all files; 0 while that is not known."""
        return self._bytes[1]

    @property
    def progress(self) -> float:
        """The share of the bytes that are there, from 0 to 1."""
        done, total = self._bytes
        return done / total if total else float(self.done and self._future.exception() is None)

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._future.done()

    @property
    def paused(self) -> bool:
        """Whether it pauses."""
        return self._control.paused

    def pause(self) -> None:
        """Stops reading from the network until `resume`."""
        self._control.pause()

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._control.resume()

    def cancel(self) -> None:
        """Ends it with DownloadCancelled; what has arrived is kept for the next time."""
        self._control.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the end, at most `timeout` seconds; returns whether it has come.

        Raises:
            DownloadError: It failed, or was cancelled.
            ResourceError: The cache cannot be written.
        """
        if not concurrent.futures.wait([self._future], timeout).done:
            return False
        self._future.result()
        return True

    def result(self, timeout: float | None = None) -> T:
        """Waits for the end, at most `timeout` seconds, and returns what was downloaded.

        Raises:
            TimeoutError: It has not ended by then.
            DownloadError: It failed, or was cancelled.
            ResourceError: The cache cannot be written.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"the download has not ended within {timeout} s")
        return self._future.result()

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()

    def _run(self) -> None:
        try:
            result = self._work(self._count, self._control)
        except BaseException as error:
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _count(self, done: int, total: int) -> None:
        self._bytes = (done, total)
