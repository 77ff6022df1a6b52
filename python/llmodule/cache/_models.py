"""What has been loaded: one small file per model, whose modification time is that of the last load."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from llmodule._download import cache_folder
from llmodule.cache._entries import Entry

_MAX_BYTES = 1 << 20
_logger = logging.getLogger("llmodule")


@dataclass(frozen=True)
class Outside:
    """A file of a model that lies outside the cache, in that of huggingface_hub.

    Attributes:
        path: Where.
        size: In bytes.
        sha256: In lower-case hexadecimal digits.
        damaged: Whether it was found to be damaged, and has to be fetched again.
    """

    path: str
    size: int
    sha256: str
    damaged: bool = False


@dataclass(frozen=True)
class Loaded:
    """A model that has been loaded.

    Attributes:
        id: Names it within the cache.
        name: What it was loaded by, without credentials.
        model: The path of its .pte.
        origin: What was fetched or chosen as the model, in the form of a source; "" if that was not remembered.
        converted_from: The file or folder that the .pte was made from; None where it was not.
        entries: The ids of its entries in the cache.
        outside: Its files in the cache of huggingface_hub.
    """

    id: str
    name: str
    model: str
    origin: str = ""
    converted_from: str | None = None
    entries: tuple[str, ...] = ()
    outside: tuple[Outside, ...] = ()

    @property
    def last_used(self) -> float:
        """When it was last loaded, in seconds since 1970."""
        with contextlib.suppress(OSError):
            return _path(self.id).stat().st_mtime
        return 0.0

    def save(self, *, used: bool = True) -> None:
        """Writes it; by default as loaded now."""
        before = self.last_used
        path = _path(self.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1)
        if not used:
            os.utime(part, (before, before))
        os.replace(part, path)


def model_id(name: str, key: str) -> str:
    """Makes the id of a model: readable, and different for different keys.

    Args:
        name: What it is called.
        key: The source by which it is loaded.
    """
    stem = re.sub(r"[^a-z0-9.]+", "-", name.rstrip("/").rpartition("/")[2].lower(), flags=re.ASCII).strip("-.")
    return f"{stem[:60] or 'model'}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def remember(model: Loaded) -> None:
    """Adds what has just been loaded, or adds to what is known of it. A cache that cannot be written stays as it is."""
    before = find(model.id)
    if before is not None:
        anew = any(entry.startswith("converted/") for entry in model.entries)

        def keeps(entry: str) -> bool:  # what was converted from another state of the file is of no use any more
            return not (anew and entry.startswith("converted/"))

        model = replace(
            model,
            entries=tuple(dict.fromkeys((*filter(keeps, before.entries), *model.entries))),
            outside=tuple({file.path: file for file in before.outside + model.outside}.values()),
        )
    try:
        model.save()
    except OSError as error:
        _logger.debug("%s is not remembered: %s", model.name, error)


def find(id: str) -> Loaded | None:
    """Returns a model by its id; None where there is none that can be read."""
    try:
        with _path(id).open("rb") as file:
            return _parse(id, json.loads(file.read(_MAX_BYTES)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def forget(id: str) -> None:
    """Removes what is known of a model, and none of its files."""
    _path(id).unlink(missing_ok=True)


def every() -> list[Loaded]:
    """Returns all models, the last used first."""
    try:
        names = [path.stem for path in (cache_folder() / "models").glob("*.json")]
    except OSError:
        return []
    models = (find(name) for name in names)
    return sorted((model for model in models if model is not None), key=lambda model: -model.last_used)


def _path(id: str) -> Path:
    return cache_folder() / "models" / f"{id}.json"


def _parse(id: str, fields: Any) -> Loaded:
    # Entries are what is removed: none may lead out of the cache.
    entries = tuple(entry for entry in _texts(fields["entries"]) if Entry.parse(entry))
    outside = tuple(
        Outside(_text(file["path"]), int(file["size"]), _text(file["sha256"]), bool(file["damaged"]))
        for file in fields["outside"]
    )
    source = fields["converted_from"]
    return Loaded(
        id=id, name=_text(fields["name"]), model=_text(fields["model"]), origin=_text(fields["origin"]),
        converted_from=None if source is None else _text(source), entries=entries, outside=outside,
    )  # fmt: skip


def _texts(value: Sequence[Any]) -> list[str]:
    return [_text(item) for item in value]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
