"""JSON from files that nobody has checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from llmodule.errors import ModelFormatError, ResourceError

MAX_BYTES = 100 << 20
"""The largest JSON that is read, the limit that the safetensors format sets for its headers."""


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file holds.

    Raises:
        ResourceError: It cannot be read.
        ModelFormatError: It holds something else, or more than MAX_BYTES.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror or error}") from error
    return parse_json(text, str(path))


def parse_json(text: bytes, what: str) -> dict[str, Any]:
    """The object that `text` spells; `what` names it in errors.

    Raises:
        ModelFormatError: It is no JSON object, has a name twice, or is longer than MAX_BYTES.
    """
    if len(text) > MAX_BYTES:
        raise ModelFormatError(f"{what} is longer than {MAX_BYTES} bytes")
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(f"{what} is no valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelFormatError(f"{what} is no JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object has a name twice")
    return value
