"""The exception hierarchy, and its agreement with the core's list."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from llmodule import _native, errors

CLASSES = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__
]  # fmt: skip


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_is_documented_and_has_a_code(cls: type[errors.LLModuleError]) -> None:
    assert issubclass(cls, errors.LLModuleError)
    assert cls.__doc__
    assert re.fullmatch(r"[a-z_]+", cls.code)


def test_every_native_code_has_its_class() -> None:
    source = Path(__file__).parents[2] / "csrc" / "base" / "error.cc"
    codes = re.findall(r"case ErrorCode::\w+:\s+return \"(\w+)\"", source.read_text())
    assert len(codes) >= 6
    for code in codes:
        error = errors.from_native(code, "what happened", 17)
        assert type(error) is not errors.LLModuleError
        assert (error.code, error.executorch_code, str(error)) == (code, 17, "what happened")


def test_an_unknown_code_is_the_base_class() -> None:
    assert type(errors.from_native("new", "message", 0)) is errors.LLModuleError


def test_misuse_is_a_runtime_error_too() -> None:
    for cls in (errors.ModelNotLoadedError, errors.ModelGeneratingError, errors.ModelBusyError):
        assert issubclass(cls, RuntimeError)


def test_native_errors_arrive_as_these_classes(tmp_path: Path) -> None:
    with pytest.raises(errors.ResourceError, match=r"missing\.pte"):
        _native.Model(str(tmp_path / "missing.pte"))
    bad = tmp_path / "bad.pte"
    bad.write_bytes(b"no program")
    with pytest.raises(errors.ModelFormatError):
        _native.Model(str(bad))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(errors.TokenizerFormatError):
        _native.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
