"""Plain URLs as sources, alone and together with other places; what happens on the wire is tested in download/."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from llmodule import DownloadError, ResourceError, download
from llmodule.cache import find, list_models, remove, verify
from llmodule.sources import fetch_model, fetch_pte

from .conftest import FakeHub

pytestmark = pytest.mark.network
MODEL = bytes(range(256)) * 40_000  # 10 MB


@pytest.fixture
def site(hub: FakeHub) -> str:
    """The address of a folder of a web server, for which the hub is good enough."""
    hub.put(
        "a/site", {"model.pte": MODEL, "tokenizer.json": b"{}", "tokenizer_config.json": b"{ }", "x.gguf": b"GGUF!"}
    )
    return f"{hub.url}/a/site/resolve/main"


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(source: Path, output: Path, *, progress: Any, **_: Any) -> None:
        for share in (0.0, 0.5, 1.0):
            progress(share)
        output.write_bytes(b"made of " + source.read_bytes())
        output.with_name("tokenizer.json").write_text("{}")

    monkeypatch.setattr("llmodule.converter.conversion.convert", convert)


def test_a_model_and_what_lies_beside_it(site: str, hub: FakeHub) -> None:
    seen: list[float] = []
    files = fetch_model(f"{site}/model.pte?token=secret", progress=seen.append)
    assert files.model.read_bytes() == MODEL
    assert files.tokenizer_config is not None
    assert files.chat_template is None
    assert seen == sorted(seen)
    assert seen.count(1.0) == 1
    hub.close()
    assert fetch_model(f"{site}/model.pte?token=secret", progress=seen.append) == files
    (model,) = list_models()
    assert model.name == f"{site}/model.pte"
    assert "secret" not in repr(model)


def test_removal_waits_for_the_load(site: str) -> None:
    files = fetch_model(f"{site}/model.pte", progress=lambda share: None)
    with pytest.raises(ResourceError, match="is being loaded"):
        remove(f"{site}/model.pte")
    path = files.model
    del files
    assert remove(f"{site}/model.pte") > len(MODEL)
    assert not path.exists()
    assert list_models() == []


def test_a_damaged_download_is_fetched_again(site: str, hub: FakeHub) -> None:
    path = fetch_pte(f"{site}/model.pte")
    path.write_bytes(b"?" + MODEL[1:])
    (damage,) = verify(f"{site}/model.pte")
    assert damage.file == path
    assert fetch_pte(f"{site}/model.pte").read_bytes() == MODEL
    assert hub.gets("model.pte") == 2


def test_a_model_to_convert(site: str, hub: FakeHub, converter: None) -> None:
    seen: list[float] = []
    files = fetch_model(f"{site}/x.gguf", progress=seen.append)
    assert files.model.read_bytes() == b"made of GGUF!"
    assert seen == sorted(seen)
    assert 0.5 < seen[-2] < seen[-1] == 1.0
    model = find(f"{site}/x.gguf")
    assert model.converted_from == f"{site}/x.gguf"
    assert {entry.partition("/")[0] for entry in model.entries} == {"converted", "downloads"}
    hub.close()
    seen.clear()
    assert fetch_model(f"{site}/x.gguf", progress=seen.append) == files
    assert seen == [1.0]
    handle = download(f"{site}/x.gguf", background=True)
    assert handle.result(30) == files
    assert handle.bytes_done == handle.bytes_total == len(b"GGUF!")


def test_places_together(site: str, hub: FakeHub) -> None:
    hub.put("org/words", {"tokenizer.json": b"{}" * 1000, "tokenizer_config.json": b"{ }"})
    seen: list[float] = []
    files = fetch_model(f"{site}/model.pte", "hf://org/words/tokenizer.json", b"{}", progress=seen.append)
    assert files.model.read_bytes() == MODEL
    assert files.tokenizer.read_bytes() == b"{}" * 1000
    assert files.tokenizer_config is not None
    assert files.tokenizer_config.read_bytes() == b"{}"
    assert seen == sorted(seen)
    assert seen.count(1.0) == 1
    assert seen[-1] == 1.0


def test_a_pause_holds_the_load(site: str) -> None:
    ready, paused = threading.Event(), threading.Event()

    def pause_once(share: float) -> None:
        ready.wait(10)
        if not paused.is_set():
            handle.pause()
            paused.set()

    handle = download(f"{site}/model.pte", progress=pause_once, background=True)
    ready.set()
    assert paused.wait(10)
    assert not handle.wait(0.3)
    assert handle.paused
    assert handle.progress < 1.0
    handle.resume()
    assert handle.result(30).model.read_bytes() == MODEL
    assert (handle.progress, handle.bytes_done) == (1.0, handle.bytes_total)


def test_a_cancelled_load_is_taken_up_again(site: str) -> None:
    ready = threading.Event()

    def cancel(share: float) -> None:
        ready.wait(10)
        handle.cancel()

    handle = download(f"{site}/model.pte", progress=cancel, background=True)
    ready.set()
    with pytest.raises(DownloadError, match="cancelled"):
        handle.result(30)
    assert download(f"{site}/model.pte").model.read_bytes() == MODEL
