"""What is listed, verified, removed and pruned, and what is not."""

from __future__ import annotations

import json
import os
import pickle
import threading
from copy import deepcopy as copy_of
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from llmodule import DownloadError, ResourceError
from llmodule.cache import find, list_models, prune, remove, verify
from llmodule.sources import ModelFiles, download

pytest.importorskip("fsspec")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder that sources named local:// are copied from, with models of 1000, 2000 and 3000 bytes."""
    for number in (1, 2, 3):
        folder = tmp_path / "store" / f"m{number}"
        folder.mkdir(parents=True)
        (folder / "model.pte").write_bytes(bytes([number]) * 1000 * number)
        (folder / "tokenizer.json").write_text("{}")
    return tmp_path / "store"


def load(store: Path, number: int, *, age: float = 0.0, **more: Any) -> ModelFiles:
    """Loads one of the models, some seconds ago."""
    files = download(f"local://{store}/m{number}", **more)
    if age:
        (record,) = (Path(os.environ["LLMODULE_CACHE"]) / "models").glob(f"m{number}-*.json")
        then = record.stat().st_mtime - age
        os.utime(record, (then, then))
    return files


def names() -> list[str]:
    return [model.name.rpartition("/")[2] for model in list_models()]


def test_an_empty_cache() -> None:
    assert list_models() == []
    assert verify() == []
    assert prune(0) == []
    with pytest.raises(ResourceError, match=r"the cache has no model 'x'; it holds nothing"):
        remove("x")


def test_the_list(store: Path) -> None:
    load(store, 1, age=100)
    load(store, 2, age=200)
    assert names() == ["m1", "m2"]
    load(store, 2)
    assert names() == ["m2", "m1"]
    two = list_models()[0]
    assert two.size == pytest.approx(2002, abs=1000)  # and the records
    assert two.model is not None
    assert two.model.read_bytes() == b"\2" * 2000
    assert find(two.id) == find(two.name) == two


def test_removal(store: Path, cache: Path) -> None:
    files = load(store, 1)
    load(store, 2)
    with pytest.raises(ResourceError, match=r"no model 'm1'; it holds m1-[0-9a-f]{8}, m2-[0-9a-f]{8}$"):
        remove("m1")
    one = find(f"local://{store}/m1")
    with pytest.raises(ResourceError, match=r"m1-\w+ is being loaded by a process"):
        remove(one.id)  # as long as `files` is referenced
    assert files.model.exists()
    path = files.model
    del files
    assert remove(one.id) > 1000
    assert not path.exists()
    assert names() == ["m2"]
    assert load(store, 1).model == path  # it can be had again


def test_copies_of_the_files_keep_nothing(store: Path) -> None:
    files = load(store, 1)
    for copy in (copy_of(files), pickle.loads(pickle.dumps(files)), asdict(files)):
        del copy
    with pytest.raises(ResourceError, match="is being loaded"):
        remove(f"local://{store}/m1")
    twin = copy_of(files)
    del files
    assert twin.model.exists()
    remove(f"local://{store}/m1")


def test_what_two_models_share_stays(store: Path) -> None:
    load(store, 1)
    shared = f"local://{store}/m1/tokenizer.json"
    path = load(store, 2, tokenizer=shared).tokenizer
    remove(find(f"local://{store}/m1").id)
    assert path.exists()
    remove(find(f"local://{store}/m2").id)
    assert not path.exists()


def test_pruning_takes_the_longest_unused(store: Path) -> None:
    for number in (1, 2, 3):
        load(store, number, age=1000 * number)
    total = sum(model.size for model in list_models())
    assert prune(total) == []
    assert [model.name[-2:] for model in prune(total - 1)] == ["m3"]
    kept = load(store, 2, age=5000)
    assert [model.name[-2:] for model in prune(0)] == ["m1"]  # not what is being loaded
    assert names() == ["m2"]
    del kept
    assert [model.name[-2:] for model in prune(0)] == ["m2"]
    with pytest.raises(ValueError, match="max_size is -1"):
        prune(-1)


def test_verification_finds_one_bit(store: Path) -> None:
    load(store, 1)
    path = load(store, 2).model
    assert verify() == []
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[777] ^= 0x10
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert verify(find(f"local://{store}/m1").id) == []
    seen: list[float] = []
    (damage,) = verify(progress=seen.append)
    assert (damage.file, damage.removed) == (path, True)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert not path.exists()
    assert load(store, 2).model.read_bytes() == b"\2" * 2000
    assert verify() == []


def test_damage_in_what_is_being_loaded(store: Path) -> None:
    files = load(store, 2)
    files.model.write_bytes(b"?" * 2000)
    (damage,) = verify()
    assert not damage.removed
    assert files.model.exists()
    del files
    assert load(store, 2).model.read_bytes() == b"\2" * 2000


def test_what_belongs_to_no_model(store: Path, cache: Path) -> None:
    (store / "m1" / "tokenizer.json").unlink()
    with pytest.raises(ResourceError):
        load(store, 1)
    part = cache / "downloads" / "0123" / "x.pte.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(500))
    left = cache / "converted" / ".part-killed-0123" / "whole"
    left.mkdir(parents=True)
    (left / "model.pte").write_bytes(bytes(300))
    load(store, 2)
    orphans = [model for model in list_models() if model.model is None]
    assert {(model.id, model.size, model.name) for model in orphans} == {
        ("downloads/0123", 500, "unfinished"),
        ("converted/killed-0123", 300, "unfinished"),
    }
    assert remove("downloads/0123") == 500
    assert {model.id for model in prune(5000)} == set()
    prune(list_models()[0].size)
    assert names() == ["m2"]
    assert not left.exists()


@pytest.mark.parametrize(
    "entry", ["../../victim", "downloads/../../victim", "/tmp/victim", "models/x", "downloads/.x", ""]
)
def test_nothing_outside_is_removed(store: Path, cache: Path, entry: str) -> None:
    victim = cache.parent / "victim"
    victim.mkdir()
    (victim / "precious").touch()
    load(store, 1)
    (record,) = (cache / "models").glob("*.json")
    fields = json.loads(record.read_text())
    fields["entries"] = [entry]
    record.write_text(json.dumps(fields))
    remove(f"local://{store}/m1")
    assert (victim / "precious").exists()
    with pytest.raises(ResourceError, match="has no model"):
        remove("../../victim")


def test_a_link_to_the_outside_is_cut_and_not_followed(store: Path, cache: Path) -> None:
    victim = cache.parent / "victim"
    victim.mkdir()
    (victim / "precious").write_text("dear")
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "abc").symlink_to(victim, target_is_directory=True)
    remove("downloads/abc")
    assert not (cache / "downloads" / "abc").is_symlink()
    assert (victim / "precious").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"entries": 3}', "[" * 100_000, '{"name": 1}', "\0"])
def test_records_that_make_no_sense(store: Path, cache: Path, text: str) -> None:
    load(store, 1)
    (record,) = (cache / "models").glob("*.json")
    record.write_text(text)
    assert {model.model for model in list_models()} == {None}  # its files are told of as belonging to none
    load(store, 1)
    assert names() == ["m1"]


def test_a_cache_that_cannot_be_written(store: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(ResourceError, match="cannot be written"):
        load(store, 1)


def test_a_download_in_the_background(store: Path) -> None:
    seen: list[float] = []
    handle = download(f"local://{store}/m3", progress=seen.append, background=True)
    files = handle.result(timeout=30)
    assert handle.done
    assert handle.progress == 1.0
    assert handle.bytes_done == handle.bytes_total == 3002
    assert seen[-1] == 1.0
    assert files == download(f"local://{store}/m3")
    failing = download(f"local://{store}/none", background=True)
    with pytest.raises(ResourceError):
        failing.result(timeout=30)


def test_a_download_that_is_cancelled(store: Path, cache: Path) -> None:
    (store / "m3" / "model.pte").write_bytes(bytes(5 << 20))
    ready = threading.Event()

    def cancel(share: float) -> None:
        ready.wait(10)
        handle.cancel()

    handle = download(f"local://{store}/m3", background=True, progress=cancel)
    ready.set()
    with pytest.raises(DownloadError, match="cancelled"):
        handle.result(timeout=30)
    assert not list(cache.rglob("model.pte"))
