"""How the values of the command line are read, with error messages of our own."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import OptionError, unknown_word
from ..model.faults import Fault
from ..model.processing import IMMEDIATE, WORDS, Processing
from .fault_words import parse_fault


def _with_our_messages(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Show our own messages: for an OptionError, argparse would only say `invalid value`."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except OptionError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return reading


def key(text: str) -> tuple[str, str | None]:
    name, _, user = text.partition("=")
    return name, user or None


def stub(text: str) -> tuple[str, str, Path]:
    """Method, path below the base URL, and the file with the answer."""
    route, _, file = text.partition("=")
    method, _, path = route.partition(" ")
    if not (path and file):
        raise argparse.ArgumentTypeError(f"not {text!r}; such as 'POST /responses=answer.json'")
    return method, path.strip(), Path(file)


def seed(text: str) -> int | str:
    """A number if it is one, else a text."""
    # 18 digits fit into 64 bits; Python refuses to read thousands of them.
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else text


def rate(text: str) -> tuple[int, float]:
    """The number of requests, and the seconds in which they are allowed."""
    requests, _, seconds = text.partition("/")
    try:
        return int(requests), float(seconds)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not {text!r}; such as 10/60") from None


_SIZE = re.compile(r"(-?[0-9]{1,15}) ?(?:([kmg])(i?)b?|b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def size(text: str) -> int:
    """Bytes: `5000`, `10MB` (millions), `10MiB` (powers of 1024)."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not {text!r}; such as 5000, 10MB or 10MiB")
    base = 1024 if found[3] else 1000
    return int(found[1]) * int(base ** _POWERS[(found[2] or "").lower()])


@_with_our_messages
def fault(text: str) -> tuple[Fault, dict[str, Any]]:
    return parse_fault(text)


@_with_our_messages
def processing(text: str) -> Processing:
    """One of the ways in which files are processed, with its argument."""
    name, _, argument = text.partition(":")
    if text == "immediate":
        return IMMEDIATE
    if name not in WORDS:
        raise unknown_word("way of processing", name, ("immediate", *WORDS))
    try:
        made: Processing = WORDS[name](*([_ARGUMENT[name](argument)] if argument else []))
    except (TypeError, ValueError) as error:
        # It is a ValueError as well, and says more than we could here.
        if isinstance(error, OptionError):
            raise
        raise argparse.ArgumentTypeError(f"not {text!r}; such as after_polls:2") from None
    return made


_ARGUMENT: dict[str, Callable[[str], Any]] = {
    "after_polls": int,
    "after_seconds": float,
    "fails": str,
}
