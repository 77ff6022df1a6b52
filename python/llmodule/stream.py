"""Text piece by piece from a worker thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmodule._native import CancelFlag

BOUND = 64
POLL_SECONDS = 0.05


def iterate(produce: Callable[[Callable[[str], None]], object], cancel: CancelFlag) -> Generator[str, None, None]:
    """Runs `produce` in a thread, and yields what it puts.

    The thread starts with the first piece asked for and runs at most `BOUND` pieces ahead. Breaking off, by `close`, by
    an exception or by forgetting the iterator, sets `cancel` and waits for the thread.

    Args:
        produce: Called with the function that takes the pieces; has to end soon once `cancel` is set. What it raises is
            raised to the consumer behind the last piece.
        cancel: The flag of the generation that `produce` runs.
    """
    channel = _Channel(cancel)

    def work() -> None:
        try:
            produce(channel.put)
        except BaseException as error:
            channel.finish(error)
        else:
            channel.finish(None)

    thread = threading.Thread(target=work, name="llmodule-stream")
    thread.start()
    try:
        while (piece := channel.get()) is not None:
            yield piece
    finally:
        cancel.cancel()
        thread.join()


class _Channel:
    """A bounded queue between the worker and the consumer."""

    def __init__(self, cancel: CancelFlag) -> None:
        self._cancel = cancel
        self._changed = threading.Condition()
        self._pieces: deque[str] = deque()
        self._finished = False
        self._error: BaseException | None = None

    def put(self, piece: str) -> None:
        with self._changed:
            while not self._given_up() and len(self._pieces) >= BOUND:
                self._changed.wait(POLL_SECONDS)  # the flag is native and notifies nobody
            self._pieces.append(piece)
            self._changed.notify_all()

    def _given_up(self) -> bool:
        # The interpreter's exit waits for this thread, and nobody is left to take the pieces.
        if not threading.main_thread().is_alive():
            self._cancel.cancel()
        return self._cancel.cancelled

    def finish(self, error: BaseException | None) -> None:
        with self._changed:
            self._finished = True
            self._error = error
            self._changed.notify_all()

    def get(self) -> str | None:
        """Returns the next piece, None at the end; raises what the worker raised."""
        with self._changed:
            while not self._pieces and not self._finished:
                self._changed.wait()
            if not self._pieces:
                if self._error is not None:
                    raise self._error
                return None
            piece = self._pieces.popleft()
            self._changed.notify_all()
            return piece
