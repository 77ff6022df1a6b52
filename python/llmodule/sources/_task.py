"""One load while its files are fetched: how far it is, what stops it, what must not be removed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmodule._download import Control
from llmodule.cache._locks import Lease
from llmodule.cache._models import Outside

Count = Callable[[int, int], None]


class Task:
    """What all places that files are fetched from share.

    Args:
        progress: Called with the bytes that are there and the bytes of all files that are known of; their ratio never
            falls. The end is reported by `finish` alone.
        control: Pauses and cancels.
        damaged: Files outside the cache that have to be fetched again.

    Attributes:
        control: See above; None if nothing pauses or cancels.
        lease: Keeps the entries of the cache that are used.
        check: Blocks while the load is paused; raises DownloadCancelled if it was cancelled.
        damaged: See above.
        outside: The files outside the cache that were used.
        listings: What places have told of their files, which they are asked for once.
    """

    def __init__(self, progress: Count, control: Control | None = None, damaged: frozenset[Path] = frozenset()) -> None:
        self.lease = Lease()
        self.check: Callable[[], None] = (control or Control()).check
        self.control = control
        self.damaged = damaged
        self.outside: dict[Path, Outside] = {}
        self.listings: dict[object, object] = {}
        self._progress = progress
        self._parts: dict[str, tuple[int, int]] = {}
        self._ahead = 0.0
        self._share = -1.0

    @contextmanager
    def before_conversion(self) -> Iterator[Callable[[float], None]]:
        """Lets what is fetched in the block count for one half, and gives the callback for the other half."""
        self._ahead = 0.5

        def converting(share: float) -> None:
            self.check()
            self._ahead = 0.5 * (1 - share)
            self._report()

        yield converting
        self._ahead = 0.0

    def counter(self, part: str) -> Count:
        """Returns the callback for the bytes of one part of the files: those there, and all."""

        def count(done: int, total: int) -> None:
            self.check()
            self._parts[part] = (min(done, total), total)
            if done < total:  # what ends may be followed by more, or have been there before
                self._report()

        return count

    def weigh(self, size: int) -> None:
        """Tells the bytes of what is converted, where nothing of it had to be fetched and counted."""
        if not self._parts:
            self._parts["converted"] = (size, size)

    def finish(self) -> None:
        """Reports that everything is there."""
        total = sum(total for _, total in self._parts.values())
        self._progress(total, total)

    def _report(self) -> None:
        done = sum(done for done, _ in self._parts.values())
        total = sum(total for _, total in self._parts.values())
        done = int(done * (1 - self._ahead)) if self._ahead else done
        if done < total and done / total > self._share:
            self._share = done / total
            self._progress(done, total)
