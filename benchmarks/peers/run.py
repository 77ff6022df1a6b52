"""Measures llmodule beside llama.cpp, OpenVINO GenAI and ONNX Runtime GenAI on the same weights.

usage: python benchmarks/peers/run.py MODEL.gguf [--only NAME,NAME] [--repetitions N] [--short] [--output FOLDER]

Installs each engine into an environment of its own (llama.cpp is compiled, which takes a quarter of an hour), makes
each one's model of the GGUF file, and measures all of them in turns on a machine that should have nothing else to do;
samples beside other work are taken again. Writes the table and the figures; both are kept in --output.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

from measure import BESIDE_TOKENS, SHORT, Plan, Samples, measure
from peers import PEERS, Arena, Peer
from report import table

FOLDER = Path(__file__).parents[2] / "build" / "peers"


def machine() -> str:
    """The processor, its number of cores and the system."""
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def figures(peers: list[Peer], results: dict[str, Samples], plan: Plan, threads: int) -> dict[str, object]:
    """All that was measured, for a file."""
    return {
        "machine": machine(),
        "threads": threads,
        "new_tokens": plan.new_tokens,
        "beside_tokens": BESIDE_TOKENS,
        "peers": {
            peer.name: {
                "versions": peer.versions(),
                "clean": results[peer.name].clean,
                "noisy": results[peer.name].noisy,
            }
            for peer in peers
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--only", default=",".join(PEERS), help="by default %(default)s")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--short", action="store_true", help="fewer figures, for models that take long")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()

    arena = Arena(FOLDER, options.model.resolve())
    peers = [PEERS[name](arena) for name in options.only.split(",")]
    plan = SHORT if options.short else Plan()
    results = measure(peers, plan, threads=options.threads, repetitions=options.repetitions)
    measured = figures(peers, results, plan, options.threads)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "figures.json").write_text(json.dumps(measured, indent=1) + "\n")
    text = table(measured)
    (options.output / "table.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
