"""Tokenizer speed against other libraries, how long files take to load, and the memory they take then.

usage: python benchmarks/tokenizers.py name=tokenizer.json ...

Each library that is installed (tokenizers, splintr-rs) encodes the same text in the same run, by turns; its best round
counts, in which its word cache is warm. Times are CPU times of the process, so that hidden threads count. Results are
lists of Python integers for all. Memory is what a fresh process has more of after loading, and its peak meanwhile
(Linux).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tokenizer_corpus import corpus

import llmodule

ROUNDS = 12
SLOW_ROUNDS = 2
sys.path.pop(0)  # this folder, where `tokenizers` would be this very file

MEMORY_PROBE = r"""
import re, sys
import llmodule._native
def kibibytes(name):
    return int(re.search(name + r":\s+(\d+)", open("/proc/self/status").read())[1])
before = kibibytes("VmRSS")
tokenizer = llmodule._native.Tokenizer.from_file(sys.argv[1])
print(kibibytes("VmRSS") - before, kibibytes("VmHWM") - before)
"""


def seconds(action: Callable[[], object]) -> float:
    """The CPU-seconds that `action` takes."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def encoders(path: Path) -> dict[str, Callable[[str], object]]:
    """What encodes with the file, by the library's name, ours first."""
    result: dict[str, Callable[[str], object]] = {"llmodule": llmodule.Tokenizer.from_file(path).encode}
    if importlib.util.find_spec("splintr"):
        result["splintr"] = importlib.import_module("splintr").from_json(str(path)).encode
    if importlib.util.find_spec("tokenizers"):
        theirs = importlib.import_module("tokenizers").Tokenizer.from_file(str(path))
        result["tokenizers"] = lambda text: theirs.encode(text).ids
    return result


def speeds(path: Path, text: str) -> dict[str, float]:
    """MB of UTF-8 per CPU-second, by library."""
    libraries = encoders(path)
    best = dict.fromkeys(libraries, float("inf"))
    for turn in range(ROUNDS):
        for library, encode in libraries.items():
            if library != "tokenizers" or turn < SLOW_ROUNDS:
                best[library] = min(best[library], seconds(lambda encode=encode: encode(text)))  # type: ignore[misc]
    return {library: len(text.encode()) / 1e6 / time for library, time in best.items()}


def memory(path: Path) -> tuple[float, float]:
    """MiB that the loaded tokenizer takes, and at most while it is loaded."""
    probe = [sys.executable, "-c", MEMORY_PROBE, str(path)]
    resident, peak = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split()
    return int(resident) / 1024, int(peak) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="name=path")
    arguments = parser.parse_args()
    text = corpus()
    print(f"{len(text.encode()) / 1e6:.2f} MB of text; MB per CPU-second, best of {ROUNDS} rounds by turns")
    for file in arguments.files:
        name, _, path = file.rpartition("=")
        load = min(seconds(lambda path=path: llmodule.Tokenizer.from_file(path)) for _ in range(5))  # type: ignore[misc]
        resident, peak = memory(Path(path))
        columns = "  ".join(f"{library} {speed:5.1f}" for library, speed in speeds(Path(path), text).items())
        print(f"{name or path:12} {columns}  load {load:.3f} s  {resident:3.0f} MiB (peak {peak:3.0f})", flush=True)


if __name__ == "__main__":
    main()
