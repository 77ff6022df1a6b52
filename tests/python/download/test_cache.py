"""What is in the cache: damaged files are found, parts are checked, and names stay inside."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError, LLModuleError, ResourceError
from llmodule._download import Remote, is_whole, read_record, record_path, verify
from llmodule._download.cache import Entry

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network
BODY = bytes(range(256)) * 8_000


def test_progress_is_of_all_bytes_and_ends_at_one(server: Server, get: Get) -> None:
    files = [server.add("/small", b"12"), server.add("/large", BODY)]
    for expected in (3, 0):
        seen: list[tuple[int, int]] = []
        server.requests.clear()
        get(*files, Remote(f"{server.url}/none", required=False), seen=seen)
        assert {total for _, total in seen} == {len(BODY) + 2}
        assert seen[-1][0] == len(BODY) + 2
        assert len([path for path, _ in server.requests if path != "/none"]) == (2 if expected else 0)


def damage_truncated(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(1000)


def damage_truncated_in_secret(path: Path) -> None:
    status = path.stat()
    damage_truncated(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def damage_one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)


def damage_record(path: Path) -> None:
    record_path(path).write_text("{}")


def damage_no_record(path: Path) -> None:
    record_path(path).unlink()


def damage_record_of_lists(path: Path) -> None:
    record_path(path).write_text("[" * 10_000)


@pytest.mark.parametrize(
    "damage",
    [
        damage_truncated,
        damage_truncated_in_secret,
        damage_one_bit,
        damage_record,
        damage_no_record,
        damage_record_of_lists,
    ],
)
def test_a_damaged_file_is_fetched_again(server: Server, get: Get, damage: Callable[[Path], None]) -> None:
    file = server.add("/m.pte", BODY)
    (path,) = get(file)
    damage(path)
    assert not verify(path)
    assert not is_whole(path)
    assert get(file)[0].read_bytes() == BODY
    assert verify(path)
    assert server.sent["/m.pte"] == 2 * len(BODY)


def test_a_damaged_file_is_not_used_without_a_network(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY)
    (path,) = get(file)
    damage_truncated(path)
    server.close()
    with pytest.raises(DownloadError):
        get(file)
    assert not path.exists()


def test_verify_finds_what_size_and_time_hide(server: Server, get: Get) -> None:
    (path,) = get(server.add("/m.pte", BODY))
    status = path.stat()
    damage_one_bit(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert is_whole(path)
    assert not verify(path)


def test_a_copied_cache_is_as_good(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY)
    (path,) = get(file)
    os.utime(path, (1, 1))
    assert get(file) == [path]
    assert read_record(path).modified_ns == 10**9
    assert len(server.requests) == 1


def test_another_hash_or_size_than_the_cached_one(server: Server, get: Get) -> None:
    (path,) = get(server.add("/m.pte", BODY))
    record = read_record(path)
    assert (record.size, record.validator, record.url) == (len(BODY), '"v1"', f"{server.url}/m.pte")
    server.files["/m.pte"].body = BODY[:-1]
    assert get(Remote(f"{server.url}/m.pte", size=len(BODY) - 1))[0].read_bytes() == BODY[:-1]
    with pytest.raises(DownloadError, match="SHA-256"):
        get(Remote(f"{server.url}/m.pte", sha256=record.sha256))


def test_the_last_use_is_noted(server: Server, get: Get) -> None:
    file = server.add("/m.pte", BODY)
    (path,) = get(file)
    os.utime(record_path(path), (1, 1))
    get(file)
    assert record_path(path).stat().st_mtime > 1_000_000


def test_what_is_absent_may_be_there_later(server: Server, get: Get) -> None:
    optional = Remote(f"{server.url}/c.json", required=False)
    assert get(optional) == [None]
    with pytest.raises(DownloadError, match="404"):
        get(Remote(optional.url))
    server.add("/c.json", b"{}")
    assert get(optional)[0].read_bytes() == b"{}"


def test_what_was_absent_is_not_given_up_when_cut(server: Server, get: Get) -> None:
    optional = Remote(f"{server.url}/c.json", required=False)
    assert get(optional) == [None]
    server.add("/c.json", BODY, cuts=deque([1_000_000]))
    assert get(optional)[0].read_bytes() == BODY


def test_what_was_absent_is_not_missed_without_a_network(server: Server, get: Get) -> None:
    file, optional = server.add("/m.pte", BODY), Remote(f"{server.url}/c.json", required=False)
    paths = get(file, optional)
    server.close()
    assert get(file, optional) == paths
    with pytest.raises(DownloadError):
        get(file, Remote(f"{server.url}/never-asked.json", required=False))


@pytest.mark.parametrize("kind", ["bit", "short", "long", "notes", "torn", "nested", "huge", "negative", "types"])
def test_a_damaged_part_is_not_continued(server: Server, get: Get, kind: str) -> None:
    file = server.add("/m.pte", BODY, cuts=deque([1_000_000]))
    with pytest.raises(DownloadError):
        get(file, policy={"attempts": 1})
    entry = Entry(file.url)
    part, notes = bytearray(entry.part.read_bytes()), json.loads(entry.notes.read_bytes())
    text = json.dumps(
        notes | {"huge": {"size": 1 << 60}, "negative": {"size": -1}, "types": {"size": "9"}}.get(kind, {})
    )
    part[5] ^= kind == "bit"
    entry.part.write_bytes(part[:5] if kind == "short" else part + BODY if kind == "long" else part)
    entry.notes.write_text({"notes": "", "torn": text[:40], "nested": "[" * 1024}.get(kind, text))
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte")[1] == ("bytes=1000000-" if kind == "long" else None)


def test_a_whole_part_needs_no_server(server: Server, get: Get) -> None:
    """A process that ends between the last byte and the renaming."""
    file = server.add("/m.pte", BODY)
    (path,) = get(file)
    record, entry = read_record(path), Entry(file.url)
    path.rename(entry.part)
    entry.notes.write_text(
        json.dumps({"validator": None, "total": record.size, "size": record.size, "sha256": record.sha256})
    )
    assert get(file)[0].read_bytes() == BODY
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["/a/..%2F..%2Fevil", "/?download=1", "/..", "/%00", "/" + "n" * 300, "/ü/%C3%BC"])
def test_names_in_urls_do_not_leave_the_cache(server: Server, get: Get, cache: Path, path: str) -> None:
    server.on_request = lambda asked: server.files.setdefault(asked, type(file)(b"x"))
    server.add("/file", b"")
    file = server.files["/file"]
    (found,) = get(Remote(server.url + path))
    assert found.read_bytes() == b"x"
    assert found.resolve().is_relative_to((cache / "downloads").resolve())
    assert found.name.isascii()


def test_one_url_with_two_hashes() -> None:
    from llmodule._download import fetch_all

    files = [Remote("http://h/a", sha256=digit * 64) for digit in "01"]
    with pytest.raises(ValueError, match="asked for twice"):
        fetch_all(files, progress=lambda done, total: None)


def test_a_cache_that_cannot_be_written(server: Server, get: Get, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(ResourceError, match="cannot be written") as caught:
        get(server.add("/m.pte", b"1"))
    assert isinstance(caught.value, LLModuleError)
    assert not isinstance(caught.value, DownloadError)
