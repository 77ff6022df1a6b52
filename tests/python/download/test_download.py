"""The files of a model from a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError
from llmodule.sources import ModelFiles, fetch_model

if TYPE_CHECKING:
    from conftest import Server

pytestmark = pytest.mark.network


def fetch(server: Server, seen: list[float]) -> ModelFiles:
    return fetch_model(f"{server.url}/models/m.pte", progress=seen.append)


def test_a_model_and_what_lies_beside_it(server: Server) -> None:
    model = bytes(range(256)) * 20_000
    for name, body in {"m.pte": model, "tokenizer.json": b"{}", "tokenizer_config.json": b"{ }"}.items():
        server.add(f"/models/{name}", body)
    seen: list[float] = []
    files = fetch(server, seen)
    assert files.model.read_bytes() == model
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.tokenizer_config is not None
    assert (files.generation_config, files.chat_template) == (None, None)
    assert seen == sorted(set(seen))
    assert seen[-1] == 1.0

    server.requests.clear()
    seen.clear()
    assert fetch(server, seen) == files
    assert {path for path, _ in server.requests} == {"/models/chat_template.jinja", "/models/generation_config.json"}
    assert seen[-1] == 1.0
    server.close()
    assert fetch(server, seen) == files  # without a network, too


def test_a_required_file_that_is_missing(server: Server) -> None:
    server.add("/models/m.pte", b"m")
    with pytest.raises(DownloadError, match=r"/models/tokenizer.json: the server answers 404 Not Found"):
        fetch(server, [])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        server.add(f"/models/{name}", b"{}")
    assert fetch(server, []).tokenizer_config is not None  # what was missing may be there later
