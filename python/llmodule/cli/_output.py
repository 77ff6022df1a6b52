"""Text that appears while it is made, and Ctrl-C that ends an answer instead of the program."""

from __future__ import annotations

import contextlib
import logging
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
def told_on_stderr() -> Iterator[None]:
    """Shows what the library logs of long work, such as fetching and converting, as lines on stderr."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complain(record.getMessage())

    logger = logging.getLogger("llmodule")
    handler, level = Lines(logging.INFO), logger.level
    # Only the library's own lines: the native core's have a logger of their own below this one.
    handler.addFilter(lambda record: record.name == logger.name)
    logger.addHandler(handler)
    if logger.getEffectiveLevel() > logging.INFO:
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


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
