"""The progress over all files, which only rises."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmodule._download.transfer import Transfer

Progress = Callable[[int, int], None]


class Meter:
    """Tells a callback of the bytes that are there, in the thread that calls it."""

    def __init__(self, transfers: Sequence[Transfer], progress: Progress) -> None:
        self._transfers = transfers
        self._progress = progress
        self._share = -1.0

    def report(self) -> None:
        """Reports if the share of the bytes has risen; never the end, for which there is `finish`."""
        done, total = self._sums()
        if done < total and done / total > self._share:
            self._share = done / total
            self._progress(done, total)

    def finish(self) -> None:
        """Reports that all bytes are there."""
        done, _ = self._sums()
        self._progress(done, done)

    def _sums(self) -> tuple[int, int]:
        done = [transfer.done for transfer in self._transfers]
        # While a file's size is not known it counts as what has arrived of it.
        total = sum(max(count, transfer.total or 0) for count, transfer in zip(done, self._transfers, strict=True))
        return sum(done), total
