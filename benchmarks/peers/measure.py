"""Measurements in alternation, with an eye on what else runs on the machine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import Peer

CONTEXT = 2048
BESIDE_TOKENS = 24  # few: an engine may take seconds for one
TURNS = {"turns": 5, "user": 40, "answer": 100}
CHAT_TOKENS = TURNS["turns"] * TURNS["user"] + (TURNS["turns"] - 1) * TURNS["answer"]
GROWTH = (768, CONTEXT)  # contexts whose memory is compared; both take prompts in steps of full size
FOREIGN_LOAD = 0.05  # share of the machine that others may use while a sample is taken
RETRIES = 3


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        prompts: Their lengths, in tokens.
        new_tokens: How many are decoded behind each.
        all: Chats, decoding beside busy processes and the memory of a context too.
    """

    prompts: tuple[int, ...] = (16, 128, 512, 1000, 1500)
    new_tokens: int = 64
    all: bool = True


SHORT = Plan(prompts=(16, 512, 1000), new_tokens=32, all=False)


class Process:
    """A worker that runs one peer."""

    def __init__(self, peer: Peer) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        self._child = subprocess.Popen(
            [peer.python, peer.worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
        )  # fmt: skip
        self.peer = peer

    def ask(self, do: str, **arguments: Any) -> dict[str, float]:
        """One request."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.peer.name} ended with {self._child.wait()}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def cpu_seconds(self) -> float:
        """What it has used so far."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends it."""
        self._child.communicate()


@dataclass
class Samples:
    """What was measured of one peer, by the name of the figure; `noisy` are those taken beside others' work."""

    clean: dict[str, list[float]] = field(default_factory=dict)
    noisy: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: dict[str, float], *, quiet: bool) -> None:
        for name, value in figures.items():
            (self.clean if quiet else self.noisy).setdefault(name, []).append(value)

    def values(self, name: str) -> list[float]:
        """The clean samples, all where there are none."""
        return self.clean.get(name) or self.noisy.get(name) or []

    def median(self, name: str) -> float:
        """Their median."""
        return statistics.median(self.values(name))


def busy_seconds() -> float:
    """CPU seconds that the whole machine has worked."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return (sum(map(int, fields[:3])) + sum(map(int, fields[5:8]))) / os.sysconf("SC_CLK_TCK")


def quietly(process: Process, samples: Samples, do: str, names: dict[str, str], **arguments: Any) -> None:
    """Takes one sample; another one where other processes worked meanwhile."""
    for _ in range(RETRIES):
        begin, busy, own = time.perf_counter(), busy_seconds(), process.cpu_seconds()
        answer = process.ask(do, **arguments)
        elapsed = time.perf_counter() - begin
        foreign = (busy_seconds() - busy) - (process.cpu_seconds() - own)
        quiet = foreign <= FOREIGN_LOAD * elapsed * (os.cpu_count() or 1) + 0.02
        samples.add({name: answer[key] for key, name in names.items()}, quiet=quiet)
        if quiet:
            return


def measure(peers: Iterable[Peer], plan: Plan, *, threads: int, repetitions: int) -> dict[str, Samples]:
    """All figures of all peers, in seconds and bytes, in alternation: A B C A B C …"""
    results = {peer.name: Samples() for peer in peers}
    for round_ in range(3):
        for peer in peers:
            with closing(Process(peer)) as process:
                process.ask("memory")  # when it answers, its imports are done
                if round_ == 0:
                    _forget(peer.model)
                name = "load, cold" if round_ == 0 else "load"
                load = {"model": str(peer.model), "threads": threads, "context": CONTEXT}
                quietly(process, results[peer.name], "load", {"load": name}, **load)

    processes = [Process(peer) for peer in peers]
    for process in processes:
        process.ask("load", model=str(process.peer.model), threads=threads, context=CONTEXT)
        process.ask("generate", prompt=128, new=8, seed=0)
    for repetition in range(repetitions):
        for prompt in plan.prompts:
            for process in processes:
                names = {"prefill": f"prefill {prompt}", "decode": f"decode {prompt}"}
                samples = results[process.peer.name]
                quietly(process, samples, "generate", names, prompt=prompt, new=plan.new_tokens, seed=repetition + 1)
        if plan.all:
            _chats(processes, results, repetition)
        print(f"round {repetition + 1} of {repetitions}", flush=True)
    if plan.all:
        for others in (1, 2):
            _beside(processes, results, others)
    for process in processes:
        results[process.peer.name].add(process.ask("memory"), quiet=True)
        process.close()
    if plan.all:
        for peer in peers:
            results[peer.name].add({"bytes per token": _growth(peer, threads)}, quiet=True)
    return results


def _chats(processes: Iterable[Process], results: dict[str, Samples], repetition: int) -> None:
    """A chat whose turns continue the cache, and its last prompt without one."""
    for process in processes:
        samples = results[process.peer.name]
        quietly(process, samples, "chat", {"first": "turn 5"}, seed=100 * (repetition + 1), **TURNS)
        quietly(process, samples, "generate", {"prefill": "all of turn 5"}, prompt=CHAT_TOKENS, new=2, seed=repetition)


def _beside(processes: Iterable[Process], results: dict[str, Samples], others: int) -> None:
    """Decodes while processes of another kind keep a core busy each, as happens on every computer in use."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(others)]
    try:
        for seed in range(3):
            for process in processes:
                answer = process.ask("generate", prompt=16, new=BESIDE_TOKENS, seed=seed)
                results[process.peer.name].add({f"decode beside {others}": answer["decode"]}, quiet=True)
    finally:
        for other in busy:
            other.kill()
            other.wait()


def _growth(peer: Peer, threads: int) -> float:
    """How much more memory a process needs at most per token, if its context is the longer one and full."""
    peaks = []
    for context in GROWTH:
        with closing(Process(peer)) as process:
            process.ask("load", model=str(peer.model), threads=threads, context=context)
            process.ask("generate", prompt=context - 8, new=2, seed=0)
            peaks.append(process.ask("memory")["peak"])
    return (peaks[1] - peaks[0]) / (GROWTH[1] - GROWTH[0])


def _forget(path: Path) -> None:
    """Drops a model's pages from the system's cache."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
