"""Shows what a model file says of itself."""

from __future__ import annotations

import argparse
import json
from typing import Any

from llmodule import _logging
from llmodule.cli._output import write

HELP = "show what a model file says of itself"
FIELDS = (
    "vocab_size",
    "context_length",
    "max_step_tokens",
    "has_kv_cache",
    "rewindable",
    "logits_dtype",
    "bos_id",
    "eos_ids",
    "metadata",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="a .pte file")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from llmodule import _native

    _logging.connect()
    info = _native.Model(options.model).info
    fields: dict[str, Any] = {name: getattr(info, name) for name in FIELDS}
    if options.json:
        write(json.dumps(fields, indent=2) + "\n")
        return 0
    metadata = fields.pop("metadata")
    for name, value in fields.items():
        write(f"{name.replace('_', ' '):18}{value}\n")
    write("metadata\n")
    for name, value in sorted(metadata.items()):
        write(f"  {name:30}{value}\n")
    return 0
