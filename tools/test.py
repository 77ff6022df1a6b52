"""Installs llmodule into an environment of its own and runs every check and test against what was installed.

usage: python3 tools/test.py [pytest arguments]

Builds the wheel and the C++ unit tests in one pass (build/test), installs the wheel with its test requirements into
build/test-env, and then runs the linters, CTest and pytest, each whether or not the one before it passed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "test"
ENVIRONMENT = ROOT / "build" / "test-env"
BIN = ENVIRONMENT / "bin"


def run(title: str, *command: str | Path) -> bool:
    print(f"\n== {title}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    environment["LLMODULE_TEST_BUILD_DIR"] = str(BUILD)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def native_sources() -> list[Path]:
    files = (path for folder in ("csrc", "tests/cpp") for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in files if path.suffix in (".h", ".cc"))


def main() -> None:
    # A background job starts with SIGINT ignored; the tests of Ctrl-C would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    python = BIN / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    installed = run(
        "install (some minutes)",
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"--config-settings=build-dir={BUILD}",
        "--config-settings=cmake.define.LLMODULE_BUILD_TESTS=ON",
        "--config-settings=cmake.define.LLMODULE_WARNINGS_AS_ERRORS=ON",
        f"{ROOT}[test]",
    )
    if not installed:
        sys.exit("llmodule could not be installed")
    steps: dict[str, tuple[str | Path, ...]] = {
        "lint": (BIN / "ruff", "check", "."),
        "format": (BIN / "ruff", "format", "--check", "."),
        "C++ format": (BIN / "clang-format", "--dry-run", "--Werror", *native_sources()),
        "types": (BIN / "mypy",),
        "stubs": (python, "tools/make_stubs.py", "--check"),
        "C++ tests": (BIN / "ctest", "--test-dir", BUILD, "--output-on-failure", "--no-tests=error"),
        "Python tests": (python, "-m", "pytest", *sys.argv[1:]),
    }
    failed = [title for title, command in steps.items() if not run(title, *command)]
    if failed:
        sys.exit(f"\nfailed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
