"""Pausing, cancelling, and downloads in the background."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from llmodule import DownloadCancelled, DownloadError
from llmodule._download import Control, Download, Remote, fetch_all
from llmodule._download.cache import Entry
from llmodule._download.retry import Policy

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network
BODY = bytes(range(256)) * 6_000
SLOW = (16_384, 0.02)


def background(*files: Remote) -> Download[list[Path | None]]:
    return Download(lambda progress, control: fetch_all(files, progress=progress, control=control))


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_background(server: Server) -> None:
    download = background(server.add("/m.pte", BODY, pace=SLOW))
    assert not download.done
    assert not download.wait(0.01)
    with pytest.raises(TimeoutError):
        download.result(timeout=0.01)
    until(lambda: 0 < download.progress < 1)
    assert download.bytes_total == len(BODY)
    assert download.result(20)[0].read_bytes() == BODY
    assert (download.progress, download.bytes_done, download.done, download.wait()) == (1.0, len(BODY), True, True)


def test_background_errors(server: Server) -> None:
    download = background(Remote(f"{server.url}/none"))
    with pytest.raises(DownloadError, match="404"):
        download.wait()
    with pytest.raises(DownloadError, match="404"):
        download.result()
    assert download.done
    assert download.progress == 0.0


def test_await(server: Server) -> None:
    async def run() -> Any:
        return await background(server.add("/m.pte", BODY))

    assert asyncio.run(run())[0].read_bytes() == BODY


def test_cancel_and_go_on(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, pace=SLOW)
    download = background(file)
    until(lambda: download.bytes_done > 100_000)
    download.cancel()
    with pytest.raises(DownloadCancelled, match="what has arrived is kept"):
        download.wait(1)
    server.files["/m.pte"].pace = (1 << 16, 0)
    seen: list[tuple[int, int]] = []
    assert get(file, seen=seen)[0].read_bytes() == BODY
    assert seen[0][0] > 100_000


@pytest.mark.parametrize("tls", [False, True])
def test_cancel_gives_up_the_lock(server: Server, tls_server: Server, get: Get, tls: bool, monkeypatch: Any) -> None:
    """The next download of a file need not wait until the first notices that its server is silent."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Path(__file__).with_name("localhost.pem")))
    peer = tls_server if tls else server
    file = silent(peer)
    download = background(file)
    until(lambda: download.bytes_done)
    time.sleep(0.2)
    download.cancel()
    with pytest.raises(DownloadCancelled):
        download.wait()
    peer.files["/m.pte"].pace = (1 << 16, 0)
    begin = time.monotonic()
    assert get(file)[0].read_bytes() == BODY
    assert time.monotonic() - begin < 10
    assert peer.ranges("/m.pte")[1] is not None


def silent(server: Server) -> Remote:
    return server.add("/m.pte", BODY, pace=(500_000, 60.0))


def headless(server: Server) -> Remote:
    server.on_request = lambda path: time.sleep(60)
    return server.add("/m.pte", BODY)


def overloaded(server: Server) -> Remote:
    return server.add("/m.pte", BODY, errors=deque([(503, {"Retry-After": "60"})] * 9))


@pytest.mark.parametrize("stalled", [silent, headless, overloaded])
def test_cancel_while_waiting(server: Server, stalled: Callable[[Server], Remote]) -> None:
    download = background(stalled(server))
    until(lambda: server.requests)
    time.sleep(0.1)
    begin = time.monotonic()
    download.cancel()
    with pytest.raises(DownloadCancelled):
        download.wait()
    assert time.monotonic() - begin < 1.0


def test_cancel_while_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs; nothing in Python can interrupt it."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: time.sleep(60))
    download = background(Remote("http://host.invalid/m.pte"))
    time.sleep(0.1)
    begin = time.monotonic()
    download.cancel()
    with pytest.raises(DownloadCancelled):
        download.wait()
    assert time.monotonic() - begin < 1.0


def test_cancel_while_another_holds_the_lock(server: Server) -> None:
    file = server.add("/m.pte", BODY)
    lock = Entry(file.url).lock
    lock.parent.mkdir(parents=True)
    with FileLock(lock):
        download = background(file)
        assert not download.wait(0.3)
        download.cancel()
        with pytest.raises(DownloadCancelled):
            download.wait(1)
    assert server.requests == []


def test_pause(server: Server) -> None:
    download = background(server.add("/m.pte", BODY, pace=SLOW))
    until(lambda: download.bytes_done > 100_000)
    download.pause()
    assert download.paused
    time.sleep(0.2)
    there = download.bytes_done
    time.sleep(0.3)
    assert download.bytes_done == there
    download.resume()
    assert download.result(20)[0].read_bytes() == BODY


def test_a_pause_longer_than_the_server_waits(server: Server) -> None:
    download = background(server.add("/m.pte", BODY, pace=SLOW, cuts=deque([1_000_000])))
    until(lambda: download.bytes_done > 100_000)
    download.pause()
    time.sleep(1.5)  # meanwhile the server has sent its share and closed the connection
    download.resume()
    assert download.result(20)[0].read_bytes() == BODY


def test_cancel_ends_a_pause(server: Server) -> None:
    download = background(server.add("/m.pte", BODY, pace=SLOW))
    download.pause()
    time.sleep(0.1)
    download.cancel()
    with pytest.raises(DownloadCancelled):
        download.wait(1)


def test_a_long_pause_is_not_slowness(server: Server) -> None:
    file = server.add("/m.pte", BODY, pace=SLOW, ranges=False)
    patience = Policy(read_seconds=0.3, attempts=1)
    download = Download(
        lambda progress, control: fetch_all([file], progress=progress, control=control, policy=patience)
    )
    for _ in range(3):
        there = download.bytes_done
        until(lambda: download.bytes_done > there)  # noqa: B023
        download.pause()
        time.sleep(0.5)
        download.resume()
    assert download.result(20)[0].read_bytes() == BODY


def test_two_downloads_of_one_file_in_one_process(server: Server) -> None:
    file = server.add("/m.pte", BODY, pace=SLOW)
    first, second = background(file), background(file)
    assert first.result(20) == second.result(20)
    assert len(server.requests) == 1


def test_a_control_and_its_parent() -> None:
    parent = Control()
    child = Control(parent)
    parent.pause()
    assert child.paused
    parent.resume()
    child.check()
    child.cancel()
    assert not parent.cancelled
    parent.check()
    with pytest.raises(DownloadCancelled):
        child.sleep(60)


def test_an_exception_of_the_callback_ends_the_download(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, pace=SLOW)
    threads: list[object] = []

    def fail(done: int, total: int) -> None:
        threads.append(threading.current_thread())
        raise BrokenPipeError("mine")

    with pytest.raises(BrokenPipeError, match="mine"):
        fetch_all([file], progress=fail)
    assert threads == [threading.current_thread()]
    assert not Entry(file.url).file.exists()
    server.files["/m.pte"].pace = (1 << 16, 0)
    assert get(file)[0].read_bytes() == BODY
