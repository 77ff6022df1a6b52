"""What the subcommands that run a model share: its arguments, sampling, loading."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from llmodule import models
from llmodule.cli._output import told_on_stderr
from llmodule.config import ChatConfig, GenerationConfig
from llmodule.errors import ResourceError
from llmodule.module import LLMModule
from llmodule.sources import Source

if TYPE_CHECKING:
    from tqdm import tqdm

MODEL_VARIABLE = "LLMODULE_MODEL"
SAMPLING = ("temperature", "top_k", "top_p", "min_p", "seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the model and how it is run."""
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="a .pte or GGUF file, a folder with one, a URL, a repository, or a preset; by default "
        f"${MODEL_VARIABLE}, else {models.DEFAULT.name}",
    )
    parser.add_argument("--tokenizer", metavar="SOURCE", help="tokenizer file, by default beside the model")
    parser.add_argument("--tokenizer-config", metavar="SOURCE", help="its JSON, by default beside the tokenizer")
    parser.add_argument("--draft-model", metavar="SOURCE", help="a smaller model whose guesses this one checks")
    parser.add_argument("--temperature", "--temp", type=float, metavar="T", help="0 takes the most likely token")
    parser.add_argument("--top-k", type=int, metavar="K", help="only the K most likely tokens")
    parser.add_argument("--top-p", type=float, metavar="P", help="only the tokens that together reach probability P")
    parser.add_argument("--min-p", type=float, metavar="P", help="only tokens with this share of the best one's")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same text")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="end an answer after N tokens")
    parser.add_argument("--stop", action="append", metavar="TEXT", help="end an answer before TEXT; may be repeated")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="by default one per physical core")


def load(options: argparse.Namespace, *, system_prompt: str, token_callback: Callable[[str], None]) -> LLMModule:
    """Loads the model that the options name, with a bar where something has to be downloaded.

    Raises:
        ValueError: An option is out of range.
        LLModuleError: The model cannot be loaded.
    """
    named = options.model or os.environ.get(MODEL_VARIABLE) or models.DEFAULT.name
    with Bar() as bar, told_on_stderr():
        llm = LLMModule(
            token_callback=token_callback,
            model_download_progress_callback=bar.show,
            chat_config=ChatConfig(system_prompt=system_prompt),
            generation_config=GenerationConfig(
                max_new_tokens=options.max_tokens,
                stop=options.stop,
                **{name: getattr(options, name) for name in SAMPLING},
            ),
        )
        llm.load(
            source_of(named),
            options.tokenizer,
            options.tokenizer_config,
            draft_model_source=source_of(options.draft_model) if options.draft_model else None,
            threads=options.threads,
        )
    return llm


def source_of(name: str) -> Source:
    """Returns the preset of a name, or the name itself as a source.

    Raises:
        ResourceError: It is neither the name of a preset, nor could it be anything else.
    """
    preset = models.PRESETS.get(name)
    if preset is None and "/" not in name and not name.endswith((".pte", ".gguf")) and not os.path.exists(name):
        raise ResourceError(f"{name} is neither a file nor a preset; `llmodule models list --presets` shows these")
    return preset or name


class Bar:
    """A progress bar on a terminal's stderr, which appears only if there is something to wait for."""

    def __init__(self, title: str = "model") -> None:
        self._title = title
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Bar:
        return self

    def show(self, share: float) -> None:
        if self._bar is None:
            if share >= 1.0 or not sys.stderr.isatty():
                return
            from tqdm import tqdm

            layout = "{desc} {percentage:3.0f}% |{bar}| {remaining}"
            self._bar = tqdm(total=100, desc=self._title, bar_format=layout, file=sys.stderr)
        self._bar.update(share * 100 - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
