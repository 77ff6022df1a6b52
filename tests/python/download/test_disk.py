"""Disks without room."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmodule import DownloadError, ResourceError
from llmodule._download import fetch
from llmodule._download.cache import Entry

if TYPE_CHECKING:
    from conftest import Server

    Get = Callable[..., list[Path | None]]

pytestmark = pytest.mark.network
BODY = os.urandom(3_000_000)
DOWNLOAD = """
import sys
from llmodule import DownloadError, ResourceError
from llmodule._download import Remote, fetch_all
try:
    fetch_all([Remote(sys.argv[1])], progress=lambda done, total: None)
except ResourceError as error:
    assert not isinstance(error, DownloadError)
    print(error)
"""


def test_room_is_checked_first(server: Server, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda folder: usage(0, 0, 2_500_000))
    files = [server.add("/a", BODY[:1_000_000], pace=(1, 9.0)), server.add("/b", BODY[:2_000_000], pace=(1, 9.0))]
    with pytest.raises(ResourceError, match=r"needs 3000000 bytes, and .* has 2500000 free; make room") as caught:
        get(*files)
    assert not isinstance(caught.value, DownloadError)


def test_an_absurd_size(server: Server, get: Get) -> None:
    with pytest.raises(ResourceError, match="needs 999999999999999999 bytes"):
        get(server.add("/m.pte", BODY, length="9" * 18))


def test_what_is_there_needs_no_room(server: Server, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import deque

    file = server.add("/a", BODY, cuts=deque([2_000_000]))
    with pytest.raises(DownloadError):
        get(file, policy={"attempts": 1})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda folder: usage(0, 0, 1_000_000))
    assert get(file)[0].read_bytes() == BODY
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda folder: usage(0, 0, 0))
    assert get(file)[0].read_bytes() == BODY


def test_a_limit_of_the_file_size(server: Server, get: Get) -> None:
    """A limit (EFBIG) that any user can set; the kernel then refuses to write just as on a full disk."""
    file = server.add("/m.pte", BODY)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_234_567, 1_234_567))

    output = subprocess.run(
        [sys.executable, "-c", DOWNLOAD, file.url], preexec_fn=limit, capture_output=True, text=True, check=True
    ).stdout
    assert (
        "m.pte cannot be written: the disk is full after 1234567 of 3000000 bytes; they are kept; make room" in output
    )
    assert not Entry(file.url).file.exists()
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, "bytes=1234567-"]


def test_a_full_disk(server: Server, get: Get, cache: Path, tmp_path: Path) -> None:
    """A file system of 2 MB, in a mount namespace of its own."""
    file = server.add("/m.pte", BODY, chunked=True)  # so that the size is not known before
    cache.mkdir()
    kept = tmp_path / "kept"
    kept.mkdir()
    script = 'mount -t tmpfs -o size=2m none "$1" || exit 77; "$2" -c "$3" "$4" || exit 1; cp -r "$1/." "$5"'
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(cache), sys.executable]
    result = subprocess.run([*command, DOWNLOAD, file.url, str(kept)], capture_output=True, text=True, check=False)
    if "unshare" in result.stderr or result.returncode == 77:
        pytest.skip(f"no file system can be mounted here: {result.stderr}")
    assert result.returncode == 0, result.stderr
    assert "the disk is full after" in result.stdout
    shutil.copytree(kept, cache, dirs_exist_ok=True)
    size = Entry(file.url).part.stat().st_size
    assert 1_000_000 < size < 2 << 20
    assert json.loads(Entry(file.url).notes.read_bytes())["size"] == size
    assert get(file)[0].read_bytes() == BODY
    assert server.ranges("/m.pte") == [None, f"bytes={size}-"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_every_failing_write(server: Server, get: Get, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Each write of a download fails in turn; the next download ends well."""
    file = server.add("/m.pte", BODY[:300_000])
    real = os.pwrite
    for fatal in range(12):
        count = iter(range(1000))

        def failing(handle: int, data: bytes, at: int) -> int:
            if next(count) == fatal:  # noqa: B023
                raise OSError(number, os.strerror(number))
            return real(handle, data, at)

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", failing)
            try:
                get(file)
                break
            except ResourceError as error:
                caught = error
        assert ("the disk is full" in str(caught)) == (number != errno.EIO)
        assert not isinstance(caught, DownloadError)
        assert not Entry(file.url).file.exists()
    assert fatal > 3
    assert get(file)[0].read_bytes() == BODY[:300_000]
