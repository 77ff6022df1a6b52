"""How a worker talks to the arena: one JSON request per line in, one JSON answer per line out.

A worker runs one engine in an environment of its own, so this file uses nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Protocol


class Engine(Protocol):
    """One engine with one model loaded."""

    vocabulary: int

    def generate(self, tokens: list[int], new: int, *, behind: bool) -> tuple[float, float]:
        """Runs `tokens`, and chooses `new` tokens greedily, end tokens or not.

        Args:
            tokens: What is run.
            new: At least 2.
            behind: Behind what was run and chosen so far; otherwise that is forgotten.

        Returns:
            Seconds until the first token was chosen, and from then to the end.
        """


def timed(first: Callable[[], object], rest: Callable[[], object]) -> tuple[float, float]:
    """Seconds that each of two steps takes."""
    begin = time.perf_counter()
    first()
    middle = time.perf_counter()
    rest()
    return middle - begin, time.perf_counter() - middle


class Worker:
    """Answers requests with measurements in seconds and bytes."""

    def __init__(self, load: Callable[[str, int, int], Engine]) -> None:
        self._load = load
        self._engine: Engine | None = None

    def load(self, model: str, threads: int, context: int) -> dict[str, float]:
        """Loads a model for at most `context` tokens; the engine's Python package is imported already."""
        begin = time.perf_counter()
        self._engine = self._load(model, threads, context)
        return {"load": time.perf_counter() - begin}

    def generate(self, prompt: int, new: int, seed: int) -> dict[str, float]:
        """Prefills `prompt` random tokens and chooses `new`."""
        assert self._engine is not None
        prefill, decode = self._engine.generate(_tokens(self._engine.vocabulary, prompt, seed), new, behind=False)
        return {"prefill": prefill, "decode": decode}

    def chat(self, turns: int, user: int, answer: int, seed: int) -> dict[str, float]:
        """A chat of `turns`, each a message of `user` tokens and an answer; the time to the last one's first token."""
        assert self._engine is not None
        first = 0.0
        for turn in range(turns):
            tokens = _tokens(self._engine.vocabulary, user, seed + turn)
            first, _ = self._engine.generate(tokens, answer, behind=turn > 0)
        return {"first": first}

    def memory(self) -> dict[str, float]:
        """The process's largest resident size so far."""
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0}


def _tokens(vocabulary: int, count: int, seed: int) -> list[int]:
    # Not the first ones, which are special in many vocabularies.
    return random.Random(seed).choices(range(100, vocabulary - 100), k=count)


def serve(load: Callable[[str, int, int], Engine]) -> None:
    """Answers until standard input ends."""
    # Engines print; the answers go where standard output was, what they print to standard error.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(load)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(worker, request.pop("do"))(**request)), file=out, flush=True)
