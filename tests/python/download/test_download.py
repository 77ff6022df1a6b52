"""Models from a real HTTP server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llmodule import DownloadError, LLModuleError, ResourceError
from llmodule._download import Remote, fetch_all
from llmodule._download.retry import Policy
from llmodule.sources import ModelFiles, fetch_model

pytestmark = pytest.mark.network
MODEL = bytes(range(256)) * 20_000  # 5 MB, several chunks


class Server:
    """Serves `files`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                body = server.files.get(self.path.partition("?")[0])
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


def download(*files: Remote) -> list[Path | None]:
    return fetch_all(files, progress=lambda done, total: None, policy=Policy(attempts=2, backoff_seconds=0.01))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("LLMODULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def cached(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def fetch(server: Server, seen: list[float]) -> ModelFiles:
    return fetch_model(f"{server.url}/models/m.pte", progress=seen.append)


def test_a_model_and_what_lies_beside_it(server: Server, tmp_path: Path) -> None:
    server.files = {"/models/m.pte": MODEL, "/models/tokenizer.json": b"{}", "/models/tokenizer_config.json": b"{ }"}
    seen: list[float] = []
    files = fetch(server, seen)
    assert files.model.read_bytes() == MODEL
    assert files.tokenizer.read_bytes() == b"{}"
    assert files.tokenizer_config is not None
    assert (files.generation_config, files.chat_template) == (None, None)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert seen.count(1.0) == 1

    server.requests.clear()
    seen.clear()
    assert fetch(server, seen) == files
    assert sorted(server.requests) == ["/models/chat_template.jinja", "/models/generation_config.json"]
    assert seen[-1] == 1.0
    server.http.shutdown()
    server.http.server_close()
    assert fetch(server, seen) == files  # without a network, too


def test_progress_is_of_all_bytes(server: Server) -> None:
    server.files = {"/small": b"12", "/large": b"12345678"}
    seen: list[tuple[int, int]] = []
    fetch_all(
        [Remote(f"{server.url}/small"), Remote(f"{server.url}/large")],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (10, 10)
    assert seen == sorted(set(seen))


def test_names_in_urls_do_not_leave_the_cache(server: Server, tmp_path: Path) -> None:
    server.files = {"/a/..%2F..%2Fevil": b"x", "/": b"y"}
    evil, bare = download(Remote(f"{server.url}/a/..%2F..%2Fevil"), Remote(f"{server.url}/?download=1"))
    for path, content in ((evil, b"x"), (bare, b"y")):
        assert path is not None
        assert path.read_bytes() == content
        assert path.resolve().is_relative_to((tmp_path / "cache" / "downloads").resolve())


def test_a_required_file_that_is_missing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"/models/tokenizer.json: the server answers 404 Not Found"):
        fetch(server, [])
    assert not {name for name in cached(tmp_path) if name.endswith(".record")}
    server.files = {"/models/m.pte": b"m", "/models/tokenizer.json": b"{}", "/models/tokenizer_config.json": b"{}"}
    assert fetch(server, []).tokenizer_config is not None  # what was missing may be there later


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMODULE_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(DownloadError, match="ConnectionError; check the address") as caught:
        download(Remote("http://user:secret@127.0.0.1:9/m.pte?token=secret"))
    assert "secret" not in str(caught.value)


def test_a_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    server.files = {"/m.pte": b"1"}
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ResourceError, match="cannot be written") as caught:
        download(Remote(f"{server.url}/m.pte"))
    assert isinstance(caught.value, LLModuleError)
    assert not isinstance(caught.value, DownloadError)
