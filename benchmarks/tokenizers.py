"""Tokenizer speed against other libraries: MB of UTF-8 per CPU-second, one thread, and how long files take to load.

usage: python benchmarks/tokenizers.py name=tokenizer.json ...

Each library that is installed (tokenizers, splintr-rs) encodes the same text in the same run; the best of some rounds
counts, in which every word cache is warm. Times are CPU times of the process, so that other load matters little and
hidden threads count. Results are lists of Python integers for all.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tokenizer_corpus import corpus

import llmodule

ROUNDS = 5
sys.path.pop(0)  # this folder, where `tokenizers` would be this very file


def best_of(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least CPU-seconds that `action` took."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return min(times)


def encoders(path: Path) -> dict[str, Callable[[str], object]]:
    """What encodes with the file, by the library's name, ours first."""
    result: dict[str, Callable[[str], object]] = {"llmodule": llmodule.Tokenizer.from_file(path).encode}
    if importlib.util.find_spec("splintr"):
        import splintr

        result["splintr"] = splintr.from_json(str(path)).encode
    if importlib.util.find_spec("tokenizers"):
        import tokenizers

        theirs = tokenizers.Tokenizer.from_file(str(path))
        result["tokenizers"] = lambda text: theirs.encode(text).ids
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="name=path")
    arguments = parser.parse_args()
    text = corpus()
    size = len(text.encode()) / 1e6
    print(f"{size:.2f} MB of text; MB per CPU-second, best of {ROUNDS}")
    for file in arguments.files:
        name, _, path = file.rpartition("=")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        load = best_of(lambda path=path: llmodule.Tokenizer.from_file(path), 3)  # type: ignore[misc]
        llmodule.Tokenizer.from_file(path).encode(text)
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        speeds = {}
        for library, encode in encoders(Path(path)).items():
            encode(text)
            rounds = 1 if library == "tokenizers" else ROUNDS
            speeds[library] = size / best_of(lambda encode=encode: encode(text), rounds)  # type: ignore[misc]
        columns = "  ".join(f"{library} {speed:6.1f}" for library, speed in speeds.items())
        print(f"{name or path:12}  load {load:.3f} s  peak +{memory:4.0f} MiB  {columns}", flush=True)


if __name__ == "__main__":
    main()
