"""Processes that are killed, and processes that want the same file."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule._download.cache import Entry

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]
    Spawn = Callable[[str], subprocess.Popen[str]]

pytestmark = pytest.mark.network
BODY = random.Random(7).randbytes(8_000_000)


def program(*urls: str) -> str:
    return f"""
import hashlib, json
from llmodule._download import Remote, fetch_all
seen = []
paths = fetch_all([Remote(url) for url in {list(urls)!r}], progress=lambda done, total: seen.append(done / total))
print(json.dumps([[hashlib.sha256(path.read_bytes()).hexdigest() for path in paths], seen]))
"""


def test_kill_at_random_moments(server: Server, get: Get, spawn: Spawn) -> None:
    rng = random.Random(3)
    file = server.add("/m.pte", BODY, pace=(20_000, 0.001))
    entry = Entry(file.url)
    offsets = []
    for _ in range(8):
        before = len(server.requests)
        child = spawn(program(file.url))
        while len(server.requests) == before and child.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        child.kill()
        child.wait()
        assert not entry.file.exists() or entry.file.read_bytes() == BODY
        if entry.file.exists():
            break
    offsets = [int(asked[6:-1]) if asked else 0 for asked in server.ranges("/m.pte")]
    assert offsets == sorted(offsets)
    assert offsets[-1] > 0  # what had arrived before was used
    assert get(file)[0].read_bytes() == BODY


@pytest.mark.parametrize(("step", "nth"), [("fsync", 0), ("fsync", 1), ("replace", 0), ("replace", 1), ("fsync", 2)])
def test_kill_between_the_last_byte_and_the_end(server: Server, get: Get, spawn: Spawn, step: str, nth: int) -> None:
    """At every step: the part and its record come to the disk, both are renamed, the folder comes to the disk."""
    body = BODY[:100_000]
    file = server.add("/m.pte", body)
    entry = Entry(file.url)
    child = spawn(
        f"import os, signal\ncount, real = iter(range(99)), os.{step}\ndef die(*arguments):\n"
        f"    if next(count) == {nth}: os.kill(os.getpid(), signal.SIGKILL)\n    return real(*arguments)\n"
        f"os.{step} = die\n" + program(file.url)
    )
    assert child.wait() == -signal.SIGKILL
    assert not entry.file.exists() or entry.file.read_bytes() == body
    assert get(file)[0].read_bytes() == body
    assert server.sent == {"/m.pte": len(body)}  # no byte twice


def test_interrupt(server: Server, get: Get, spawn: Spawn) -> None:
    """Ctrl-C ends a download at once, even from a silent server."""
    file = server.add("/m.pte", BODY, pace=(4_000_000, 60.0))
    child = spawn(program(file.url))
    while not server.sent:
        time.sleep(0.01)
    time.sleep(0.3)
    begin = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert time.monotonic() - begin < 3
    assert errors.rstrip().endswith("KeyboardInterrupt")
    server.files["/m.pte"].pace = (1 << 16, 0)
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, "bytes=4000000-"]


def test_two_processes_download_once(server: Server, spawn: Spawn) -> None:
    # The other order, and more files than transfer at a time: neither waits for the other forever.
    urls = [
        server.add(f"/{i}", BODY[: 200_000 * (i + 1)], pace=(20_000, 0.01), chunked=i % 2 == 1).url for i in range(8)
    ]
    children = [spawn(program(*urls)), spawn(program(*reversed(urls)))]
    answers = []
    for child in children:
        output, errors = child.communicate(timeout=50)
        assert child.returncode == 0, errors
        answers.append(json.loads(output))
    assert answers[0][0] == answers[1][0][::-1]
    assert server.sent == {f"/{i}": 200_000 * (i + 1) for i in range(8)}
    for _, seen in answers:
        assert seen == sorted(set(seen))
        assert seen[-1] == 1.0
        assert len(seen) > 5  # the one that waits tells of progress, too


def test_the_waiting_process_takes_over(server: Server, spawn: Spawn) -> None:
    file = server.add("/m.pte", BODY, pace=(20_000, 0.005))
    first = spawn(program(file.url))
    while server.sent.get("/m.pte", 0) < 1_000_000:
        time.sleep(0.01)
    second = spawn(program(file.url))
    time.sleep(0.7)
    first.kill()
    first.wait()
    server.files["/m.pte"].pace = (1 << 16, 0)
    output, errors = second.communicate(timeout=20)
    assert second.returncode == 0, errors
    assert json.loads(output)[1][0] > 0.1
    assert len(server.requests) == 2
    assert int(server.ranges("/m.pte")[1][6:-1]) > 900_000
