"""A cache of the test's own, and a hub on this machine that answers what huggingface_hub asks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, empty."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("LLMODULE_CACHE", str(folder))
    return folder


class FakeHub:
    """Repositories of files at one commit each.

    Attributes:
        files: The bytes by repository and path.
        commits: The commit of each repository.
        revisions: The names under which a commit can be had.
        gated: Repositories that are given to nobody.
        listed: What listings name in addition, whether or not there is such a file.
        sent: What is delivered instead of a file's bytes.
        requests: Method, path and headers of each request.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.commits: dict[str, str] = {}
        self.revisions = {"main"}
        self.gated: set[str] = set()
        self.listed: list[dict[str, object]] = []
        self.sent: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        hub = self

        class Handler(_Handler):
            owner = hub

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def put(self, repo: str, files: dict[str, bytes]) -> None:
        """Makes a commit with these files."""
        self.files[repo] = files
        self.commits[repo] = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()

    def gets(self, ending: str) -> int:
        """Counts the downloads of files whose path ends so."""
        return sum(method == "GET" and path.endswith(ending) for method, path, _ in self.requests)

    def close(self) -> None:
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FakeHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.owner, unquote(urlsplit(self.path).path)
        hub.requests.append((self.command, path, {name.lower(): value for name, value in self.headers.items()}))
        match path.strip("/").split("/"):
            case ["api", "models", org, name, "revision", revision]:
                repo, file = f"{org}/{name}", None
            case [org, name, "resolve", revision, *parts]:
                repo, file = f"{org}/{name}", "/".join(parts)
            case _:
                return self._answer(404, b"")
        if repo in hub.gated:
            return self._answer(403, b"", {"X-Error-Code": "GatedRepo"})
        if repo not in hub.files:
            return self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        commit = hub.commits[repo]
        if revision not in hub.revisions | {commit}:
            return self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        if file is None:
            return self._answer(200, self._listing(repo, commit))
        content = hub.files[repo].get(file)
        if content is None:
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": commit}
        return self._answer(200, hub.sent.get(file, content), headers)

    def _listing(self, repo: str, commit: str) -> bytes:
        siblings = [
            {
                "rfilename": name,
                "size": len(content),
                "lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 1},
            }
            for name, content in self.owner.files[repo].items()
        ]
        siblings += self.owner.listed
        return json.dumps({"id": repo, "sha": commit, "siblings": siblings}).encode()

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that huggingface_hub takes for the only one, and an empty cache of huggingface_hub's."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    server = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.close()
