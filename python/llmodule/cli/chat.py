"""Talks with a model. Ctrl-C interrupts the answer; at the prompt it ends the chat. Lines may also come from a pipe."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator

from llmodule.cli import _model
from llmodule.cli._output import complain, interrupted_by_ctrl_c, write
from llmodule.errors import ChatTemplateError, LLModuleError
from llmodule.module import LLMModule

HELP = "talk with a model"
COMMANDS = """\
/reset   begin a new chat
/stats   show counts and speed of the last answer
/quit    end (also Ctrl-D)
/help    show this
Ctrl-C interrupts an answer.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    _model.add_arguments(parser)
    parser.add_argument(
        "--system-prompt", default="", metavar="TEXT", help="what the model is told in front of the chat"
    )
    parser.add_argument("--prompt", metavar="TEXT", help="send this message, print the answer and end")


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    with _model.load(options, system_prompt=options.system_prompt, token_callback=write) as llm:
        if options.prompt is not None:
            _answer(llm, options.prompt)
            return 0
        if _on_terminal():
            write("Ask away; /help lists the commands.\n")
        failed = False
        for line in _lines():
            if line == "/quit":
                break
            failed |= not _handle(llm, line)
        return int(failed and not _on_terminal())


def _handle(llm: LLMModule, line: str) -> bool:
    """Does what a line asks for; False where that failed."""
    if line == "/help":
        write(COMMANDS)
    elif line == "/reset":
        llm.configure(chat_config=llm.chat_config)
    elif line == "/stats":
        write(f"{llm.stats or 'There is no answer yet.'}\n")
    elif line.startswith("/") and " " not in line:
        complain(f"{line} is no command; /help lists them")
        return False
    elif line:
        try:
            _answer(llm, line)
        except ChatTemplateError:
            raise
        except LLModuleError as error:  # the history is as before, so the chat can go on
            complain(f"error: {error}")
            return False
    return True


def _answer(llm: LLMModule, message: str) -> None:
    with interrupted_by_ctrl_c(llm):
        llm.send_message(message)
    write("\n")
    result = llm.result
    if result is not None and result.finish_reason in ("interrupt", "length", "context"):
        complain(f"the answer ended early ({result.finish_reason})")


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _lines() -> Iterator[str]:
    if not _on_terminal():
        yield from (line.strip() for line in sys.stdin)
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (gives input() its line editing)
    try:
        while True:
            yield input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        write("\n")
