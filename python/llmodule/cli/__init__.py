"""The command `llmodule`: one module per subcommand."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from llmodule.cli import bench, chat, convert, eval, generate, info, models
from llmodule.cli._output import complain, write
from llmodule.errors import LLModuleError

COMMANDS = (chat, generate, models, convert, info, eval, bench)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code: 0, 1 for a failure, 2 for wrong usage, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args([*arguments[:1], "--", *arguments[1:]] if arguments[:1] == ["bench"] else arguments)
    if options.debug:
        logging.basicConfig(level=logging.DEBUG)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has gone. The interpreter's own flush at the end must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except (LLModuleError, ValueError, OSError) as error:
        if options.debug:
            raise
        complain(f"error: {error}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmodule", description="Runs language models on the ExecuTorch runtime.", allow_abbrev=False
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and log lines")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        subparser = commands.add_parser(name, help=command.HELP, description=command.__doc__, allow_abbrev=False)
        subparser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from llmodule import __version__

        write(f"llmodule {__version__}\n")
        parser.exit()
