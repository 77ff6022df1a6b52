"""Measures how well a model predicts a text.

Perplexity is exp of the mean negative log-likelihood per token, over windows of N tokens whose first half is context
only, as llama.cpp's llama-perplexity defines it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from llmodule import _logging, models
from llmodule.cli._model import Bar
from llmodule.cli._output import told_on_stderr, write
from llmodule.errors import ResourceError
from llmodule.sources import fetch_model

HELP = "measure how well a model predicts a text"
WINDOW = 512


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("measure", choices=("perplexity",), help="what to measure")
    parser.add_argument("model", metavar="MODEL", help="any source that chat takes")
    parser.add_argument("--text", required=True, metavar="FILE", help="the text, in UTF-8")
    parser.add_argument("--tokenizer", metavar="SOURCE", help="tokenizer file, by default beside the model")
    parser.add_argument(
        "--context", type=int, metavar="N", help=f"tokens of a window ({WINDOW}, or the model's context if less)"
    )
    parser.add_argument(
        "--stride", type=int, metavar="N", help="tokens from one window to the next, at least half of one (a whole one)"
    )
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="by default one per physical core")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from llmodule import _native, evaluation
    from llmodule.tokenizer import open_tokenizer

    if options.threads < 0:
        raise ValueError(f"threads is {options.threads}; it must be 0 or more")
    text = _read(Path(options.text))
    _logging.connect()
    with Bar() as bar, told_on_stderr():
        files = fetch_model(models.PRESETS.get(options.model, options.model), options.tokenizer, progress=bar.show)
    model = _native.Model(str(files.model), threads=options.threads)
    limit = model.info.context_length
    context = min(WINDOW, limit) if options.context is None else options.context
    if context > limit:
        raise ValueError(f"context is {context}; the model's is {limit}")
    ids, bos_id = evaluation.encode_text(open_tokenizer(files.tokenizer), text)
    windows = evaluation.split_windows(ids, context=context, stride=options.stride, bos_id=bos_id)
    with Bar("perplexity") as bar:
        result = evaluation.perplexity(model, windows, progress=bar.show)
    if options.json:
        fields = asdict(result)
        write(json.dumps({"perplexity": fields.pop("value"), **fields, "context": context}, indent=2) + "\n")
    else:
        write(
            f"perplexity {result.value:.4f} ± {result.error:.4f}  "
            f"({result.tokens} tokens in {result.windows} windows of {context})\n"
        )
    return 0


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ResourceError(f"the text {path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ResourceError(f"the text {path} is not UTF-8: {error.reason} at byte {error.start}") from error
    if not text.strip():
        raise ValueError(f"the text {path} is empty")
    return text
