"""The switch by which a running download is paused and cancelled."""

from __future__ import annotations

import threading
import time

from llmodule.errors import DownloadCancelled

_POLL_SECONDS = 0.05


class Control:
    """Pauses and cancels downloads, from any thread.

    Args:
        parent: Another control that has the same effect; its own is not changed by this one.
    """

    def __init__(self, parent: Control | None = None) -> None:
        self._parent = parent
        self._cancelled = threading.Event()
        self._paused = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the download was cancelled, which is final."""
        return self._cancelled.is_set() or (self._parent is not None and self._parent.cancelled)

    @property
    def paused(self) -> bool:
        """Whether the download pauses."""
        return self._paused.is_set() or (self._parent is not None and self._parent.paused)

    def cancel(self) -> None:
        """Ends the download with DownloadCancelled; what has arrived is kept for the next attempt."""
        self._cancelled.set()

    def pause(self) -> None:
        """Stops reading from the network until `resume`."""
        self._paused.set()

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._paused.clear()

    def check(self) -> None:
        """Returns at once in normal operation; blocks while paused.

        Raises:
            DownloadCancelled: The download was cancelled.
        """
        while not self.cancelled:
            if not self.paused:
                return
            time.sleep(_POLL_SECONDS)
        raise DownloadCancelled("the download was cancelled; what has arrived is kept for the next attempt")

    def sleep(self, seconds: float) -> None:
        """Waits, and checks meanwhile.

        Raises:
            DownloadCancelled: The download was cancelled.
        """
        end = time.monotonic() + seconds
        self.check()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))
            self.check()
