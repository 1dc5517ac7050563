"""Every failure message that a test author can see, in one file to be read: `messages.txt`.

`python -m tests.docs.refresh` writes it anew. Read what has changed, as somebody at two in the
morning: what came, what would have matched, how to fix it, how to allow it.
"""

from __future__ import annotations

import ast
import functools
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import eugpt_files_mock
from eugpt_files_mock import errors

from .error_cases import ERROR_CASES, ErrorCase

CATALOGUE = Path(__file__).with_name("messages.txt")
PACKAGE = Path(eugpt_files_mock.__file__).parent

Site = tuple[str, int]
"""A file of the package, and a line in it."""


@functools.cache
def provoked() -> tuple[dict[str, str], set[Site]]:
    """Each message by its title, and where our errors were raised."""
    messages: dict[str, str] = {}
    sites: set[Site] = set()
    for title, error_case in ERROR_CASES.items():
        messages[title], raised_at = _message(error_case)
        sites |= raised_at
    return messages, sites


_TIME = re.compile(r"(?<= at )\d+\.\d\d(?= s)|(?<=again after )\d+\.\d\d(?= s)")
"""Seconds in a verdict, which differ from run to run."""


def _message(error_case: ErrorCase) -> tuple[str, set[Site]]:
    try:
        said = error_case()
    except errors.FilesMockError as error:
        text = _TIME.sub("0.25", f"{type(error).__name__}: {error}")
        return text, set(_sites(error))
    assert isinstance(said, str), f"nothing was provoked, but {said!r}"
    return said.strip(), set()


def _sites(error: BaseException) -> Iterator[Site]:
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(PACKAGE) and frame.lineno is not None:
            yield str(path.relative_to(PACKAGE)), frame.lineno


def catalogue() -> str:
    """The whole file."""
    messages, _ = provoked()
    return "\n\n".join(f"== {title} ==\n{text}" for title, text in messages.items()) + "\n\n== ==\n"


def test_the_messages_are_those_that_were_read() -> None:
    """No message changes before somebody has read it in `messages.txt`."""
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue(), (
        "read what has changed, then: python -m tests.docs.refresh"
    )


def test_no_message_is_missing() -> None:
    """Every place in the package that raises at the test author is reached by an error case.

    What the command and the control routes raise is told in other words, and has titles of its own.
    """
    _, reached = provoked()
    unreached = [
        f"{name}:{first}"
        for name, first, last in _raising()
        if not any(site == name and first <= line <= last for site, line in reached)
    ]
    assert unreached == []


_TOLD_OTHERWISE = (
    "admin/",
    "cli/",
    "server/__init__.py",
    "verify/",
)


def _raising() -> Iterator[tuple[str, int, int]]:
    ours = {name for name, value in vars(errors).items() if callable(value)}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if name.startswith(_TOLD_OTHERWISE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            if getattr(node.exc.func, "id", None) in ours:
                yield name, node.lineno, node.end_lineno or node.lineno
