"""One activity at a time on a model, and the way to interrupt it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llmodule.errors import ModelBusyError, ModelGeneratingError

if TYPE_CHECKING:
    from llmodule._native import CancelFlag

Activity = Literal["load", "generate", "change", "delete"]


@dataclass(frozen=True)
class _Holder:
    activity: Activity
    cancel: CancelFlag
    thread: int


class Gate:
    """Held by whoever loads, uses, changes or deletes; a second one is refused, not queued."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._holder: _Holder | None = None

    @contextlib.contextmanager
    def hold(
        self, activity: Activity, *, cancel: CancelFlag | None = None, patient: bool = False
    ) -> Iterator[CancelFlag]:
        """Holds the gate for the length of the block, which gets its own cancel flag, or the one given.

        Args:
            activity: What the block does.
            cancel: The flag that `interrupt` sets.
            patient: Waits for a generation in another thread that has been interrupted.

        Raises:
            ModelGeneratingError: A generation is running.
            ModelBusyError: Something else is going on.
        """
        from llmodule import _native

        holder = _Holder(activity, cancel or _native.CancelFlag(), threading.get_ident())
        try:
            with self._condition:
                while self._holder is not None:
                    self._refuse(self._holder, patient)
                    self._condition.wait()
                self._holder = holder
            yield holder.cancel
        finally:
            with self._condition:
                if self._holder is holder:
                    self._holder = None
                    self._condition.notify_all()

    def interrupt(self) -> None:
        """Cancels the activity that is going on, if there is one. Takes no lock: a signal handler may call it."""
        holder = self._holder
        if holder is not None:
            holder.cancel.cancel()

    @staticmethod
    def _refuse(holder: _Holder, patient: bool) -> None:
        if holder.activity != "generate":
            raise ModelBusyError(f"the model is busy ({holder.activity}); wait for that call to return")
        if not (patient and holder.cancel.cancelled and holder.thread != threading.get_ident()):
            raise ModelGeneratingError("a generation is running; wait for it or call interrupt() first")
