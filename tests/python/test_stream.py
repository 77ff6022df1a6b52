"""The iterator over a worker thread."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from llmodule._native import CancelFlag
from llmodule.stream import BOUND, iterate

Put = Callable[[str], None]


def counted(count: int, cancel: CancelFlag, seen: list[int]) -> Callable[[Put], None]:
    def produce(put: Put) -> None:
        for i in range(count):
            if cancel.cancelled:
                return
            seen.append(i)
            put(str(i))

    return produce


def test_pieces_arrive_in_order_and_the_thread_ends() -> None:
    cancel = CancelFlag()
    assert list(iterate(counted(500, cancel, []), cancel)) == [str(i) for i in range(500)]
    assert not any(thread.name == "llmodule-stream" for thread in threading.enumerate())


def test_nothing_happens_before_the_first_piece_is_asked_for() -> None:
    seen: list[int] = []
    cancel = CancelFlag()
    iterate(counted(5, cancel, seen), cancel).close()
    assert seen == []


@pytest.mark.parametrize("end", ["close", "forget", "throw"])
def test_breaking_off_cancels_and_waits(end: str) -> None:
    seen: list[int] = []
    cancel = CancelFlag()
    pieces = iterate(counted(100_000, cancel, seen), cancel)
    assert next(pieces) == "0"
    if end == "close":
        pieces.close()
    elif end == "forget":
        del pieces
        gc.collect()
    else:
        with pytest.raises(KeyboardInterrupt):
            pieces.throw(KeyboardInterrupt())
    assert cancel.cancelled
    assert not any(thread.name == "llmodule-stream" for thread in threading.enumerate())
    assert len(seen) <= BOUND + 2


def test_the_worker_does_not_run_far_ahead() -> None:
    seen: list[int] = []
    cancel = CancelFlag()
    full = threading.Event()

    def produce(put: Put) -> None:
        for i in range(BOUND + 1):
            seen.append(i)
            put(str(i))
        full.set()  # one piece was taken, so this is reached
        put("waits")
        seen.append(-1)

    pieces = iterate(produce, cancel)
    next(pieces)
    assert full.wait(10)
    assert not threading.Event().wait(0.2)
    assert -1 not in seen
    next(pieces)
    assert "waits" in list(pieces)
    assert seen[-1] == -1


def test_what_the_worker_raises_reaches_the_consumer_behind_the_last_piece() -> None:
    def produce(put: Put) -> None:
        put("a")
        raise KeyError("worker")

    pieces = iterate(produce, CancelFlag())
    assert next(pieces) == "a"
    with pytest.raises(KeyError, match="worker"):
        next(pieces)


def test_pieces_from_before_a_cancel_are_not_lost() -> None:
    cancel = CancelFlag()

    def produce(put: Put) -> None:
        for i in range(3 * BOUND):
            put(str(i))
            if i == BOUND - 1:
                cancel.cancel()

    assert len(list(iterate(produce, cancel))) == 3 * BOUND


def test_an_unfinished_stream_does_not_hold_up_the_exit() -> None:
    program = """
from llmodule._native import CancelFlag
from llmodule.stream import iterate
def produce(put):
    while not cancel.cancelled:
        put("x")
cancel = CancelFlag()
pieces = iterate(produce, cancel)
print(next(pieces))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n", "")
