"""Writes python/llmodule/_native.pyi from the installed extension module, or checks that it is up to date.

usage: make_stubs.py [--check]
"""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

STUB = Path(__file__).resolve().parent.parent / "python" / "llmodule" / "_native.pyi"


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pybind11_stubgen", "llmodule._native", "--output-dir", folder, "--exit-code"],
            check=True,
        )
        stub = Path(folder, "llmodule", "_native.pyi")
        for command in (["check", "--fix", "--quiet", "--select", "I,UP,F401"], ["format", "--quiet"]):
            subprocess.run([sys.executable, "-m", "ruff", *command, str(stub)], cwd=STUB.parent, check=True)
        return stub.read_text(encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed file differs")
    check = parser.parse_args().check
    new = generate()
    if not check:
        STUB.write_text(new, encoding="utf-8")
        return
    old = STUB.read_text(encoding="utf-8") if STUB.exists() else ""
    if old != new:
        sys.stdout.writelines(
            difflib.unified_diff(old.splitlines(True), new.splitlines(True), "committed", "generated")
        )
        sys.exit(f"{STUB.name} does not match the extension module: run python tools/make_stubs.py")


if __name__ == "__main__":
    main()
