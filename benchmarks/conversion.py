"""Measures how long conversion takes and how much memory, for random models of several sizes or a given one.

usage: python benchmarks/conversion.py [MODEL.gguf] [--sizes 135m 360m 1b] [--types Q4_0 F16] [--profiles native]

Every conversion runs in a process of its own, with the model's file in the page cache. Prints a Markdown table. Random
models need the package gguf. For Linux, which tells the peak of a process's memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from synthetic_model import SHAPES, TYPES, write_model

from llmodule.converter.model_file import PROFILES

CONVERT = """
import json, re, resource, sys, time
from llmodule.converter.conversion import convert
start = time.perf_counter()
convert(sys.argv[1], sys.argv[2], profile=sys.argv[3], quant=sys.argv[4])
wall, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]
print(json.dumps([wall, usage.ru_utime + usage.ru_stime, int(peak) * 1024 / 1e6]))
"""


def measure(name: str, source: Path, profile: str, quant: str, folder: Path) -> None:
    output = folder / "model.pte"
    with source.open("rb") as file:
        while file.read(1 << 24):
            pass
    command = [sys.executable, "-c", CONVERT, str(source), str(output), profile, quant]
    wall, processor, peak = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    sizes = f"{source.stat().st_size / 1e6:.0f} | {output.stat().st_size / 1e6:.0f}"
    print(f"| {name} | {profile} {quant} | {sizes} | {wall:.1f} | {processor:.1f} | {peak:.0f} |", flush=True)
    output.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", help="by default random ones are made")
    parser.add_argument("--sizes", nargs="+", choices=SHAPES, default=["135m", "360m", "1b"])
    parser.add_argument("--types", nargs="+", choices=TYPES, default=["Q4_0"])
    parser.add_argument("--profiles", nargs="+", choices=PROFILES, default=["native"])
    parser.add_argument("--quant", default="mixed")
    options = parser.parse_args()
    print("| model | file | source MB | file MB | seconds | processor seconds | peak RSS, MB |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if options.model is not None:
            for profile in options.profiles:
                measure(options.model.stem, options.model, profile, options.quant, folder)
            return
        for kind in options.types:
            for size in options.sizes:
                source = folder / "source.gguf"
                count = write_model(source, SHAPES[size], kind)
                for profile in options.profiles:
                    measure(f"{count / 1e6:.0f}M, {kind}", source, profile, options.quant, folder)


if __name__ == "__main__":
    main()
