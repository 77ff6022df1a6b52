"""Sources that fsspec reads, with its memory and local file systems."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmodule import DownloadError, ResourceError
from llmodule.cache import list_models, verify
from llmodule.sources import ModelFiles, fetch_model

fsspec = pytest.importorskip("fsspec")
MODEL = bytes(range(256)) * 20_000  # 5 MB: several blocks


@pytest.fixture
def bucket() -> Iterator[Any]:
    """The memory file system with a model in memory://bucket/tiny."""
    system = fsspec.filesystem("memory")
    files = {"model.pte": MODEL, "tokenizer.json": b"{}", "tokenizer_config.json": b"{ }"}
    for name, content in files.items():
        system.pipe(f"/bucket/tiny/{name}", content)
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def fetch(*sources: Any, seen: list[float] | None = None) -> ModelFiles:
    return fetch_model(*sources, progress=(lambda share: None) if seen is None else seen.append)


@pytest.mark.parametrize("source", ["memory://bucket/tiny", "memory://bucket/tiny/", "memory://bucket/tiny/model.pte"])
def test_a_folder_or_a_file(bucket: Any, cache: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    files = fetch(source, seen=seen)
    assert files.model.read_bytes() == MODEL
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.tokenizer_config is not None
    assert (files.generation_config, files.chat_template) == (None, None)
    assert files.model.is_relative_to(cache)
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen.count(1.0) == 1

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("secret")

    for method in ("ls", "open", "exists", "isdir", "size", "info"):
        monkeypatch.setattr(type(bucket), method, fail)
    assert fetch(source) == files  # without a network
    with pytest.raises(DownloadError, match=r"memory://bucket/other .*ConnectionError") as caught:
        fetch("memory://bucket/other")
    assert "secret" not in str(caught.value)


def test_progress_is_that_of_all_files(bucket: Any) -> None:
    bucket.pipe("/bucket/tiny/tokenizer.json", b" " * len(MODEL))
    seen: list[float] = []
    fetch("memory://bucket/tiny", seen=seen)
    assert any(0.3 < share < 0.5 for share in seen)  # the tokenizer, which comes first
    assert any(0.5 < share < 1.0 for share in seen)


def test_a_damaged_copy_is_made_anew(bucket: Any) -> None:
    files = fetch("memory://bucket/tiny")
    files.model.write_bytes(MODEL[:-1])
    assert fetch("memory://bucket/tiny").model.read_bytes() == MODEL
    inode = files.model.stat()
    damaged = bytearray(MODEL)
    damaged[1000] ^= 1
    files.model.write_bytes(damaged)
    os.utime(files.model, ns=(inode.st_atime_ns, inode.st_mtime_ns))
    (damage,) = verify()
    assert damage.file == files.model
    assert fetch("memory://bucket/tiny").model.read_bytes() == MODEL


def test_tokenizer_model(bucket: Any) -> None:
    bucket.mv("/bucket/tiny/tokenizer.json", "/bucket/tiny/tokenizer.model")
    assert fetch("memory://bucket/tiny").tokenizer.name == "tokenizer.model"


def test_what_there_is_not(bucket: Any) -> None:
    bucket.pipe("/bucket/tiny/other.pte", b"x")
    with pytest.raises(ResourceError, match=r"exactly one \.pte file, and holds model\.pte, other\.pte"):
        fetch("memory://bucket/tiny")
    with pytest.raises(ResourceError, match=r"memory://bucket/none\.pte does not exist"):
        fetch("memory://bucket/none.pte", "memory://bucket/tiny/tokenizer_config.json")
    bucket.rm("/bucket/tiny/tokenizer.json")
    with pytest.raises(ResourceError, match=r"memory://bucket/tiny/tokenizer\.json does not exist"):
        fetch("memory://bucket/tiny/model.pte")


def test_a_store_that_ends_early(bucket: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = type(bucket).size
    monkeypatch.setattr(type(bucket), "size", lambda self, path: size(self, path) + 10)
    with pytest.raises(DownloadError, match=r"\d of 1\d bytes arrived; try again"):
        fetch("memory://bucket/tiny/model.pte", "memory://bucket/tiny/tokenizer.json")
    assert not list(cache.rglob("*.pte"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nothing://host/x.pte", "unknown scheme 'nothing'"),
        ("simplecache::memory://bucket/x.pte", "'::'"),
        ("zip://x.pte::memory://bucket/a.zip", "'::'"),
        ("memory://bucket/../x.pte", r"'\.\.'"),
    ],
)
def test_urls_that_are_refused(source: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fetch(source)


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(scheme: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    with pytest.raises(ResourceError, match=r"s3:// needs another package: Install s3fs"):
        fetch("s3://bucket/x.pte")
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "fsspec" else find_spec(name, *more)
    )
    with pytest.raises(ResourceError, match=r"s3://bucket/x\.pte .*pip install 'llmodule\[stores\]'"):
        fetch("s3://key:secret@bucket/x.pte")


def test_credentials_are_not_told(bucket: Any) -> None:
    bucket.pipe("/user:secret@bucket/a/model.pte", b"x")
    bucket.pipe("/user:secret@bucket/a/tokenizer.json", b"{}")
    fetch("memory://user:secret@bucket/a/model.pte")
    assert [model.name for model in list_models()] == ["memory://bucket/a/model.pte"]
