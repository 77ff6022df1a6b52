"""The native core's log lines as records of the logger "llmodule.native"."""

from __future__ import annotations

import atexit
import functools
import logging

logging.getLogger("llmodule").addHandler(logging.NullHandler())


@functools.cache
def connect() -> None:
    """Lets native log lines reach Python's logging; the second call does nothing."""
    from llmodule import _native

    _native.set_log_callback(logging.getLogger("llmodule.native").log)
    atexit.register(_native.set_log_callback, None)
