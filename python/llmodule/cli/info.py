"""Shows what a model file says of itself."""

from __future__ import annotations

import argparse
import json
from typing import Any

from llmodule import _logging
from llmodule.cli._model import source_of
from llmodule.cli._output import told_on_stderr, write
from llmodule.sources import fetch_pte

HELP = "show what a model file says of itself"
FIELDS = (
    "vocab_size",
    "context_length",
    "max_step_tokens",
    "logits_rows",
    "has_kv_cache",
    "rewindable",
    "logits_dtype",
    "bos_id",
    "eos_ids",
    "metadata",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="any source that chat takes")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from llmodule import _native

    _logging.connect()
    with told_on_stderr():
        path = fetch_pte(source_of(options.model))
    info = _native.Model(str(path)).info
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
