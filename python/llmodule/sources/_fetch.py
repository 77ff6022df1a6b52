"""From sources to the local files of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from llmodule import _conversion
from llmodule._download import Control
from llmodule.cache import _models
from llmodule.cache._models import Loaded
from llmodule.errors import DownloadError, ResourceError
from llmodule.models import Preset
from llmodule.sources import ModelFiles, Source
from llmodule.sources._hub import Hub
from llmodule.sources._locate import locate
from llmodule.sources._package import Packages
from llmodule.sources._places import TOKENIZERS, Disk, File, Memory
from llmodule.sources._task import Count, Task

CONFIG = "tokenizer_config.json"
_SHOWN = 20
_PART = re.compile(r"-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf$", re.ASCII)
_WITH_WEIGHTS = (".json", ".model", ".jinja")


def fetch_model(
    model: Source,
    tokenizer: Source | None,
    tokenizer_config: Source | None,
    *,
    progress: Count,
    control: Control | None,
) -> ModelFiles:
    """Does what `llmodule.sources.fetch_model` says, with a progress in bytes."""
    if isinstance(model, Preset):
        tokenizer = model.tokenizer if tokenizer is None else tokenizer
        tokenizer_config = model.tokenizer_config if tokenizer_config is None else tokenizer_config
    load = _Load(model, progress, control)
    model_at = load.model()
    if tokenizer is not None:
        tokenizer_at = load.locate(tokenizer, name="tokenizer.json")
    else:
        tokenizer_at = load.beside(model_at, *TOKENIZERS)
    if tokenizer_config is not None:
        config_at = load.locate(tokenizer_config, name=CONFIG)
    else:
        config_at = load.beside(tokenizer_at, CONFIG)
    found = load.fetch(
        {
            "model": (model_at, True),
            "tokenizer": (tokenizer_at, True),
            "tokenizer_config": (config_at, tokenizer_config is not None),
            "generation_config": (load.beside(config_at, "generation_config.json"), False),
            "chat_template": (load.beside(config_at, "chat_template.jinja"), False),
        }
    )
    model_path, tokenizer_path = found.pop("model"), found.pop("tokenizer")
    assert model_path is not None
    assert tokenizer_path is not None
    load.finish(model_path)
    return ModelFiles(model_path, tokenizer_path, **found, _lease=load.task.lease)


def fetch_pte(model: Source, *, progress: Count) -> Path:
    """Does what `llmodule.sources.fetch_pte` says, with a progress in bytes."""
    load = _Load(model, progress, None)
    path = load.fetch({"model": (load.model(), True)})["model"]
    assert path is not None
    load.finish(path)
    return path


class _Load:
    def __init__(self, source: Source, progress: Count, control: Control | None) -> None:
        self._source = locate(source, name="model.pte")
        self._name = source.name if isinstance(source, Preset) else str(self._source)
        place = self._source.place
        self._content = place.sha256 if isinstance(place, Memory) and _is_gguf(self._source) else None
        key = self._content or repr(self._source)
        self._id = _models.model_id(self._name, key)
        self._before = _models.find(self._id)
        self._origin = ""
        self._converted_from: str | None = None
        outside = self._before.outside if self._before else ()
        damaged = frozenset(Path(file.path) for file in outside if file.damaged)
        self.task = Task(progress, control, damaged)

    def locate(self, source: Source, *, name: str) -> File:
        if isinstance(source, Preset):
            raise TypeError(f"the preset {source.name} stands for a model; name its tokenizer, or files of it")
        file = locate(source, name=name)
        return self._on_disk(file) if isinstance(file.place, Packages) else file

    def beside(self, file: File, *names: str) -> File:
        return File(file.place, file.place.beside(file.path, names, self.task))

    def model(self) -> File:
        """Returns the .pte, after fetching and converting a model that is none yet."""
        with self.task.before_conversion() as converting:
            at = self._chosen()
            self._origin = str(at if at.place == self._source.place else self._source)
            if isinstance(at.place, Packages) or _is_gguf(at):
                at = self._on_disk(at)
            if not isinstance(at.place, Disk) or not _conversion.is_convertible(local := Path(at.path)):
                return at
            self.task.weigh(_conversion.size_of(local))
            self._converted_from = self._origin
            made = _conversion.converted(
                local, progress=converting, lease=self.task.lease, check=self.task.check, content=self._content
            )
            return File(Disk(), str(made))

    def fetch(self, wanted: Mapping[str, tuple[File, bool]]) -> dict[str, Path | None]:
        """Fetches files, those of one place together."""
        found: dict[str, Path | None] = {}
        for place in dict.fromkeys(file.place for file, _ in wanted.values()):
            here = {name: (file.path, required) for name, (file, required) in wanted.items() if file.place == place}
            if not isinstance(place, Disk):
                # The model comes last: the others show within seconds whether they can be had.
                here = dict(reversed(here.items()))
            found |= zip(here, place.fetch(list(here.values()), self.task), strict=True)
        return found

    def finish(self, model: Path) -> None:
        """Reports the end, and notes in the cache what has been loaded."""
        entries, outside = tuple(self.task.lease.entries), tuple(self.task.outside.values())
        if entries or outside:
            _models.remember(
                Loaded(self._id, self._name, str(model), self._origin, self._converted_from, entries, outside)
            )
        self.task.finish()

    def _chosen(self) -> File:
        """Returns the file that a folder or a repository stands for; of weights to convert, a local folder."""
        source = self._source
        try:
            names = source.place.names(source.path, self.task)
        except DownloadError:
            # Without a network: what was chosen when there was one.
            if self._before is None or not self._before.origin or isinstance(source.place, Hub):
                raise
            return replace(source, path=self._before.origin)
        if names is None:
            return source
        if models := [name for name in names if name.endswith(".pte")]:
            return replace(source, path=_only(models, source, ".pte file"))
        folder = {name for name in names if "/" not in name.removeprefix(source.path).strip("/")}
        weights = sorted(name for name in folder if name.endswith(".safetensors"))
        if isinstance(source.place, Disk) and (weights or any(name.endswith(".gguf") for name in names)):
            return source
        if isinstance(source.place, Hub) and weights:
            own = [name for name in weights if PurePosixPath(name).name.startswith("model")] or weights
            more = sorted(name for name in folder if name.endswith(_WITH_WEIGHTS))
            local = source.place.fetch([(name, True) for name in (*more, *own)], self.task)[-1]
            assert local is not None
            return File(Disk(), str(local.parent))
        if ggufs := [name for name in names if name.endswith(".gguf") and _is_first(name)]:
            return replace(source, path=_only(ggufs, source, ".pte or .gguf file"))
        raise ResourceError(f"{source} must hold exactly one .pte file, and holds none; name the file itself")

    def _on_disk(self, file: File) -> File:
        """Fetches a file that has to be read before others can be looked for; of a split one, all parts."""
        paths = [file.path]
        if isinstance(file.place, Hub) and (match := _PART.search(file.path)):
            parts = int(match["parts"])
            paths += [f"{file.path[: match.start()]}-{part:05}-of-{parts:05}.gguf" for part in range(2, parts + 1)]
        local = file.place.fetch([(path, True) for path in paths], self.task)[0]
        return File(Disk(), str(local))


def _is_gguf(file: File) -> bool:
    if isinstance(file.place, Memory):
        return bytes(file.place.data[:4]) == b"GGUF"
    return not isinstance(file.place, Disk) and file.path.partition("?")[0].lower().endswith(".gguf")


def _is_first(gguf: str) -> bool:
    match = _PART.search(gguf)
    return match is None or int(match["part"]) == 1


def _only(names: Sequence[str], source: File, kind: str) -> str:
    if len(names) == 1:
        return names[0]
    shown = [name.removeprefix(source.path).lstrip("/") for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    raise ResourceError(
        f"{source} must hold exactly one {kind}, and holds {', '.join(shown)}{more}; name the file itself"
    )
