"""Measures how long a fresh interpreter takes to import llmodule: the package, and the class with the native core.

usage: python benchmarks/import_time.py [--runs N]

Prints the median and the fastest of N runs in milliseconds, the start of the interpreter itself not counted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

STATEMENTS = ("import llmodule", "from llmodule import LLMModule, _native")


def milliseconds(statement: str) -> float:
    program = f"import time; start = time.perf_counter(); {statement}; print((time.perf_counter() - start) * 1e3)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    for statement in STATEMENTS:
        times = [milliseconds(statement) for _ in range(runs)]
        print(f"{statement}: median {statistics.median(times):.1f} ms, fastest {min(times):.1f} ms of {runs}")


if __name__ == "__main__":
    main()
