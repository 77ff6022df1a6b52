"""What there is in the cache, whether it is whole, and how it is removed."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmodule._download import cache as records
from llmodule._download import cache_folder
from llmodule.cache import _models
from llmodule.cache._entries import KINDS, PART, Entry
from llmodule.cache._locks import removing
from llmodule.cache._models import Loaded
from llmodule.errors import ResourceError

_logger = logging.getLogger("llmodule")


@dataclass(frozen=True)
class CachedModel:
    """A model in the cache, or something in it that belongs to none.

    Attributes:
        id: Names it; `remove` takes it.
        name: What it was loaded by; `remove` takes it if no other has the same.
        size: The bytes that it takes, in the cache and in that of huggingface_hub; what several models share counts
            for each of them.
        outside_size: Of these, what lies in the cache of huggingface_hub, which only its own tools remove.
        last_used: When it was last loaded, in seconds since 1970.
        model: Its .pte; None where nothing was loaded of it, as of an unfinished download.
        converted_from: What the .pte was made from; None where it was not converted.
        entries: The ids of its folders in the cache.
    """

    id: str
    name: str
    size: int
    outside_size: int
    last_used: float
    model: Path | None
    converted_from: str | None = None
    entries: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Damage:
    """A file that is not what it was when it was fetched or made.

    Attributes:
        model: The id of the model.
        file: Where it is, or was.
        removed: Whether it has been removed; if not, a process is loading it, or it lies outside the cache. It is
            fetched or made anew by the next load in any case.
    """

    model: str
    file: Path
    removed: bool


def list_models() -> list[CachedModel]:
    """Returns what is in the cache, the last used first.

    Raises:
        ResourceError: The cache cannot be read.
    """
    loaded = _models.every()
    models = [_described(model) for model in loaded]
    known = {entry for model in loaded for entry in model.entries}
    orphans = [_orphan(entry) for entry in _entries() if entry.id not in known]
    models += [orphan for orphan in orphans if orphan.size]  # a note that a server lacks a file is not worth a line
    return sorted(models, key=lambda model: -model.last_used)


def find(name: str) -> CachedModel:
    """Returns a model by its id or its name.

    Raises:
        ResourceError: There is none, or several have that name.
    """
    models = list_models()
    names = (name, f"hf://{name}")  # repositories are loaded by either
    matching = [model for model in models if model.id == name] or [model for model in models if model.name in names]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise ResourceError(f"{name!r} names several models; choose one of {', '.join(m.id for m in matching)}")
    there = ", ".join(sorted(model.id for model in models)) or "nothing"
    raise ResourceError(f"the cache has no model {name!r}; it holds {there}")


def remove(name: str) -> int:
    """Removes a model from the cache; what other models need of it stays.

    Args:
        name: Its id or its name, as `list_models` tells them.

    Returns:
        The bytes that are free now.

    Raises:
        ResourceError: There is none of that name, a process is loading it, or it cannot be deleted.
    """
    return _remove(find(name), list_models())


def prune(max_size: int) -> list[CachedModel]:
    """Removes models, the longest unused ones first, until the cache takes at most `max_size` bytes.

    What belongs to no model, such as an unfinished download, goes first. What is being loaded stays.

    Returns:
        What was removed.

    Raises:
        ValueError: max_size is negative.
        ResourceError: Something cannot be deleted.
    """
    if max_size < 0:
        raise ValueError(f"max_size is {max_size}; it must be 0 or more")
    left = list_models()
    sizes = {entry.id: entry.size() for entry in _parsed(entry for model in left for entry in model.entries)}
    removed = []
    for model in sorted(left, key=lambda model: (model.model is not None, model.last_used)):
        if _size(left, sizes) <= max_size:
            break
        if not model.entries:
            continue
        try:
            _remove(model, left)
        except ResourceError as error:
            _logger.info("%s stays: %s", model.id, error)
            continue
        left.remove(model)
        removed.append(model)
    return removed


def verify(name: str | None = None, *, progress: Callable[[float], None] = lambda share: None) -> list[Damage]:
    """Reads every byte of a model, or of all, and compares with what was fetched or made.

    Args:
        name: An id or a name; None for everything.
        progress: Called with the share of the bytes that are read, from 0 to 1.

    Returns:
        What is damaged; all of it is fetched or made anew by the next load.

    Raises:
        ResourceError: There is none of that name, or a file cannot be read.
    """
    models = list_models() if name is None else [find(name)]
    damages: list[Damage] = []
    seen: set[str] = set()
    for number, model in enumerate(models):
        progress(number / len(models))
        damages += _damages(model, [entry for entry in model.entries if entry not in seen])
        seen.update(model.entries)
    progress(1.0)
    return damages


def _damages(model: CachedModel, entries: Sequence[str]) -> list[Damage]:
    damages = []
    for entry in _parsed(entries):
        for file in entry.files():
            try:
                whole = records.verify(file)
            except OSError as error:
                raise ResourceError(f"{file} cannot be read: {error.strerror}") from error
            if not whole:
                damages.append(Damage(model.id, file, _discard(entry, file)))
    loaded = _models.find(model.id)
    if loaded is not None:
        checked = tuple(replace(file, damaged=_is_damaged(file)) for file in loaded.outside)
        damages += [Damage(model.id, Path(file.path), False) for file in checked if file.damaged]
        if checked != loaded.outside:
            replace(loaded, outside=checked).save(used=False)
    return damages


def _discard(entry: Entry, file: Path) -> bool:
    with removing(entry.id) as free:
        # A file without a record is fetched again; while it is being loaded, that is all that can be done to it.
        records.record_path(file).unlink(missing_ok=True)
        if free:
            file.unlink(missing_ok=True)
        return free


def _is_damaged(file: _models.Outside) -> bool:
    try:
        return records.sha256_of(Path(file.path)) != file.sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ResourceError(f"{file.path} cannot be read: {error.strerror}") from error


def _remove(model: CachedModel, models: Sequence[CachedModel]) -> int:
    others = {entry for other in models if other.id != model.id for entry in other.entries}
    freed = 0
    with contextlib.ExitStack() as held:
        own = _parsed(entry for entry in model.entries if entry not in others)
        for entry in own:
            if not held.enter_context(removing(entry.id)):
                raise ResourceError(f"{model.id} is being loaded by a process; try again when that is done")
        for entry in own:
            freed += entry.size()
            try:
                _delete(entry.part)
                _delete(entry.folder)
            except OSError as error:
                raise ResourceError(f"{entry.folder} cannot be deleted: {error.strerror}") from error
        if model.model is not None:
            _models.forget(model.id)
    return freed


def _delete(folder: Path) -> None:
    if folder.is_symlink():  # what it leads to is not ours
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _size(models: Sequence[CachedModel], sizes: dict[str, int]) -> int:
    return sum(sizes[entry] for entry in {entry for model in models for entry in model.entries})


def _described(model: Loaded) -> CachedModel:
    # Several commits of a repository share files, which are links.
    files = {os.path.realpath(file.path): file.size for file in model.outside if os.path.exists(file.path)}
    outside = sum(files.values())
    return CachedModel(
        id=model.id,
        name=model.name,
        size=outside + sum(entry.size() for entry in _parsed(model.entries)),
        outside_size=outside,
        last_used=model.last_used,
        model=Path(model.model),
        converted_from=model.converted_from,
        entries=model.entries,
    )


def _orphan(entry: Entry) -> CachedModel:
    urls = (record.url for file in entry.files() if (record := records.read_record(file)))
    name = next(urls, "unfinished")
    return CachedModel(entry.id, name, entry.size(), 0, _modified(entry), None, None, (entry.id,))


def _modified(entry: Entry) -> float:
    times = [folder.stat().st_mtime for folder in (entry.folder, entry.part) if folder.exists()]
    return max(times, default=0.0)


def _entries() -> list[Entry]:
    found = set()
    for kind in KINDS:
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(cache_folder() / kind):
                found.add(Entry.parse(f"{kind}/{name.removeprefix(PART)}"))
    return sorted((entry for entry in found if entry), key=lambda entry: entry.id)


def _parsed(ids: Iterable[str]) -> list[Entry]:
    return [entry for entry in map(Entry.parse, ids) if entry]
