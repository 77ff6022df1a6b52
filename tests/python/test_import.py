"""What the package offers, and what importing it costs."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest

import llmodule
from llmodule import _logging, _native


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_public_name_exists() -> None:
    assert list(llmodule.__all__) == sorted(llmodule.__all__)
    assert {name for name in llmodule.__all__ if name != "__version__"} == set(llmodule._HOME)
    for name in llmodule.__all__:
        assert getattr(llmodule, name) is not None
        assert name in dir(llmodule)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = llmodule.nonsense  # type: ignore[attr-defined]


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(llmodule.__file__).read_text())
    imported = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("llmodule.")
        for alias in node.names
    }
    assert imported == {name: f"llmodule.{module}" for name, module in llmodule._HOME.items()}


def test_importing_loads_nothing() -> None:
    program = """
import sys
before = set(sys.modules)
import llmodule
new = {name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names}
print(sorted(new))
"""
    assert run(program) == "['llmodule']\n"


def test_the_class_alone_loads_no_library() -> None:
    program = """
import sys
from llmodule import LLMModule
LLMModule().interrupt()
heavy = ("numpy", "jinja2", "requests", "torch", "llmodule._native")
print([name for name in heavy if name in sys.modules])
"""
    assert run(program) == "[]\n"


def test_native_lines_are_records_of_a_logger(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks: list[object] = []
    monkeypatch.setattr(_native, "set_log_callback", callbacks.append)
    monkeypatch.setattr("atexit.register", lambda *_: None)
    _logging.connect.__wrapped__()
    (callback,) = callbacks
    assert callable(callback)
    with caplog.at_level(logging.DEBUG, "llmodule"):
        callback(logging.WARNING, "something from below: 100 %")
    assert [(r.name, r.levelno, r.getMessage()) for r in caplog.records] == [
        ("llmodule.native", logging.WARNING, "something from below: 100 %")
    ]


def test_quiet_without_a_handler() -> None:
    program = "import logging, llmodule._logging; logging.getLogger('llmodule.native').error('unseen')"
    assert run(program) == ""
