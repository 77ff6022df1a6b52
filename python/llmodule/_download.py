"""Downloads of whole files into the cache: written aside, checked for length, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs
import requests

from llmodule.errors import DownloadError, ResourceError
from llmodule.sources import Progress

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = (10, 60)  # to connect; between two chunks


def cache_folder() -> Path:
    """Returns the folder of cached files: $LLMODULE_CACHE, else the system's usual place."""
    return Path(os.environ.get("LLMODULE_CACHE") or platformdirs.user_cache_dir("llmodule", appauthor=False))


def download(files: Sequence[tuple[str, bool]], *, progress: Progress) -> list[Path | None]:
    """Downloads what the cache lacks.

    Args:
        files: (URL, required); a file that is not required may be missing on the server.
        progress: Called with the share of all bytes that are there, below 1, never falling.

    Returns:
        The local file of each URL; None where the server has none, or had none when it was last reached, so that what
        was loaded once can be loaded without a network.

    Raises:
        DownloadError: The server cannot be reached, refuses, or delivers another number of bytes than it announced.
        ResourceError: The cache cannot be written.
    """
    # All are opened first, since only then the sum of their sizes is known.
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(requests.Session())
        transfers = [_Transfer(stack, session, url, required) for url, required in files]
        meter = _Meter(sum(transfer.size for transfer in transfers), progress)
        return [transfer.finish(meter) for transfer in transfers]


class _Meter:
    """The share of the bytes that are there."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._done = 0
        self._progress = progress

    def add(self, count: int) -> None:
        self._done += count
        if self._done < self._total:  # the end is reported once everything is in its place
            self._progress(self._done / self._total)


class _Transfer:
    """One file on its way from a URL to the cache."""

    def __init__(self, stack: contextlib.ExitStack, session: requests.Session, url: str, required: bool) -> None:
        self._url = url
        self._path = _cached_path(url)
        self._response: requests.Response | None = None
        self.size = 0
        if self._path.exists():
            self.size = self._path.stat().st_size
        else:
            self._open(stack, session, required)

    def _open(self, stack: contextlib.ExitStack, session: requests.Session, required: bool) -> None:
        with self._failures():
            try:
                headers = {"Accept-Encoding": "identity"}
                response = session.get(self._url, stream=True, timeout=TIMEOUT_SECONDS, headers=headers)
            except requests.ConnectionError:
                if required or not _absent(self._path).exists():
                    raise
                return
            stack.enter_context(response)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if response.status_code in (404, 410) and not required:
                _absent(self._path).touch()
                return
        if response.status_code != 200:
            raise DownloadError(f"{_shown(self._url)}: the server answers {response.status_code} {response.reason}")
        length = response.headers.get("Content-Length", "")
        self.size = int(length) if length.isascii() and length.isdigit() else 0
        self._response = response

    def finish(self, meter: _Meter) -> Path | None:
        """Downloads the file, unless the cache has it, and returns its path; None where the server has none."""
        if self._response is None:
            meter.add(self.size)
            return self._path if self._path.exists() else None
        with contextlib.closing(self._copy(self._response)) as counts:
            for count in counts:
                meter.add(count)
        return self._path

    def _copy(self, response: requests.Response) -> Generator[int, None, None]:
        with self._failures():
            handle, part = tempfile.mkstemp(dir=self._path.parent, suffix=".part")
            try:
                with open(handle, "wb") as file:
                    for chunk in response.iter_content(CHUNK_BYTES):
                        file.write(chunk)
                        yield len(chunk)
                    written = file.tell()
                if self.size and written != self.size:
                    raise DownloadError(f"{_shown(self._url)}: {written} of {self.size} bytes arrived; try again")
                os.replace(part, self._path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except requests.RequestException as error:
            kind = type(error).__name__
            raise DownloadError(f"{_shown(self._url)}: {kind}; check the address and the network") from error
        except OSError as error:
            raise ResourceError(f"{self._path} cannot be written: {error.strerror}") from error


def _cached_path(url: str) -> Path:
    name = re.sub(r"[^\w.-]", "_", unquote(urlsplit(url).path.rpartition("/")[2]), flags=re.ASCII).lstrip(".")[-100:]
    return cache_folder() / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:32] / (name or "file")


def _absent(path: Path) -> Path:
    return path.with_name(path.name + ".absent")


def _shown(url: str) -> str:
    # The rest of a URL may hold credentials.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
