"""One activity at a time."""

from __future__ import annotations

import threading

import pytest

from llmodule import ModelBusyError, ModelGeneratingError
from llmodule._gate import Gate


def test_a_second_activity_is_refused_and_the_first_goes_on() -> None:
    gate = Gate()
    with gate.hold("generate"):
        with pytest.raises(ModelGeneratingError), gate.hold("generate"):
            pass
        with pytest.raises(ModelGeneratingError), gate.hold("delete", patient=True):
            pass
    with gate.hold("load"), pytest.raises(ModelBusyError, match=r"busy \(load\)"), gate.hold("generate"):
        pass
    with gate.hold("generate") as flag:
        assert not flag.cancelled


def test_an_exception_opens_the_gate() -> None:
    gate = Gate()
    with pytest.raises(KeyError), gate.hold("generate"):
        raise KeyError
    with gate.hold("load"):
        pass


def test_an_interrupt_is_neither_lost_nor_left_over() -> None:
    gate = Gate()
    gate.interrupt()
    with gate.hold("generate") as flag:
        assert not flag.cancelled
        gate.interrupt()
        assert flag.cancelled
    with gate.hold("generate") as flag:
        assert not flag.cancelled


def test_the_patient_wait_for_an_interrupted_generation() -> None:
    gate = Gate()
    inside, go = threading.Event(), threading.Event()
    order: list[str] = []

    def generate() -> None:
        with gate.hold("generate"):
            inside.set()
            go.wait(10)
            order.append("generated")

    def delete() -> None:
        with gate.hold("delete", patient=True):
            order.append("deleted")

    generating = threading.Thread(target=generate)
    generating.start()
    assert inside.wait(10)
    gate.interrupt()
    deleting = threading.Thread(target=delete)
    deleting.start()
    deleting.join(0.1)
    assert order == []
    go.set()
    generating.join()
    deleting.join()
    assert order == ["generated", "deleted"]


def test_nobody_waits_for_itself() -> None:
    gate = Gate()
    with gate.hold("generate"):
        gate.interrupt()
        with pytest.raises(ModelGeneratingError), gate.hold("delete", patient=True):
            pass
