"""Where the files of a model come from. docs/models.md lists what can be a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from llmodule.models import Preset

if TYPE_CHECKING:
    from llmodule._download import Control, Download

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Preset
Progress = Callable[[float], None]


@dataclass(frozen=True)
class ModelFiles:
    """The local files of one model; None where there is none.

    As long as this object is referenced, its files are not removed from the cache, and what was given as bytes has a
    file.
    """

    model: Path
    tokenizer: Path
    tokenizer_config: Path | None = None
    generation_config: Path | None = None
    chat_template: Path | None = None
    _lease: object = field(default=None, repr=False, compare=False)


def fetch_model(
    model: Source,
    tokenizer: Source | None = None,
    tokenizer_config: Source | None = None,
    *,
    progress: Progress,
    control: Control | None = None,
) -> ModelFiles:
    """Finds the files of a model and downloads what is remote.

    What is not given is looked for beside what is: the tokenizer beside the model, its configuration beside the
    tokenizer, generation_config.json and chat_template.jinja beside the configuration. In a repository, the folders
    above count as well.

    Args:
        model: A .pte file, a folder or a repository that holds exactly one, a preset, or bytes. A GGUF file, or a
            folder with safetensors, is converted once into the cache, and its tokenizer is beside what comes of it.
        tokenizer: The tokenizer's file; by default tokenizer.json, else tokenizer.model.
        tokenizer_config: By default tokenizer_config.json, which may be missing.
        progress: Called with the share of the bytes that are there, from 0 to 1, never falling; with 1 at the end. Of a
            model that is converted, fetching counts for one half and converting for the other.
        control: Pauses and cancels.

    Raises:
        ValueError: A source has an unknown scheme.
        ResourceError: A file is missing.
        DownloadError: A download failed, or was cancelled.
        ModelFormatError: A model to convert is damaged, or of a kind that is not known.
    """
    from llmodule.sources import _fetch

    return _fetch.fetch_model(model, tokenizer, tokenizer_config, progress=_shares(progress), control=control)


def fetch_pte(model: Source, *, progress: Progress = lambda share: None) -> Path:
    """Finds a model as `fetch_model` does, without the files that belong to it.

    Args:
        model: See `fetch_model`; not bytes, whose file would not last.
        progress: See `fetch_model`.

    Returns:
        The local .pte file.

    Raises:
        The errors of `fetch_model`.
    """
    from llmodule.sources import _fetch

    return _fetch.fetch_pte(model, progress=_shares(progress))


@overload
def download(
    source: Source,
    *,
    tokenizer: Source | None = None,
    tokenizer_config: Source | None = None,
    progress: Progress | None = None,
    background: Literal[False] = False,
) -> ModelFiles: ...


@overload
def download(
    source: Source,
    *,
    tokenizer: Source | None = None,
    tokenizer_config: Source | None = None,
    progress: Progress | None = None,
    background: Literal[True],
) -> Download[ModelFiles]: ...


def download(
    source: Source,
    *,
    tokenizer: Source | None = None,
    tokenizer_config: Source | None = None,
    progress: Progress | None = None,
    background: bool = False,
) -> ModelFiles | Download[ModelFiles]:
    """Brings all files of a model into the cache, and converts it if it has to be, so that loading it is quick.

    Args:
        source: The model: what `LLMModule.load` takes.
        tokenizer: Its tokenizer, by default found beside it.
        tokenizer_config: The tokenizer's configuration, by default found beside that.
        progress: Called with the share of the bytes that are there, from 0 to 1, never falling; with 1 at the end. In
            the background it is called in another thread.
        background: Returns at once, with a handle that tells the progress, pauses, resumes, cancels and waits.

    Returns:
        The local files, or the handle whose `result()` they are. They can be given to `LLMModule.load`.

    Raises:
        ValueError: A source has an unknown scheme.
        LLModuleError: See `fetch_model`. In the background, `result()` raises it.
    """
    from llmodule._download import Download
    from llmodule.sources import _fetch

    told = _shares(progress or (lambda share: None))
    if not background:
        return _fetch.fetch_model(source, tokenizer, tokenizer_config, progress=told, control=None)

    def work(count: Callable[[int, int], None], control: Control) -> ModelFiles:
        def both(done: int, total: int) -> None:
            count(done, total)
            told(done, total)

        return _fetch.fetch_model(source, tokenizer, tokenizer_config, progress=both, control=control)

    return Download(work)


def _shares(progress: Progress) -> Callable[[int, int], None]:
    return lambda done, total: progress(done / total if total else 1.0)
