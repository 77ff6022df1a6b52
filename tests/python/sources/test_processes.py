"""Two processes and one cache."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from llmodule import ResourceError
from llmodule.cache import list_models, prune, remove
from llmodule.sources import download

pytest.importorskip("fsspec")
SLOW = """
import sys, time
from pathlib import Path
import llmodule.converter.conversion as conversion

def convert(source, output, **options):
    with open(sys.argv[2], "a") as log:
        log.write("converting\\n")
    time.sleep(float(sys.argv[3]))
    output.write_bytes(b"made")
    output.with_name("tokenizer.json").write_text("{}")

conversion.convert = convert
from llmodule import download
files = download(sys.argv[1])
print(files.model, flush=True)
sys.stdin.read()
"""


def start(source: Path | str, log: Path, seconds: float) -> subprocess.Popen[str]:
    """Loads a model whose conversion takes some time, tells its path, and keeps it until stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(source), str(log), str(seconds)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF-tiny")
    return path


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_two_processes_convert_once(gguf: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [start(gguf, log, 0.5) for _ in range(2)]
    paths = {process.stdout.readline() for process in processes if process.stdout}
    for process in processes:
        end(process)
    assert len(paths) == 1
    assert log.read_text() == "converting\n"


def test_what_another_process_loads_is_not_removed(gguf: Path, tmp_path: Path, cache: Path) -> None:
    process = start(gguf, tmp_path / "log", 0)
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    (model,) = list_models()
    with pytest.raises(ResourceError, match=r"tiny\.gguf-\w+ is being loaded by a process"):
        remove(model.id)
    assert prune(0) == []
    assert path.exists()
    end(process)
    assert prune(0) == [model]
    assert not path.exists()


def test_a_conversion_that_is_killed_leaves_nothing_behind(gguf: Path, tmp_path: Path, cache: Path) -> None:
    log = tmp_path / "log"
    process = start(gguf, log, 60)
    wait_for(lambda: log.exists() and log.read_text())
    (part,) = (cache / "converted").glob(".part-*")
    (part / "whole" / "model.pte").write_bytes(b"half")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (orphan,) = list_models()
    assert (orphan.name, orphan.size) == ("unfinished", 4)
    process = start(gguf, log, 0)
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    assert path.read_bytes() == b"made"
    assert not part.exists()
    end(process)


def test_waiting_can_be_cancelled(gguf: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start(gguf, log, 60)
    wait_for(lambda: log.exists() and log.read_text())
    handle = download(gguf, background=True)
    time.sleep(0.2)
    assert not handle.done
    handle.cancel()
    with pytest.raises(ResourceError, match="cancelled"):
        handle.result(timeout=30)
    process.kill()
    process.communicate()


def test_a_cache_that_was_copied_and_is_only_read(tmp_path: Path, cache: Path) -> None:
    store = tmp_path / "store" / "tiny.gguf"
    store.parent.mkdir()
    store.write_bytes(b"GGUF-tiny")
    log = tmp_path / "log"
    end(start(f"local://{store}", log, 0))
    copy = shutil.copytree(cache, tmp_path / "copy", copy_function=shutil.copyfile)  # with other dates
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    store.unlink()
    # To root, modes mean nothing unless it gives up that right.
    command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if command and shutil.which(command[0]) is None:
        pytest.skip("root may write everywhere")
    try:
        done = subprocess.run(
            [*command, sys.executable, "-c", SLOW, f"local://{store}", str(log), "0"],
            env={**os.environ, "LLMODULE_CACHE": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            input="", capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == b"made"
    assert Path(done.stdout.strip()).is_relative_to(copy)
    assert log.read_text() == "converting\n"


def test_a_disk_that_is_full(tmp_path: Path, cache: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "model.pte").write_bytes(bytes(3 << 20))
    (store / "tokenizer.json").write_text("{}")
    program = (
        "import resource, sys, llmodule\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"  # stands for the end of the disk
        "try: llmodule.download(sys.argv[1])\n"
        "except llmodule.ResourceError as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"local://{store}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert re.fullmatch(r"ResourceError \S+/stores/\w+ cannot be written: File too large\n", done.stdout), done.stderr
    assert not list(cache.rglob("model.pte"))
    assert download(f"local://{store}").model.stat().st_size == 3 << 20
