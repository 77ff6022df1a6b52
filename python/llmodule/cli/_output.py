"""Text that appears while it is made, and Ctrl-C that ends an answer instead of the program."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from llmodule.module import LLMModule


def write(piece: str) -> None:
    """Writes text to stdout at once."""
    sys.stdout.write(piece)
    sys.stdout.flush()


def complain(message: str) -> None:
    """Writes one line to stderr."""
    sys.stderr.write(f"llmodule: {' '.join(message.split())}\n")


@contextlib.contextmanager
def interrupted_by_ctrl_c(llm: LLMModule) -> Iterator[None]:
    """Lets the first Ctrl-C within the block interrupt the generation; the second one raises KeyboardInterrupt."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        llm.interrupt()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
