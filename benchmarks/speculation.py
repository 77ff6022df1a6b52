"""Measures what guessing tokens gains where a text repeats itself, and what it costs where it does not.

usage: python benchmarks/speculation.py [MODEL] [--repetitions N] [--temperature T] [--tasks NAME ...]

MODEL is any source that `LLMModule.load` takes, by default the command line's default model. Every text is written
with and without guesses in turn, A B B A ..., and each pair gives a ratio of decoding times. Above temperature 0 each
pair has a seed of its own, so that the texts differ; answers of less than 30 tokens are left out. "repeated" is the
share of words and signs that lie in a row of eight which stood before in the prompt or the answer.
"""

from __future__ import annotations

import argparse
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speculation_tasks import CHATS, CONTINUATIONS

from llmodule import GenerationConfig, GenerationStats, LLMModule, models

_SHORTEST = 30
_DRAFTED = 15
_ROW = 8


@dataclass(frozen=True)
class Pair:
    """One text, written with and without guesses."""

    repeated: float
    plain: GenerationStats
    guessed: GenerationStats

    @property
    def ratio(self) -> float:
        return self.plain.decode_seconds / self.guessed.decode_seconds


def repeated(prompt: str, answer: str) -> float:
    """Returns the share of the answer's words and signs that lie in a row which stood before."""
    begin, words = len(_words(prompt)), _words(prompt) + _words(answer)
    seen: set[tuple[str, ...]] = set()
    covered: set[int] = set()
    for i in range(len(words) - _ROW + 1):
        row = tuple(words[i : i + _ROW])
        if row in seen:
            covered.update(range(max(i, begin), i + _ROW))
        seen.add(row)
    return len(covered) / max(1, len(words) - begin)


def measure(llm: LLMModule, name: str, temperature: float, repetitions: int, tokens: int) -> Iterator[Pair]:
    _write(llm, name, GenerationConfig(max_new_tokens=1))  # so that all runs begin with the same cache
    for seed in range(repetitions):
        stats = {}
        answers = []
        for drafts in (0, _DRAFTED) if seed % 2 == 0 else (_DRAFTED, 0):
            config = GenerationConfig(
                temperature=temperature, seed=seed, max_new_tokens=tokens, ignore_eos=name in CONTINUATIONS,
                max_draft_tokens=drafts,
            )  # fmt: skip
            answers.append(_write(llm, name, config))
            assert llm.stats is not None
            stats[drafts] = llm.stats
        if answers[0] != answers[1]:
            raise RuntimeError(f"guesses changed the text of {name!r} with seed {seed}")
        if stats[0].generated_tokens >= _SHORTEST:
            yield Pair(repeated(_prompt(name), answers[0]), stats[0], stats[_DRAFTED])


def row(name: str, temperature: float, pairs: Sequence[Pair]) -> str:
    ratios = sorted(pair.ratio for pair in pairs)
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    right = sum(pair.guessed.accepted_tokens for pair in pairs)
    drafted = sum(pair.guessed.drafted_tokens for pair in pairs)
    behind_first = sum(pair.guessed.generated_tokens - 1 for pair in pairs)
    return (
        f"| {name} | {temperature} | {statistics.median(pair.repeated for pair in pairs):.0%} | {median:.2f}× "
        f"| {low:.2f} to {high:.2f} | {ratios[0]:.2f} | {right / max(1, drafted):.0%} "
        f"| {behind_first / (behind_first - right):.2f} | {len(pairs)} |"
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _prompt(name: str) -> str:
    return CHATS[name] if name in CHATS else CONTINUATIONS[name]


def _write(llm: LLMModule, name: str, config: GenerationConfig) -> str:
    if name in CHATS:
        return llm.generate([{"role": "user", "content": CHATS[name]}], generation_config=config)
    return llm.run_inference(CONTINUATIONS[name], generation_config=config)


def main() -> None:
    names = [*CHATS, *CONTINUATIONS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=models.DEFAULT)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.0, 0.8])
    parser.add_argument("--tasks", nargs="+", default=names, choices=names, metavar="NAME")
    options = parser.parse_args()

    print("| text | temperature | repeated | with guesses | quartiles | lowest | right | tokens a step | pairs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with LLMModule() as llm:
        llm.load(options.model)
        for temperature in options.temperature:
            for name in options.tasks:
                pairs = list(measure(llm, name, temperature, options.repetitions, options.tokens))
                if len(pairs) > 1:
                    print(row(name, temperature, pairs), flush=True)


if __name__ == "__main__":
    main()
