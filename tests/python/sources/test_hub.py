"""Repositories of a hub on this machine, through huggingface_hub itself."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

from llmodule import DownloadError, ResourceError
from llmodule.cache import list_models, remove, verify
from llmodule.sources import ModelFiles, fetch_model

from .conftest import FakeHub

pytestmark = pytest.mark.network
MODEL = bytes(range(256)) * 50_000  # 13 MB: two chunks
FILES = {"model.pte": MODEL, "tokenizer.json": b"{}", "tokenizer_config.json": b"{ }", "README.md": b"words"}


def fetch(source: Any, *more: Any, seen: list[float] | None = None) -> ModelFiles:
    return fetch_model(source, *more, progress=(lambda share: None) if seen is None else seen.append)


@pytest.mark.parametrize("source", ["org/tiny", "hf://org/tiny", "org/tiny@main", "hf://org/tiny/model.pte@main"])
def test_a_repository_is_enough(hub: FakeHub, source: str) -> None:
    hub.put("org/tiny", FILES)
    seen: list[float] = []
    files = fetch(source, seen=seen)
    assert files.model.read_bytes() == MODEL
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.tokenizer_config is not None
    assert (files.generation_config, files.chat_template) == (None, None)
    assert not (files.model.parent / "README.md").exists()
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen.count(1.0) == 1
    assert seen[-1] == 1.0


def test_what_was_loaded_once_needs_no_network(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.put("org/tiny", FILES)
    first = fetch("org/tiny")
    hub.requests.clear()
    seen: list[float] = []
    assert fetch("org/tiny", seen=seen) == first
    assert seen == [1.0]
    assert [path for _, path, _ in hub.requests] == ["/api/models/org/tiny/revision/main"]
    hub.close()
    assert fetch("org/tiny") == first
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert fetch("hf://org/tiny") == first
    with pytest.raises(DownloadError, match=r"hf://org/other .*"):
        fetch("org/other")


def test_a_new_commit_is_fetched(hub: FakeHub) -> None:
    hub.put("org/tiny", FILES)
    first = fetch("org/tiny")
    hub.put("org/tiny", {**FILES, "tokenizer.json": b'{"new": 1}'})
    second = fetch("org/tiny")
    assert second.tokenizer.read_bytes() == b'{"new": 1}'
    assert second.model != first.model
    assert hub.gets("model.pte") == 1  # the blob is the same
    (model,) = list_models()
    assert model.size == len(MODEL) + len(b"{}") + len(b'{"new": 1}') + len(b"{ }")


def test_one_tokenizer_for_models_in_folders(hub: FakeHub) -> None:
    hub.put(
        "org/family",
        {"1b/xnnpack/a.pte": b"a", "3b/xnnpack/b.pte": b"b", "tokenizer.json": b"{}", "3b/tokenizer.json": b"{3}"},
    )
    hub.revisions.add("v1.0")
    files = fetch("hf://org/family/1b/xnnpack/a.pte@v1.0")
    assert (files.model.read_bytes(), files.tokenizer.read_bytes()) == (b"a", b"{}")
    assert fetch("hf://org/family/3b").tokenizer.read_bytes() == b"{3}"
    with pytest.raises(ResourceError, match=r"hf://org/family must .* 1b/xnnpack/a\.pte, 3b/xnnpack/b\.pte; name"):
        fetch("org/family")


def test_a_tokenizer_from_elsewhere(hub: FakeHub, tmp_path: Path) -> None:
    hub.put("org/weights", {"x.pte": b"x", "tokenizer.model": b"m"})
    hub.put("org/words", {"tokenizer.json": b"{}", "chat_template.jinja": b"t"})
    assert fetch("org/weights").tokenizer.name == "tokenizer.model"
    files = fetch("org/weights", "hf://org/words/tokenizer.json")
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.chat_template is not None
    local = tmp_path / "tokenizer.json"
    local.write_text("{ }")
    assert fetch("org/weights", local).tokenizer == local


def test_what_there_is_not(hub: FakeHub) -> None:
    hub.put("org/empty", {"README.md": b""})
    hub.put("org/bare", {"x.pte": b"x"})
    hub.put("org/gated", FILES)
    hub.gated.add("org/gated")
    with pytest.raises(ResourceError, match=r"hf://org/empty must hold exactly one \.pte file, and holds none"):
        fetch("org/empty")
    with pytest.raises(ResourceError, match=r"hf://org/bare has no file tokenizer\.json"):
        fetch("org/bare")
    with pytest.raises(DownloadError, match=r"hf://org/none is no repository, or a private one"):
        fetch("org/none")
    with pytest.raises(DownloadError, match=r"accepted its conditions.*hf auth login"):
        fetch("org/gated")
    with pytest.raises(DownloadError, match=r"org/bare has no revision v9"):
        fetch("org/bare@v9")


@pytest.mark.parametrize("name", ["../evil.pte", "/etc/evil.pte", "a/../../evil.pte", "a\\..\\evil.pte", "a\n.pte", ""])
def test_names_that_lead_elsewhere_are_refused(hub: FakeHub, tmp_path: Path, name: str) -> None:
    hub.put("org/tiny", FILES)
    hub.listed = [{"rfilename": name, "size": 1}]
    with pytest.raises(DownloadError, match="which is not taken"):
        fetch("org/tiny")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    "fields",
    [
        {"size": -1},
        {"size": "many"},
        {"size": 1, "lfs": {"sha256": "../../x", "size": 1, "pointerSize": 1}},
        {"size": 1, "lfs": {"sha256": 3, "size": 1, "pointerSize": 1}},
        {"rfilename": 3},
        {"rfilename": None},
    ],
)
def test_listings_that_make_no_sense(hub: FakeHub, fields: dict[str, object]) -> None:
    hub.put("org/tiny", FILES)
    hub.listed = [{"rfilename": "more.json", **fields}]
    with pytest.raises(DownloadError, match="hf://org/tiny"):
        fetch("org/tiny")


@pytest.mark.parametrize("source", ["hf://org", "hf://org/a--b", "hf://org/../b", "hf://org/b/../c.pte", "hf://a/b@.."])
def test_forms_that_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match="is not of the form hf://ORG/REPO"):
        fetch(source)


def test_other_bytes_than_announced(hub: FakeHub) -> None:
    hub.put("org/tiny", FILES)
    hub.sent = {"model.pte": MODEL[:-1] + b"?"}
    with pytest.raises(DownloadError, match=r"hf://org/tiny/model\.pte arrived with 12800000 bytes and the SHA-256"):
        fetch("org/tiny")
    hub.sent = {}
    assert fetch("org/tiny").model.read_bytes() == MODEL


def test_a_damaged_file_is_found_and_fetched_again(hub: FakeHub) -> None:
    hub.put("org/tiny", FILES)
    path = fetch("org/tiny").model
    assert verify() == []
    path.write_bytes(b"?" + MODEL[1:])
    (damage,) = verify()
    assert (damage.file, damage.removed) == (path, False)
    assert path.exists()
    assert fetch("org/tiny").model.read_bytes() == MODEL
    assert verify() == []
    path.resolve().write_bytes(MODEL[:100])
    assert fetch("org/tiny").model.read_bytes() == MODEL  # another size shows at once


def test_the_list_tells_of_it_and_removal_leaves_it(hub: FakeHub, cache: Path) -> None:
    hub.put("org/tiny", FILES)
    files = fetch("org/tiny")
    (model,) = list_models()
    assert model.name == "hf://org/tiny"
    assert model.size == model.outside_size == len(MODEL) + 5
    assert model.model == files.model
    assert remove("org/tiny") == 0
    assert list_models() == []
    assert files.model.exists()


def test_tokens_are_sent_and_not_told(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(DownloadError) as caught, caplog.at_level(0):
        fetch("org/none")
    assert any(headers.get("authorization") == "Bearer hf_secret" for _, _, headers in hub.requests)
    assert "hf_secret" not in caplog.text + str(caught.value)


def test_weights_are_fetched_to_be_converted(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def convert(source: Path, output: Path, **_: Any) -> None:
        seen.append(sorted(file.name for file in source.iterdir()) if source.is_dir() else [source.name])
        output.write_bytes(b"made")
        output.with_name("tokenizer.json").write_text("{}")

    monkeypatch.setattr("llmodule.converter.conversion.convert", convert)
    hub.put("org/weights", {"model.safetensors": b"w", "config.json": b"{}", "README.md": b"", "sub/x.json": b"{}"})
    hub.put("org/gguf", {"a.gguf": b"GGUF"})
    hub.put("org/split", {"a-00001-of-00002.gguf": b"GGUF1", "a-00002-of-00002.gguf": b"GGUF2"})
    hub.put("org/many", {"a.gguf": b"GGUF", "b.gguf": b"GGUF"})
    shares: list[float] = []
    files = fetch("org/weights", seen=shares)
    assert files.model.read_bytes() == b"made"
    assert files.tokenizer.parent == files.model.parent
    assert shares == sorted(shares)
    assert max(shares[:-1], default=0.0) <= 0.5  # the rest is for the conversion, which tells nothing here
    assert list_models()[0].converted_from == "hf://org/weights"
    assert fetch("org/weights") == files
    fetch("org/gguf")
    split = fetch("org/split")
    assert seen == [["config.json", "model.safetensors"], ["a.gguf"], ["a-00001-of-00002.gguf"]]
    assert hub.gets("a-00002-of-00002.gguf") == 1
    (model,) = [model for model in list_models() if model.model == split.model]
    assert model.converted_from == "hf://org/split/a-00001-of-00002.gguf"
    with pytest.raises(ResourceError, match=r"exactly one \.pte or \.gguf file, and holds a\.gguf, b\.gguf"):
        fetch("org/many")


def test_without_huggingface_hub(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "huggingface_hub" else find_spec(name, *more)
    )
    hub.put("org/tiny", FILES)
    with pytest.raises(ResourceError, match=r"org/tiny is a repository .* pip install 'llmodule\[hub\]'"):
        fetch("org/tiny")
    files = fetch("hf://org/tiny/model.pte", "hf://org/tiny/tokenizer.json@main")  # public files need none
    assert files.model.read_bytes() == MODEL
    assert files.model.is_relative_to(os.environ["LLMODULE_CACHE"])
