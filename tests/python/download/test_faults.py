"""Servers and networks that misbehave: the exact bytes or a clear error, and nothing half-done taken as whole."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError
from llmodule._download import Remote

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network
BODY = random.Random(5).randbytes(3_000_001)


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seed", range(8))
def test_cuts_at_random_offsets(server: Server, get: Get, seed: int) -> None:
    rng = random.Random(seed)
    cuts = deque([0, *(rng.randrange(1, 900_000) for _ in range(3))])
    file = server.add("/m.pte", BODY, cuts=cuts, chunked=seed % 2 == 1, reset=seed < 4)
    (path,) = get(file)
    assert path.read_bytes() == BODY
    assert len(server.requests) == 5
    if not server.files["/m.pte"].reset:
        assert server.sent["/m.pte"] == len(BODY)  # every byte once
        assert [asked is None for asked in server.ranges("/m.pte")] == [True, True, False, False, False]


def test_a_cut_leaves_a_part_for_the_next_call(server: Server, get: Get, cache: Path) -> None:
    file = server.add("/m.pte", BODY, cuts=deque([1_000_000] * 2))
    with pytest.raises(DownloadError, match=r"/m\.pte, after 1000000 bytes: .*; given up after attempt 1"):
        get(file, policy={"attempts": 1})
    assert names(cache) == {"m.pte.part", "m.pte.part.json", "m.pte.lock"}
    seen: list[tuple[int, int]] = []
    (path,) = get(file, seen=seen)
    assert path.read_bytes() == BODY
    assert seen[0][0] == 1_000_000  # progress begins at what is there
    assert server.ranges("/m.pte") == [None, "bytes=1000000-", "bytes=2000000-"]
    assert [headers.get("if-range") for _, headers in server.requests] == [None, '"v1"', '"v1"']
    assert names(cache) == {"m.pte", "m.pte.record", "m.pte.lock"}


def test_no_ranges(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, ranges=False, cuts=deque([1_000_000, 2_000_000]))
    (path,) = get(file)
    assert path.read_bytes() == BODY
    assert server.sent["/m.pte"] == 3_000_000 + len(BODY)


def test_no_ranges_and_never_whole_ends(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, ranges=False, cuts=deque([2_000_000, 1_000_000] * 10))
    with pytest.raises(DownloadError, match="given up after attempt 5"):
        get(file)
    assert len(server.requests) == 5


@pytest.mark.parametrize("etag", [None, 'W/"v1"', "bare"])
def test_without_a_strong_validator_nothing_is_continued(server: Server, get: Get, etag: str | None) -> None:
    file = server.add("/m.pte", BODY, etag=etag, cuts=deque([1_000_000]))
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, None]


@pytest.mark.parametrize(("age", "continues"), [(3600, True), (0, False)])
def test_last_modified_is_a_validator_if_old(server: Server, get: Get, age: int, continues: bool) -> None:
    modified = formatdate(time.time() - age, usegmt=True)
    file = server.add("/m.pte", BODY, etag=None, modified=modified, cuts=deque([1_000_000]))
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, "bytes=1000000-" if continues else None]


@pytest.mark.parametrize("honest", [True, False])
def test_another_version_in_mid_download(server: Server, get: Get, honest: bool) -> None:
    """Whether the server heeds If-Range or sends the rest of the other version all the same."""
    file = server.add("/m.pte", BODY, honest=honest, cuts=deque([1_000_000]))
    other = BODY[::-1]

    def change(path: str) -> None:
        if len(server.requests) == 2:
            server.files[path] = replace(server.files[path], body=other, etag='"v2"')

    server.on_request = change
    assert get(file)[0].read_bytes() == other


def test_a_shorter_version_in_mid_download(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, honest=False, cuts=deque([1_000_000]))

    def change(path: str) -> None:
        if len(server.requests) == 2:
            server.files[path] = replace(server.files[path], body=BODY[:500_000], etag='"v2"')

    server.on_request = change
    assert get(file)[0].read_bytes() == BODY[:500_000]  # after a 416
    assert server.ranges("/m.pte") == [None, "bytes=1000000-", None]


def test_416_again_and_again(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, errors=deque([(416, {})] * 9))
    with pytest.raises(DownloadError, match="answers 416, though no range was asked"):
        get(file)


@pytest.mark.parametrize(
    "content_range", ["bytes 0-3000000/3000001", "bytes 1000000-3000000/4000000", "bytes 1000000-9999999/3000001", "?"]
)
def test_another_range_than_asked(server: Server, get: Get, content_range: str) -> None:
    file = server.add("/m.pte", BODY, cuts=deque([1_000_000]))

    def wrong(path: str) -> None:
        if len(server.requests) == 2:
            server.files[path].errors.append((206, {"Content-Range": content_range, "ETag": '"v1"'}))

    server.on_request = wrong
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, "bytes=1000000-", None]


@pytest.mark.parametrize(
    ("length", "size", "error"),
    [
        ("3000009", 3_000_009, "after 3000001 bytes: ProtocolError"),
        ("2999999", 2_000_000, "announces 2999999 bytes, expected are 2000000"),
        (None, 2_000_000, "more than 2000000 bytes arrived"),
        (None, 3_000_009, "3000001 of 3000009 bytes arrived"),
    ],
)
def test_wrong_length(server: Server, get: Get, cache: Path, length: str | None, size: int, error: str) -> None:
    """The server announces too many bytes, too few, or none, where the size is known."""
    server.add("/m.pte", BODY, length=length, chunked=length is None, ranges=False)
    with pytest.raises(DownloadError, match=error):
        get(Remote(f"{server.url}/m.pte", size=size), policy={"attempts": 2})
    assert not {"m.pte", "m.pte.record"} & names(cache)


def test_too_long_an_announcement_is_an_error(server: Server, get: Get, cache: Path) -> None:
    file = server.add("/m.pte", BODY, length="3000009", ranges=False)
    with pytest.raises(DownloadError, match="given up after attempt 5"):
        get(file)
    assert not {"m.pte", "m.pte.record"} & names(cache)


@pytest.mark.parametrize("length", ["", "-5", "many"])
def test_a_body_whose_end_cannot_be_told(server: Server, get: Get, length: str) -> None:
    file = server.add("/m.pte", BODY, length=length)
    with pytest.raises(DownloadError, match="does not tell the file's length"):
        get(file)
    known = Remote(file.url, sha256=sha256(BODY).hexdigest())
    if not length:
        assert get(known)[0].read_bytes() == BODY


def test_chunks_without_their_end(server: Server, get: Get, cache: Path) -> None:
    file = server.add("/m.pte", BODY, chunked=True, ranges=False, cuts=deque([len(BODY)] * 9))
    with pytest.raises(DownloadError, match="given up"):
        get(file)
    assert not {"m.pte", "m.pte.record"} & names(cache)


def test_a_wrong_hash_is_final(server: Server, get: Get, cache: Path) -> None:
    server.add("/m.pte", BODY)
    file = Remote(f"{server.url}/m.pte", sha256="0" * 64)
    with pytest.raises(DownloadError, match=f"SHA-256 of what arrived is {sha256(BODY).hexdigest()}, expected is 0000"):
        get(file)
    assert len(server.requests) == 1
    assert names(cache) == {"m.pte.lock"}


def test_a_wrong_hash_of_two_pieces_begins_anew(server: Server, get: Get) -> None:
    """A server that sends another version under the same ETag."""
    server.add("/m.pte", BODY[::-1], cuts=deque([1_000_000]))

    def change(path: str) -> None:
        server.files[path].body = BODY if len(server.requests) > 1 else BODY[::-1]

    server.on_request = change
    (path,) = get(Remote(f"{server.url}/m.pte", sha256=sha256(BODY).hexdigest()))
    assert path.read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, "bytes=1000000-", None]


def test_the_hash_that_the_hub_gives(server: Server, get: Get) -> None:
    server.add("/store", BODY)
    server.add("/m.pte", b"", errors=deque([(302, {"Location": "/store", "X-Linked-ETag": f'"{"1" * 64}"'})]))
    with pytest.raises(DownloadError, match="expected is 1111"):
        get(Remote(f"{server.url}/m.pte"))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_overloaded_servers_are_asked_again(server: Server, get: Get, status: int) -> None:
    file = server.add("/m.pte", BODY, errors=deque([(status, {}), (status, {"Retry-After": "0"})]))
    assert get(file)[0].read_bytes() == BODY
    assert len(server.requests) == 3


def test_retry_after_is_kept(server: Server, get: Get) -> None:
    times: list[float] = []
    server.on_request = lambda path: times.append(time.monotonic())
    soon = formatdate(time.time() + 2, usegmt=True)
    file = server.add("/m.pte", b"1", errors=deque([(429, {"Retry-After": "1"}), (503, {"Retry-After": soon})]))
    assert get(file)[0].read_bytes() == b"1"
    assert times[1] - times[0] >= 1
    assert len(times) == 3


def test_retry_after_is_bounded(server: Server, get: Get) -> None:
    file = server.add("/m.pte", b"1", errors=deque([(429, {"Retry-After": "99999999999"})]))
    with pytest.raises(DownloadError, match=r"429 Too Many Requests; the server asks to wait \d+ s"):
        get(file)
    assert len(server.requests) == 1


def test_a_server_that_stays_overloaded(server: Server, get: Get) -> None:
    file = server.add("/m.pte", b"1", errors=deque([(503, {})] * 9))
    with pytest.raises(DownloadError, match="503 Service Unavailable; given up after attempt 5"):
        get(file)
    assert len(server.requests) == 5


@pytest.mark.parametrize(("status", "hint"), [(401, "wants credentials"), (403, "does not accept"), (404, "Not Found")])
def test_refusals_are_final(server: Server, get: Get, status: int, hint: str) -> None:
    file = server.add("/m.pte", b"1", errors=deque([(status, {})] * 9))
    with pytest.raises(DownloadError, match=rf"/m\.pte: the server answers {status} .*{hint}"):
        get(file)
    assert len(server.requests) == 1


def test_a_drip(server: Server, get: Get, cache: Path) -> None:
    file = server.add("/m.pte", BODY, pace=(1, 0.02))
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="fewer than 1024 bytes per second arrive; given up after attempt 2"):
        get(file, policy={"read_seconds": 0.5, "attempts": 2})
    assert time.monotonic() - begin < 5
    assert "m.pte.part" in names(cache)


def test_a_server_that_falls_silent(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, pace=(1_000_000, 60.0))
    with pytest.raises(DownloadError, match=r"ReadTimeout.*given up after attempt 2"):
        get(file, policy={"read_seconds": 0.3, "attempts": 2})


def test_an_encoded_body_is_refused(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY, headers={"Content-Encoding": "gzip"})
    with pytest.raises(DownloadError, match="encodes the file"):
        get(file)
    assert server.requests[0][1]["accept-encoding"] == "identity"


def test_an_empty_file(server: Server, get: Get) -> None:
    assert get(server.add("/m.pte", b""))[0].read_bytes() == b""


def test_many_files_at_four_a_time(server: Server, get: Get) -> None:
    bodies = [random.Random(i).randbytes(100_000 * (i + 1)) for i in range(12)]
    files = [server.add(f"/{i}", body, cuts=deque([50_000])) for i, body in enumerate(bodies)]
    paths = get(*files, files[0], Remote(f"{server.url}/none", required=False))
    assert [path and path.read_bytes() for path in paths] == [*bodies, bodies[0], None]


def test_one_failing_file_ends_the_others(server: Server, get: Get) -> None:
    slow = server.add("/slow", BODY, pace=(10_000, 0.05))
    bad = server.add("/bad", b"1", length="2", ranges=False, etag=None)
    with pytest.raises(DownloadError, match=r"/bad, after 1 bytes: "):
        get(slow, bad, policy={"attempts": 2})
    assert server.sent["/slow"] < len(BODY)


def test_no_server(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(
        DownloadError, match=r"http://127\.0\.0\.1:9/m\.pte: ConnectionError; check the address.*given up"
    ):
        get(Remote("http://127.0.0.1:9/m.pte"))
