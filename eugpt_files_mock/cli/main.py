"""The command `eugpt-files-mock`: what it can do, one row and one module for each."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import NamedTuple

from ..version import __version__
from . import serve, sweep, verify
from .arguments import OneLineParser, Words, fault_lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status. 0: all is well, also when Ctrl-C or SIGTERM ended `serve`; 1: the exit
        checks failed, with `serve --check`, the verdict has errors, with `serve --report`,
        something differs, of `verify`, or is WRONG, of `sweep`; 2: it couldn't run.
    """
    with _any_text_can_be_written():
        made = parser()
        words = made.parse_args(arguments)
        if words.command is None:
            made.print_help()
            return 0
        return COMMANDS[words.command].run(words)


def parser() -> argparse.ArgumentParser:
    """The parser of `eugpt-files-mock`; what it parses has a `command`, or None without one."""
    # No abbreviations, here and below: one would change its meaning with the next new flag.
    made = OneLineParser(
        prog="eugpt-files-mock", description="A fake EU GPT Files API.", allow_abbrev=False
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = made.add_subparsers(metavar="command", dest="command")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.meaning, allow_abbrev=False)
        for argument, settings in command.arguments().items():
            subparser.add_argument(argument, **settings)
    return made


@contextmanager
def _any_text_can_be_written() -> Iterator[None]:
    """What the encoding of a stream doesn't have is written as an escape; nothing is lost for it.

    Standard output isn't UTF-8 everywhere, such as on Windows when it is a pipe.
    """
    # Another program that calls `main` may have replaced them by something else.
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            # It flushes, and nobody may be reading any more.
            with suppress(OSError):
                stream.reconfigure(errors=errors)


def _faults(words: argparse.Namespace) -> int:
    print("\n".join(fault_lines()))
    return 0


class Command(NamedTuple):
    """One command.

    Attributes:
        meaning: for the help.
        arguments: gives each argument, and the words of `add_argument`.
        run: gives the exit status.
    """

    meaning: str
    arguments: Callable[[], dict[str, Words]]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "serve": Command("serve the API until Ctrl-C", serve.arguments, serve.run),
    "verify": Command("hold a real endpoint against a profile", verify.arguments, verify.run),
    "sweep": Command("make every call of a program fail, in every way", sweep.arguments, sweep.run),
    "faults": Command("list the faults and their arguments", dict, _faults),
}
