"""A fault and its aim in one word, for the command line: `upload:503:times=2`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ..errors import OptionError, unknown_word
from ..faults import FAULTS, make, spelled_out
from ..model.faults import Fault
from ..state.fault_matcher import Aim

FORM = "OPERATIONS:FAULT[:WORD=VALUE]…"
"""Operations: one, several with commas, or `*`. Fault: a name of `faults.py`, or a status."""

_AIM_WORDS = tuple(field.name for field in fields(Aim) if field.name != "on")


def parse_fault(text: str) -> tuple[Fault, dict[str, Any]]:
    """The fault, and the words of `FilesMock.inject` that aim it.

    Raises:
        OptionError: for an unknown word, with the nearest, or a value that cannot be read.
    """
    operations, _, rest = text.partition(":")
    name, *pairs = rest.split(":")
    if not operations or not name:
        raise OptionError(f"a fault is {FORM}, such as upload:503:times=2; not {text!r}", word=text)
    name, short = spelled_out(name)
    if name not in FAULTS:
        raise unknown_word("fault", name, FAULTS)
    valid = (*inspect.signature(FAULTS[name]).parameters, *_AIM_WORDS)
    words = short | dict(_word(pair, name, valid) for pair in pairs)
    aim = {word: words.pop(word) for word in _AIM_WORDS if word in words}
    return make(name, **words), aim | {"on": tuple(operations.split(","))}


def _word(pair: str, fault: str, valid: tuple[str, ...]) -> tuple[str, Any]:
    word, equals, value = pair.partition("=")
    if word not in valid:
        raise unknown_word(f"word for {fault}", word, valid)
    if not equals:
        raise OptionError(f"{word} needs a value, such as {word}=1.", word=pair)
    try:
        return word, _READ.get(word, str)(value)
    except ValueError:
        raise OptionError(f"{word}: cannot read {value!r}.", word=value) from None


def _whole_or_always(value: str) -> int | None:
    return None if value == "always" else int(value)


def _yes_or_no(value: str) -> bool:
    return {"true": True, "false": False}[value] if value in ("true", "false") else bool(int(value))


def _headers(value: str) -> dict[str, str]:
    """`Name=value`, several with commas."""
    return {name: text for name, _, text in (pair.partition("=") for pair in value.split(","))}


_READ: dict[str, Callable[[str], Any]] = {
    "status": int,
    "headers": _headers,
    "retry_after": float,
    "seconds": float,
    "jitter": float,
    "after_bytes": int,
    "chunk_bytes": int,
    "times": _whole_or_always,
    "skip": int,
    "every": int,
    "probability": float,
    "optional": _yes_or_no,
}
"""How values are read; all others are texts."""
