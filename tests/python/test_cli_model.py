"""The command line with the real model, over pipes and in a pseudo-terminal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.model
SECONDS = 60.0
COMMAND = [sys.executable, "-m", "llmodule"]


def run(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=300, check=False
    )


def pte(model_path: Path) -> Path:
    return next(model_path.glob("*.pte")) if model_path.is_dir() else model_path


def test_generate(model_path: Path) -> None:
    done = run("generate", model_path, "--prompt", "The capital of France is", "--max-tokens", "6", "--temp", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Paris" in done.stdout


def test_info(model_path: Path) -> None:
    text = run("info", pte(model_path))
    assert (text.returncode, text.stderr) == (0, "")
    assert "context length    2048" in text.stdout
    fields = json.loads(run("info", pte(model_path), "--json").stdout)
    assert fields["context_length"] == 2048
    assert fields["vocab_size"] == 49152
    assert "get_n_layers" in fields["metadata"]


def test_chat_over_a_pipe(model_path: Path) -> None:
    lines = "What is the capital of Japan?\n/stats\n/reset\nSay yes.\n"
    done = run("chat", model_path, "--max-tokens", "7", stdin=lines)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "Tokyo" in done.stdout.splitlines()[0]
    assert "tokens/s" in done.stdout
    assert "the answer ended early (length)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away(model_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "generate", str(model_path), "--prompt", "Once", "--max-tokens", "400"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(60) == 1


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, *command: str) -> None:
        pty = pytest.importorskip("pty")
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self.seen = ""
        self._begin = 0

    def wait_for(self, pattern: str) -> None:
        """Reads on until what was not waited for yet holds the pattern."""
        while not (match := re.compile(pattern).search(self.seen, self._begin)):
            assert select.select([self._fd], [], [], SECONDS)[0], self.seen
            self.seen += os.read(self._fd, 4096).decode(errors="replace")
        self._begin = match.end()

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def end(self) -> int:
        with contextlib.suppress(OSError):  # Linux reports the end of a pseudo-terminal as an error
            while data := os.read(self._fd, 4096):
                self.seen += data.decode(errors="replace")
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_chat_in_a_terminal(model_path: Path) -> None:
    terminal = Terminal(*COMMAND, "chat", str(model_path), "--temp", "0")
    terminal.wait_for("> ")
    terminal.type("Tell me a long story about a lighthouse.\n")
    terminal.wait_for(r"lighthouse\.\r\n.*\w+ \w+ ")
    terminal.type("\x03")
    terminal.wait_for(r"\(interrupt\)")
    terminal.wait_for("> ")
    terminal.type("/stats\n")
    terminal.wait_for("tokens/s")
    terminal.wait_for("> ")
    time.sleep(0.5)  # a signal between readline's prompt and its wait for a key is not seen before the next key
    terminal.type("\x03")
    assert terminal.end() == 0, terminal.seen
    assert "Traceback" not in terminal.seen


def test_a_signal_ends_generate(model_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "generate", str(model_path), "--prompt", "Once", "--max-tokens", "2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.read(10)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


def test_a_draft_model(model_path: Path) -> None:
    arguments = ("generate", model_path, "--prompt", "One, two,", "--max-tokens", "20", "--temp", "0")
    drafted = run(*arguments, "--draft-model", pte(model_path))
    assert (drafted.returncode, drafted.stderr) == (0, "")
    assert drafted.stdout.strip()
