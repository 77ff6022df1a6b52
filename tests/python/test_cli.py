"""The command line without a model: usage, errors, exit codes. With one: test_cli_model.py."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmodule import __version__
from llmodule.cli import bench, main
from llmodule.cli._model import Bar

from .conftest import ScriptedModel


def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmodule", *arguments],
        input=stdin,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_version_and_help() -> None:
    assert run("--version").stdout == f"llmodule {__version__}\n"
    assert "chat" in run("--help").stdout
    assert "--top-p" in run("chat", "--help").stdout


@pytest.mark.parametrize("arguments", [[], ["dance"], ["chat", "--temperature", "warm"], ["info"]])
def test_wrong_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage: llmodule" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chat"], "nowhere/default.pte does not exist"),
        (["generate", "--prompt", "x"], "nowhere/default.pte does not exist"),
        (["chat", "nowhere.pte"], "nowhere.pte does not exist"),
        (["chat", "nowhere.pte", "--top-p", "3"], "top_p must be above 0 and at most 1"),
        (["info", "nowhere.pte"], "nowhere.pte"),
    ],
)
def test_failures_are_one_line(arguments: list[str], words: str) -> None:
    done = run(*arguments, LLMODULE_MODEL="nowhere/default.pte")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("llmodule: error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--debug", "info", "nowhere.pte"], ["info", "nowhere.pte", "--debug"]])
def test_debug_shows_the_traceback(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_model_of_the_environment() -> None:
    assert "elsewhere.pte does not exist" in run("chat", LLMODULE_MODEL="elsewhere.pte").stderr


def test_bench_passes_everything_on(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "llmodule-bench"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor a in "$@"; do echo "<$a>"; done\nexit 7\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "cli").mkdir()
    code = (
        "from llmodule.cli import bench, main\n"
        f"bench.__file__ = {str(tmp_path / 'cli' / 'bench.py')!r}\n"
        "main(['bench', '--help', 'a b', '--debug', '--', '-x'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (7, "<--help>\n<a b>\n<--debug>\n<-->\n<-x>\n")


def test_bench_without_its_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "cli" / "bench.py"))
    assert main(["bench"]) == 1
    assert "llmodule-bench does not exist" in capsys.readouterr().err


class Pipe:
    """Stands for a stdin that is no terminal."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)

    def isatty(self) -> bool:
        return False

    def __iter__(self) -> Any:
        return iter(self._lines)

    def read(self) -> str:
        return "".join(self._lines)


def test_a_chat_over_a_pipe(
    scripted: ScriptedModel, model_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    scripted.say("one", "two", "three")
    monkeypatch.setattr("sys.stdin", Pipe("first\n\n/stats\nsecond\n/reset\n/help\nthird\n/nothing\n/quit\nnever\n"))
    assert main(["chat", str(model_folder), "--system-prompt", "S", "--seed", "5", "--temp", "0.5"]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == "one"
    assert lines[1].startswith("prompt ")
    assert lines[2] == "two"
    assert lines[-1] == "three"
    assert captured.err == "llmodule: /nothing is no command; /help lists them\n"
    assert len(scripted.prompts[2]) == len(scripted.prompts[0])  # /reset
    assert (scripted.configs[0].seed, scripted.configs[0].temperature) == (5, 0.5)


def test_one_message(scripted: ScriptedModel, model_folder: Path, capsys: Any) -> None:
    scripted.say("answer")
    assert main(["chat", str(model_folder), "--prompt", "question"]) == 0
    assert capsys.readouterr() == ("answer\n", "")


def test_generate(scripted: ScriptedModel, model_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    scripted.say("raw", "piped", "chat")
    monkeypatch.setattr("sys.stdin", Pipe("from the pipe"))
    assert main(["generate", str(model_folder), "--prompt", "x", "--max-tokens", "3", "--stop", "END"]) == 0
    assert main(["generate", str(model_folder)]) == 0
    assert main(["generate", str(model_folder), "--prompt", "x", "--chat"]) == 0
    assert capsys.readouterr().out == "raw\npiped\nchat\n"
    assert [len(prompt) for prompt in scripted.prompts[:2]] == [2, 14]  # with a BOS token
    assert (scripted.configs[0].max_new_tokens, scripted.configs[0].stop) == (3, ["END"])
    assert len(scripted.prompts[2]) == len("#user\nx#\n#assistant\n")


@pytest.mark.parametrize(("terminal", "shares"), [(True, [0.25, 1.0]), (True, [1.0]), (False, [0.25, 1.0])])
def test_a_bar_where_there_is_something_to_wait_for(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, shares: list[float]
) -> None:
    error = io.StringIO()
    monkeypatch.setattr(error, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", error)
    with Bar() as bar:
        for share in shares:
            bar.show(share)
    shown = error.getvalue()
    assert ("model" in shown) == (terminal and len(shares) > 1)
    assert ("100%" in shown) == (terminal and len(shares) > 1)
