"""Tables and plots from the arena's figures.

usage: python benchmarks/peers/report.py FIGURES.json [PLOT.svg]

Prints the table, and draws decoding over the context length and prefill over the prompt length with matplotlib.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

PREFILL = (128, 512, 1500)
DECODE = (16, 512, 1000, 1500)
UNITS = {"peak": ("peak MB", 1e6), "bytes per token": ("KB per token", 1e3)}


def table(measured: dict[str, Any]) -> str:
    """A Markdown table: medians, and how often the first engine is faster in brackets."""
    peers = measured["peers"]
    new = measured["new_tokens"]
    rows = [f"| | {' | '.join(peers)} |", "| --- |" + " ---: |" * len(peers)]

    def add(title: str, name: str, rate: float | None, digits: int = 0) -> None:
        if not all(name in peer["clean"] or name in peer["noisy"] for peer in peers.values()):
            return
        values = [_median(peer, name) for peer in peers.values()]
        shown = [rate / value if rate else value for value in values]
        ratios = [value / values[0] for value in values]
        cells = [f"{value:.{digits}f} ({ratio:.2f}×)" for value, ratio in zip(shown, ratios, strict=True)]
        rows.append(f"| {title} | {f'{shown[0]:.{digits}f}'} | {' | '.join(cells[1:])} |")

    for peer in peers.values():
        for name, (new_name, unit) in UNITS.items():
            if name in peer["clean"]:
                peer["clean"][new_name] = [value / unit for value in peer["clean"][name]]
    for prompt in PREFILL:
        add(f"prefill {prompt}, tokens/s", f"prefill {prompt}", prompt)
    for prompt in DECODE:
        add(f"decode behind {prompt}, tokens/s", f"decode {prompt}", new - 1)
    beside = measured["beside_tokens"] - 1
    add("decode behind 16, beside one busy process", "decode beside 1", beside)
    add("decode behind 16, beside two", "decode beside 2", beside)
    add("first token of turn 5, s", "turn 5", None, 3)
    add("the same without a cache, s", "all of turn 5", None, 3)
    add("load, s", "load", None, 2)
    add("load, file not in memory, s", "load, cold", None, 2)
    add("peak RSS, MB", "peak MB", None)
    add("memory per token of context, KB", "KB per token", None)
    versions = "; ".join(dict.fromkeys(peer["versions"] for peer in peers.values()))
    again = sum(len(samples) for peer in peers.values() for samples in peer["noisy"].values())
    return "\n".join(rows) + (
        f"\n\n{measured['machine']}, {measured['threads']} threads. {versions}. Medians; in brackets how much "
        f"longer an engine takes, or how much more it needs, than the first one. {again} samples "
        f"were taken again because other processes worked meanwhile.\n"
    )


def plot(measured: dict[str, Any], path: Path) -> None:
    """Two curves per engine."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    new = measured["new_tokens"]
    for name, peer in measured["peers"].items():
        keys = {*peer["clean"], *peer["noisy"]}
        prompts = sorted(int(key.removeprefix("prefill ")) for key in keys if key.startswith("prefill "))
        left.plot(prompts, [1e3 * _median(peer, f"decode {n}") / (new - 1) for n in prompts], marker="o", label=name)
        right.plot(prompts, [_median(peer, f"prefill {n}") for n in prompts], marker="o", label=name)
    left.set(xlabel="context, tokens", ylabel="ms per token", title="decode", ylim=(0, None))
    right.set(xlabel="prompt, tokens", ylabel="seconds", title="prefill", ylim=(0, None))
    right.legend()
    figure.tight_layout()
    figure.savefig(path)


def _median(peer: dict[str, Any], name: str) -> float:
    values: list[float] = peer["clean"].get(name) or peer["noisy"][name]
    return statistics.median(values)


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[1]).read_text())
    print(table(found))
    if len(sys.argv) > 2:
        plot(found, Path(sys.argv[2]))
