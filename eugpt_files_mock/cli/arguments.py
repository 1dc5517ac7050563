"""The words of the command line: one table, and how each value is read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from ..errors import OptionError, unknown_word
from ..model.faults import Fault
from ..model.processing import IMMEDIATE, WORDS, Processing
from ..version import __version__
from .fault_words import FORM, parse_fault


def parser() -> argparse.ArgumentParser:
    """The parser of `eugpt-files-mock`."""
    made = OneLineParser(
        prog="eugpt-files-mock", description="A fake EU GPT Files API.", allow_abbrev=False
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = made.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve the API until Ctrl-C", allow_abbrev=False)
    for word, settings in _serve_words().items():
        serve.add_argument(word, **settings)
    return made


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        sys.exit(refuse(message))


def refuse(message: str) -> int:
    """Say it in one line on standard error; the exit status that goes with it."""
    sys.stderr.write(f"eugpt-files-mock: {' '.join(message.split())}\n")
    return 2


def _serve_words() -> dict[str, dict[str, Any]]:
    return {
        "--host": {"default": "127.0.0.1", "help": "address to bind (127.0.0.1)"},
        "--port": {"type": int, "default": 8080, "help": "0 takes a free one (8080)"},
        "--api-key": {
            "action": "append",
            "type": _key,
            "metavar": "KEY[=USER]",
            "help": "accept this key, of this user; may be repeated "
            "(any key that starts with eugpt_)",
        },
        "--fault": {
            "action": "append",
            "type": _fault,
            "metavar": FORM,
            "help": "arm a fault, such as upload:503:times=2; may be repeated",
        },
        "--files": {"type": Path, "metavar": "DIR", "help": "begin with the files in DIR"},
        "--fake": {
            "type": int,
            "default": 0,
            "metavar": "N",
            "help": "begin with N invented documents",
        },
        "--seed": {"type": int, "help": "makes ids, documents and chances repeat"},
        "--max-file-bytes": {"type": int, "metavar": "N", "help": "refuse larger files: 413"},
        "--rate-limit": {
            "type": _rate,
            "metavar": "REQUESTS/SECONDS",
            "help": "for each key, such as 10/60",
        },
        "--processing": {
            "type": _processing,
            "default": "immediate",
            "metavar": "HOW",
            "help": "immediate, after_polls:2, after_seconds:1.5, fails:reason (immediate)",
        },
        "--admin-token": {
            "metavar": "T",
            "help": "what /__admin asks for; it is absent without, unless the host is loopback",
        },
    }


def _told(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Our own messages, where argparse would have put its own."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except OptionError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return reading


def _key(text: str) -> tuple[str, str | None]:
    key, _, user = text.partition("=")
    return key, user or None


def _rate(text: str) -> tuple[int, float]:
    requests, _, seconds = text.partition("/")
    try:
        return int(requests), float(seconds)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not {text!r}; such as 10/60") from None


@_told
def _fault(text: str) -> tuple[Fault, dict[str, Any]]:
    return parse_fault(text)


@_told
def _processing(text: str) -> Processing:
    name, _, argument = text.partition(":")
    if text == "immediate":
        return IMMEDIATE
    if name not in WORDS:
        raise unknown_word("way of processing", name, ("immediate", *WORDS))
    try:
        made: Processing = WORDS[name](*([_ARGUMENT[name](argument)] if argument else []))
    except (TypeError, ValueError) as error:
        if isinstance(error, OptionError):
            raise
        raise argparse.ArgumentTypeError(f"not {text!r}; such as after_polls:2") from None
    return made


_ARGUMENT: dict[str, Callable[[str], Any]] = {
    "after_polls": int,
    "after_seconds": float,
    "fails": str,
}
