"""Continues a prompt, or answers it as a chat message, and prints the text while it is made."""

from __future__ import annotations

import argparse
import sys

from llmodule.cli import _model
from llmodule.cli._output import write

HELP = "continue a prompt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    _model.add_arguments(parser)
    parser.add_argument("--prompt", metavar="TEXT", help="by default all of standard input")
    parser.add_argument("--chat", action="store_true", help="render the prompt as a user's message")
    parser.add_argument("--system-prompt", default="", metavar="TEXT", help="for --chat")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    prompt = sys.stdin.read() if options.prompt is None else options.prompt
    with _model.load(options, system_prompt=options.system_prompt, token_callback=write) as llm:
        if options.chat:
            llm.send_message(prompt)
        else:
            llm.run_inference(prompt, add_special_tokens=True)
        write("\n")
        return 0
