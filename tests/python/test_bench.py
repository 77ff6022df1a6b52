"""The native harness that the wheel carries."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import llmodule

pytestmark = pytest.mark.model


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(llmodule.__file__).parent / "bin" / "llmodule-bench"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_figures(model_path: Path) -> None:
    short = ("--prompt-tokens", 20, "--new-tokens", 5, "--repetitions", 2)
    done = bench(model_path / "model.pte", *short, "--json", "-")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["decode_tokens_per_second"]["median"] > 0
    assert 0 <= figures["overhead_share"]["min"] < 1
    assert "prefill" in bench(model_path / "model.pte", *short).stdout


def test_profile(model_path: Path) -> None:
    done = bench(model_path / "model.pte", "--prompt-tokens", 20, "--new-tokens", 5, "--profile")
    assert done.returncode == 0, done.stderr
    prefill, decode = done.stdout.split("prefill: ")[1].split("decode: ")
    assert prefill.startswith("20 tokens")
    assert decode.startswith("4 tokens")
    # One call per decode step, under the name of the method.
    assert re.search(r" 4 calls  Method::execute\n", decode)
    assert re.search(r"memory: [\d.]+ GB/s", decode)


@pytest.mark.parametrize("option", ["--prompt-tokens", "--nonsense"])
def test_wrong_options(option: str, tmp_path: Path) -> None:
    done = bench(tmp_path / "model.pte", option, "-1")
    assert done.returncode == 2
    assert option in done.stderr
