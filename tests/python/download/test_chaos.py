"""Servers that do many things wrong at once, and servers that do not speak HTTP."""

from __future__ import annotations

import random
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError
from llmodule._download import Remote, cache_folder, is_whole, verify

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network


@pytest.mark.parametrize("seed", range(25))
def test_any_mixture_of_faults(server: Server, get: Get, seed: int) -> None:
    """Whatever comes together: one version of the file, whole, or a typed error, call after call."""
    rng = random.Random(seed)
    versions = [rng.randbytes(rng.randrange(1, 400_000)) for _ in range(3)]
    file = server.add("/m.pte", versions[0], etag='"v0"')

    def misbehave(path: str) -> None:
        served = server.files[path]
        if rng.random() < 0.15:
            number = rng.randrange(3)
            served.body, served.etag = versions[number], f'"v{number}"'
        served.ranges, served.honest = rng.random() < 0.8, rng.random() < 0.8
        served.chunked, served.reset = rng.random() < 0.3, rng.random() < 0.3
        served.cuts = deque([rng.randrange(len(served.body))] if rng.random() < 0.7 else [])
        served.errors = deque([(rng.choice([429, 500, 503, 416]), {})] if rng.random() < 0.15 else [])

    server.on_request = misbehave
    for _ in range(12):
        try:
            (path,) = get(file, policy={"attempts": 2})
        except DownloadError:
            assert not [found for found in cache_folder().rglob("*") if is_whole(found)]
        else:
            assert path.read_bytes() in versions
            assert verify(path)
            break
    server.on_request = lambda path: None
    served = server.files["/m.pte"]
    served.cuts.clear()
    served.errors.clear()
    assert get(file)[0].read_bytes() in versions


@pytest.mark.parametrize(
    "reply",
    [
        b"", b"\0" * 1000, b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200", b"HTTP/1.1 999999 ?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffffff\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\n12345",
        b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe://\r\n\r\n",
    ],
)  # fmt: skip
def test_servers_that_hardly_speak_http(get: Get, reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(4096)
                    client.sendall(reply)

        threading.Thread(target=answer, daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(DownloadError, match=rf"^http://127\.0\.0\.1:{port}/m\.pte"):
            get(Remote(f"http://127.0.0.1:{port}/m.pte"), policy={"attempts": 2})
        listener.shutdown(socket.SHUT_RDWR)
    assert not [found for found in cache_folder().rglob("*") if is_whole(found)]
