"""Measures what quantisation costs: perplexity, and KL divergence from the same model's float32 conversion.

usage: python benchmarks/quality.py MODEL.gguf [--text FILE] [--context N] [--windows N]

MODEL is converted with each --profile and --quant of `llmodule convert`, some of them with each --kv-cache too, and run
over windows of a text, as `llmodule eval perplexity` does. Where the package llama-cpp-python is installed, llama.cpp's
Q4_0 and Q8_0 of the same file are measured on the same tokens, and the file as it is. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from llmodule import _native
from llmodule.converter.conversion import convert
from llmodule.converter.model_file import PROFILES
from llmodule.evaluation import Logits, Steps, encode_text, kl_divergence, log_softmax, predictions, split_windows

CONVERSIONS = [
    ("portable", "f32", None),
    *((profile, quant, None) for profile in PROFILES for quant in ("q8", "mixed", "q4")),
    *(("native", quant, cache) for quant in ("f32", "mixed") for cache in ("f32", "f16", "int8")),
]
LICENSE = Path(__file__).parents[1] / "LICENSE"
Windows = Sequence[Sequence[int]]


class LlamaModel:
    """A GGUF file in llama.cpp, as `predictions` wants a model."""

    def __init__(self, path: Path, context: int) -> None:
        llama_cpp: Any = importlib.import_module("llama_cpp")
        self._llama = llama_cpp.Llama(str(path), n_ctx=context, n_batch=context, logits_all=True, verbose=False)
        self.info: Any = SimpleNamespace(has_kv_cache=True, max_step_tokens=context, logits_rows=1)

    def step(self, tokens: Sequence[int], *, position: int, rows: int) -> Logits:
        self._llama.n_tokens = position
        self._llama.eval(tokens)
        end = position + len(tokens)
        logits: Logits = self._llama.scores[end - rows : end].copy()
        return logits


def llama_files(source: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    llama_cpp: Any = importlib.import_module("llama_cpp")
    yield "llama.cpp, the file as it is", source
    for name in ("Q4_0", "Q8_0"):
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}")
        parameters.allow_requantize = True
        output = folder / f"{name}.gguf"
        code = llama_cpp.llama_model_quantize(str(source).encode(), str(output).encode(), parameters)
        if code != 0:
            raise RuntimeError(f"llama.cpp can't make {name} of {source}: error {code}")
        yield f"llama.cpp {name}", output


def report(name: str, path: Path, logits: Logits, reference: Logits, targets: Sequence[int]) -> None:
    losses, divergences, agreeing = [], [], 0
    for row, expected, target in zip(logits, reference, targets, strict=True):
        losses.append(-log_softmax(row)[target])
        divergences.append(float(kl_divergence(expected, row)))
        agreeing += int(np.argmax(row) == np.argmax(expected))
    value = math.exp(np.mean(losses))
    error = value * np.std(losses, ddof=1) / math.sqrt(len(losses))
    print(
        f"| {name} | {path.stat().st_size / 1e6:.0f} | {value:.3f} ± {error:.3f} | {np.mean(divergences):.5f} "
        f"| {np.quantile(divergences, 0.99):.4f} | {agreeing / len(targets):.1%} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--text", type=Path, default=LICENSE, help="by default the repository's LICENSE")
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--windows", type=int, default=4, help="how many windows of the text (%(default)s)")
    options = parser.parse_args()

    print("| weights | MB | perplexity | mean KL, nats | 99 % of KL | same first choice |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        windows: Windows = []
        reference: Logits | None = None
        targets: list[int] = []

        def measure(name: str, path: Path, model: Steps) -> None:
            nonlocal reference, targets
            pairs = [pair for window in windows for pair in predictions(model, window)]
            logits = np.stack([row for row, _ in pairs])
            if reference is None:
                reference, targets = logits, [target for _, target in pairs]
            report(name, path, logits, reference, targets)

        for profile, quant, cache in CONVERSIONS:
            output = folder / "model.pte"
            path = convert(
                options.model, output, quant=quant, profile=profile, kv_cache=cache, context_length=options.context
            )
            if not windows:
                tokenizer = _native.Tokenizer.from_file(str(folder / "tokenizer.json"))
                ids, bos_id = encode_text(tokenizer, options.text.read_text(encoding="utf-8"))
                windows = split_windows(ids, context=options.context, bos_id=bos_id)[: options.windows]
            name = f"{profile} {quant}" + (f", {cache} cache" if cache else "")
            measure(name, path, _native.Model(str(path)))
        if importlib.util.find_spec("llama_cpp") is not None:
            for name, path in llama_files(options.model, folder):
                measure(name, path, LlamaModel(path, options.context))


if __name__ == "__main__":
    main()
