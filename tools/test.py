"""Installs llmodule into an environment of its own and runs every check and test against what was installed.

usage: python3 tools/test.py [pytest arguments]

Builds the wheel and the C++ unit tests in one pass (build/test), installs the wheel with its test requirements into
build/test-env, and then runs the linters, CTest and pytest. Stops at the first that fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "test"
ENVIRONMENT = ROOT / "build" / "test-env"
BIN = ENVIRONMENT / "bin"


def run(title: str, *command: str | Path) -> None:
    print(f"\n== {title}: {' '.join(map(str, command))}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    environment["LLMODULE_TEST_BUILD_DIR"] = str(BUILD)
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status != 0:
        sys.exit(f"{title} failed with exit status {status}")


def native_sources() -> list[Path]:
    files = (path for folder in ("csrc", "tests/cpp") for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in files if path.suffix in (".h", ".cc"))


def main() -> None:
    python = BIN / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run(
        "install", python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall",
        f"--config-settings=build-dir={BUILD}", "--config-settings=cmake.define.LLMODULE_BUILD_TESTS=ON",
        "--config-settings=cmake.define.LLMODULE_WARNINGS_AS_ERRORS=ON", f"{ROOT}[test]",
    )  # fmt: skip
    run("lint", BIN / "ruff", "check", ".")
    run("format", BIN / "ruff", "format", "--check", ".")
    run("C++ format", BIN / "clang-format", "--dry-run", "--Werror", *native_sources())
    run("types", BIN / "mypy")
    run("stubs", python, "tools/make_stubs.py", "--check")
    run("C++ tests", BIN / "ctest", "--test-dir", BUILD, "--output-on-failure", "--no-tests=error")
    run("Python tests", python, "-m", "pytest", *sys.argv[1:])


if __name__ == "__main__":
    main()
