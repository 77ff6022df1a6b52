"""What is tried again, when, and how often."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from llmodule._download.control import Control
from llmodule.errors import DownloadError

_LONGEST_PAUSE = 30.0
_PROGRESS_BYTES = 1 << 20


@dataclass(frozen=True)
class Policy:
    """How patient a download is.

    Attributes:
        connect_seconds: The longest wait for a connection.
        read_seconds: The longest wait for the next bytes.
        slowest: In bytes per second; a server that stays below it for `read_seconds` counts as cut off.
        attempts: How many attempts in a row may fail without bringing 1 MiB more than any before.
        backoff_seconds: The wait after the first of them; it doubles with each, up to 30 s, less a random part.
        longest_wait: The longest wait, in seconds, that a server may ask for with Retry-After.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    slowest: float = 1024.0
    attempts: int = 5
    backoff_seconds: float = 1.0
    longest_wait: float = 120.0


class TransientError(Exception):
    """A fault that may be gone at the next attempt.

    Args:
        message: What happened, for the error that is raised after the last attempt.
        wait: How long the server asks to wait, in seconds.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Attempts:
    """Counts the attempts for one file and waits between them.

    Args:
        policy: How many, and how long.
        control: Cancels the waiting.
        reached: The bytes that are there before the first attempt.
    """

    def __init__(self, policy: Policy, control: Control, reached: int) -> None:
        self._policy = policy
        self._control = control
        self._failed = 0
        self._best = reached

    def failed(self, error: TransientError, *, reached: int) -> None:
        """Waits until the next attempt is due.

        Args:
            error: How the last one ended.
            reached: The bytes that are there after it.

        Raises:
            DownloadError: There is none left, or the server asks to wait for too long.
            DownloadCancelled: Meanwhile the download was cancelled.
        """
        # Only what was never reached before counts, so that a server that begins anew each time is given up, too.
        self._failed = 1 if reached >= self._best + _PROGRESS_BYTES else self._failed + 1
        self._best = max(self._best, reached)
        if self._failed >= self._policy.attempts:
            raise DownloadError(f"{error}; given up after attempt {self._failed}")
        wait = min(self._policy.backoff_seconds * 2.0 ** (self._failed - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1.0)
        if error.wait is not None:
            wait = error.wait
        if wait > self._policy.longest_wait:
            raise DownloadError(f"{error}; the server asks to wait {wait:.0f} s, try again then")
        self._control.sleep(wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds that a response asks to wait with Retry-After, a number or a date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
