"""A real HTTP server on this machine that misbehaves as it is told."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llmodule._download import Remote, cache_folder, fetch_all
from llmodule._download.retry import Policy

CERTIFICATE = Path(__file__).with_name("localhost.pem")


@dataclass
class File:
    """A file of the server, and how it is sent.

    Attributes:
        body: The content.
        etag: The ETag header, if any.
        modified: The Last-Modified header, if any.
        ranges: Whether Range requests are understood.
        honest: Whether If-Range is understood.
        length: What Content-Length says instead of the truth; "" for none.
        chunked: Whether the body goes out in chunks, without Content-Length.
        cuts: After how many bytes each of the next answers ends.
        reset: Whether a cut is a reset, which loses bytes on their way, and not an orderly end.
        errors: Status codes and headers of the next answers.
        pace: Bytes and seconds: how much is sent at a time, and the wait after that.
        headers: Sent with every answer.
    """

    body: bytes
    etag: str | None = '"v1"'
    modified: str | None = None
    ranges: bool = True
    honest: bool = True
    length: str | None = None
    chunked: bool = False
    cuts: deque[int] = field(default_factory=deque)
    reset: bool = False
    errors: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    pace: tuple[int, float] = (1 << 16, 0.0)
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Serves `files`.

    Attributes:
        files: By path.
        redirects: The Location header by path.
        requests: Path and headers of each request.
        sent: How many bytes of bodies were sent, by path.
        on_request: Called before each answer.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self.files: dict[str, File] = {}
        self.redirects: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.sent: dict[str, int] = {}
        self.on_request: Callable[[str], None] = lambda path: None
        server = self

        class Handler(_Handler):
            owner = server

        self.http = _Http(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.http.server_port}"
        self._thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def add(self, path: str, body: bytes, **how: object) -> Remote:
        """Adds a file and returns the request for it."""
        self.files[path] = File(body, **how)  # type: ignore[arg-type]
        return Remote(self.url + path)

    def ranges(self, path: str) -> list[str | None]:
        """Returns the Range header of each request for a path."""
        return [headers.get("range") for name, headers in self.requests if name == path]

    def close(self) -> None:
        if self._thread.is_alive():
            self.http.shutdown()
            self._thread.join()
            self.http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if "://" in path:  # as a proxy
            path = "/" + path.split("/", 3)[3]
        self.owner.requests.append((path, {name.lower(): value for name, value in self.headers.items()}))
        self.owner.on_request(path)
        if path in self.owner.redirects:
            return self._answer(302, {"Location": self.owner.redirects[path], "Content-Length": "0"})
        file = self.owner.files.get(path)
        if file is None:
            return self._answer(404, {"Content-Length": "0"})
        if file.errors:
            status, headers = file.errors.popleft()
            return self._answer(status, {"Content-Length": "0", **headers})
        return self._send(path, file)

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, path: str, file: File) -> None:
        headers = dict(file.headers)
        body, start = file.body, 0
        if file.etag is not None:
            headers["ETag"] = file.etag
        if file.modified is not None:
            headers["Last-Modified"] = file.modified
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        same = condition in (None, file.etag, file.modified) or not file.honest
        if asked and file.ranges and same:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            if start >= len(body):
                return self._answer(416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if file.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif file.length is None:
            headers["Content-Length"] = str(len(body) - start)
        elif file.length:
            headers["Content-Length"] = file.length
        else:
            self.close_connection = True
        self._answer(206 if start else 200, headers)
        cut = file.cuts.popleft() if file.cuts else None
        self._stream(path, file, body[start:], cut)
        if cut is not None and file.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if cut is not None or file.length is not None:
            self.close_connection = True
        return None

    def _stream(self, path: str, file: File, body: bytes, cut: int | None) -> None:
        step, pause = file.pace
        for at in range(0, len(body[:cut]), step):
            piece = body[:cut][at : at + step]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if file.chunked else piece)
            self.wfile.flush()
            self.owner.sent[path] = self.owner.sent.get(path, 0) + len(piece)
            if pause:
                time.sleep(pause)
        if file.chunked and cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("LLMODULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def tls_server() -> Iterator[Server]:
    server = Server(tls=True)
    yield server
    server.close()


@pytest.fixture
def get() -> Callable[..., list[Path | None]]:
    """Downloads with little patience; checks the rules of progress and of the cache whatever comes."""

    def run(*files: Remote, policy: dict[str, float] | None = None, **options: object) -> list[Path | None]:
        seen: list[tuple[int, int]] = options.pop("seen", [])  # type: ignore[assignment]
        patience = Policy(**{"read_seconds": 2.0, "backoff_seconds": 0.01, **(policy or {})})  # type: ignore[arg-type]
        start = len(seen)
        try:
            paths = fetch_all(
                files,
                progress=lambda done, total: seen.append((done, total)),
                policy=patience,
                **options,  # type: ignore
            )
            assert seen[-1][0] == seen[-1][1]
        finally:
            shares = [done / total if total else 1.0 for done, total in seen[start:]]
            assert shares == sorted(set(shares))
            assert all(record.with_suffix("").exists() for record in cache_folder().rglob("*.record"))
        return paths

    return run


@pytest.fixture
def spawn() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs Python programs as other processes."""
    children: list[subprocess.Popen[str]] = []

    def run(program: str) -> subprocess.Popen[str]:
        children.append(
            subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()
