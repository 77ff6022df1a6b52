"""Measures how soon a generation ends after it is interrupted, at random moments of a prompt and of the answer.

usage: python benchmarks/interrupts.py MODEL.pte [MODEL.pte ...] [--prompt N] [--samples N]

The tokenizer is looked for beside each model. An interrupted prompt is taken up where it was left, so that the moments
lie all over it. Prints milliseconds from the cancel to the end of the call: median, 95th percentile and maximum.
"""

from __future__ import annotations

import argparse
import random
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from llmodule import _native

CHUNK = 256
NEVER = 3600.0


class Interrupted:
    """A session that is interrupted again and again, with one prompt of random tokens."""

    def __init__(self, model: Path, prompt: int) -> None:
        loaded = _native.Model(str(model))
        tokenizer = _native.Tokenizer.from_file(str(model.with_name("tokenizer.json")))
        self._session = _native.Session(loaded, tokenizer)
        self._ids = random.Random(0).choices(range(100, loaded.info.vocab_size - 100), k=prompt)

    def run(self, moment: float, new_tokens: int = 0) -> tuple[float, _native.GenerationResult]:
        """Seconds from the cancel, `moment` seconds after the call, to the call's end; and its result."""
        ended: list[float] = []
        results: list[_native.GenerationResult] = []
        cancel = _native.CancelFlag()

        def generate() -> None:
            config = _native.GenerationConfig(
                max_new_tokens=new_tokens, ignore_eos=True, max_draft_tokens=0, prefill_chunk=CHUNK
            )
            results.append(self._session.generate(self._ids, config, None, cancel))
            ended.append(time.perf_counter())

        thread = threading.Thread(target=generate)
        thread.start()
        thread.join(moment)
        asked = time.perf_counter()
        cancel.cancel()
        thread.join()
        return ended[0] - asked, results[0]

    def in_prompt(self) -> Iterator[float]:
        """Seconds, at moments within the prompt."""
        _, whole = self.run(NEVER, new_tokens=1)
        step = whole.stats.prefill_seconds * CHUNK / len(self._ids)
        self._session.reset()
        while True:
            seconds, result = self.run(random.uniform(0, 2 * step))
            if not result.tokens:
                yield seconds
            else:
                self._session.reset()

    def in_answer(self) -> Iterator[float]:
        """Seconds, at moments within the answer."""
        _, first = self.run(NEVER, new_tokens=16)
        step = first.stats.decode_seconds / 15
        while True:
            yield self.run(random.uniform(2 * step, 8 * step))[0]


def summary(samples: list[float]) -> str:
    """Cells of a Markdown table."""
    points = (statistics.median(samples), statistics.quantiles(samples, n=20)[-1], max(samples))
    return " | ".join(f"{1e3 * point:.1f}" for point in points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL.pte")
    parser.add_argument("--prompt", type=int, default=1500)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()

    print("| model | prompt: median | 95 % | max | answer: median | 95 % | max |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for model in options.models:
        interrupted = Interrupted(model, options.prompt)
        sources = (interrupted.in_prompt(), interrupted.in_answer())
        cells = [summary([next(source) for _ in range(options.samples)]) for source in sources]
        print(f"| {model} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
