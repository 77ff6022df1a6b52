"""Models of other formats as sources: what is converted, when, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmodule import _conversion
from llmodule.errors import ModelFormatError
from llmodule.sources import fetch_model


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LLMODULE_CACHE", str(folder))
    return folder


class Converter:
    """Stands for convert(): notes what it was asked for and writes the files that fetch_model looks for."""

    def __init__(self) -> None:
        self.sources: list[Path] = []

    def __call__(self, source: Path, output: Path, *, progress: object, **_: object) -> Path:
        self.sources.append(source)
        assert callable(progress)
        progress(0.5)
        output.write_bytes(b"pte")
        output.with_name("tokenizer.json").write_text("{}")
        progress(1.0)
        return output


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    double = Converter()
    monkeypatch.setattr("llmodule.converter.conversion.convert", double)
    return double


def test_what_is_converted(tmp_path: Path) -> None:
    file = tmp_path / "any-name"
    file.write_bytes(b"GGUF....")
    assert _conversion.is_convertible(file)
    file.write_bytes(b"GGU")
    assert not _conversion.is_convertible(file)
    assert not _conversion.is_convertible(tmp_path / "missing")
    folder = tmp_path / "folder"
    folder.mkdir()
    assert not _conversion.is_convertible(folder)
    (folder / "model.safetensors").touch()
    assert _conversion.is_convertible(folder)
    (folder / "model.pte").touch()
    assert not _conversion.is_convertible(folder)


def test_converts_once_and_again_when_the_file_changes(tmp_path: Path, cache: Path, converter: Converter) -> None:
    source = tmp_path / "tiny.gguf"
    source.write_bytes(b"GGUF-1")
    shares: list[float] = []
    first = fetch_model(source, progress=shares.append)
    assert first.model.read_bytes() == b"pte"
    assert first.tokenizer == first.model.with_name("tokenizer.json")
    assert first.model.is_relative_to(cache)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert fetch_model(source, progress=shares.append) == first
    assert converter.sources == [source]
    source.write_bytes(b"GGUF-other")
    assert fetch_model(source, progress=shares.append) != first
    assert converter.sources == [source, source]


def test_a_damaged_model_leaves_nothing_in_the_cache(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "broken.gguf"
    source.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelFormatError, match=r"broken\.gguf"):
        fetch_model(source, progress=lambda share: None)
    assert [path for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks"] == []
