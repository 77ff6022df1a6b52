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


def table(measured: dict[str, Any]) -> str:
    """A Markdown table: medians, and how often the first engine is faster in brackets."""
    peers = measured["peers"]
    new = measured["new_tokens"]
    rows = [f"| | {' | '.join(peers)} |", "| --- |" + " ---: |" * len(peers)]

    def add(title: str, name: str, rate: float | None, digits: int = 0) -> None:
        values = [_median(peer, name) for peer in peers.values()]
        shown = [rate / value if rate else value for value in values]
        ratios = [value / values[0] for value in values]
        cells = [f"{value:.{digits}f} ({ratio:.2f}×)" for value, ratio in zip(shown, ratios, strict=True)]
        rows.append(f"| {title} | {f'{shown[0]:.{digits}f}'} | {' | '.join(cells[1:])} |")

    for prompt in PREFILL:
        add(f"prefill {prompt}, tokens/s", f"prefill {prompt}", prompt)
    for prompt in DECODE:
        add(f"decode behind {prompt}, tokens/s", f"decode {prompt}", new - 1)
    add("decode behind 16, a core taken by another process", "decode beside", measured["beside_tokens"] - 1)
    add("first token of turn 5, s", "turn 5", None, 3)
    add("the same without a cache, s", "all of turn 5", None, 3)
    add("load, s", "load", None, 2)
    add("load, file not in memory, s", "load, cold", None, 2)
    for peer in peers.values():
        peer["clean"]["peak MB"] = [value / 1e6 for value in peer["clean"]["peak"]]
    add("peak RSS, MB", "peak MB", None)
    versions = "; ".join(dict.fromkeys(peer["versions"] for peer in peers.values()))
    beside = sum(len(peer["noisy"].get(name, [])) for peer in peers.values() for name in peer["noisy"])
    return "\n".join(rows) + (
        f"\n\n{measured['machine']}, {measured['threads']} threads. {versions}. Medians; in brackets how much "
        f"longer an engine takes, or how much more it needs, than the first one. {beside} samples "
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
