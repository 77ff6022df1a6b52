"""Makes a .pte of a GGUF file, or of a folder with config.json and safetensors, and its tokenizer's files beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmodule.cli._model import Bar
from llmodule.cli._output import write

HELP = "make a .pte of a GGUF file or a Hugging Face folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("source", metavar="SOURCE", help="a GGUF file, or a folder with config.json and safetensors")
    parser.add_argument("output", metavar="OUTPUT", help="the .pte to write")
    parser.add_argument(
        "--quant", choices=("q4", "mixed", "q8", "f32"), default="mixed", help="how weights are stored (%(default)s)"
    )
    parser.add_argument(
        "--profile",
        choices=("portable", "native"),
        default="portable",
        help="for every ExecuTorch, or faster and for llmodule only (%(default)s)",
    )
    parser.add_argument(
        "--kv-cache",
        choices=("f16", "f32", "int8"),
        help="how keys and values are stored (native: f16, portable: f32 and no other)",
    )
    parser.add_argument("--context-length", type=int, metavar="N", help="tokens that the KV cache holds (2048)")
    parser.add_argument(
        "--max-prompt-chunk", type=int, default=512, metavar="N", help="tokens taken at once (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads that quantise (one per core)")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from llmodule.converter.conversion import convert

    with Bar("converting") as bar:
        output = convert(
            options.source,
            options.output,
            quant=options.quant,
            profile=options.profile,
            kv_cache=options.kv_cache,
            context_length=options.context_length,
            max_prompt_chunk=options.max_prompt_chunk,
            threads=options.threads,
            progress=bar.show,
        )
    write(f"{output}  {Path(output).stat().st_size / 1e6:.1f} MB\n")
    return 0
