"""Measures speed and memory of a model with the native llmodule-bench."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from llmodule.errors import ResourceError

HELP = "measure speed and memory of a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="passed on; try --help")


def run(options: argparse.Namespace) -> int:
    """Replaces this process by llmodule-bench."""
    program = Path(__file__).parents[1] / "bin" / "llmodule-bench"
    if not program.is_file():
        raise ResourceError(f"{program} does not exist; install llmodule from a wheel or with pip")
    os.execv(program, [str(program), *options.arguments])
