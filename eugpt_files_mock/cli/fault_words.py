"""A fault and what it hits in one argument of the command line: `upload:503:times=2`."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import OptionError
from ..faults import FAULTS, connection_refused
from ..model.faults import Fault
from ..state.fault_matcher import MATCHER_WORDS, fault_and_matcher_words

FORM = "OPERATIONS:FAULT[:WORD=VALUE]…"
"""Operations: one, several with commas, or `*`. Fault: a name of `faults.py`, or a status."""


def parse_fault(text: str) -> tuple[Fault, dict[str, Any]]:
    """The fault, and the arguments of `FilesMock.inject` that say what it hits."""
    operations, _, rest = text.partition(":")
    name, _, words = rest.partition(":")
    if not operations or not name:
        raise OptionError(
            f"A fault is written {FORM}, such as upload:503:times=2; got {text!r}.", word=text
        )
    pairs = _NEXT_WORD.split(words) if words else []
    fault, matcher = fault_and_matcher_words(name, dict(map(_pair, pairs)))
    return fault, matcher | {"on": tuple(operations.split(","))}


def _pair(text: str) -> tuple[str, Any]:
    word, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"{word} needs a value, such as {word}=1.", word=text)
    try:
        return word, _READ.get(word, str)(value)
    except ValueError:
        raise OptionError(f"{word}: cannot read {value!r}.", word=value) from None


def _times(value: str) -> int | None:
    return None if value == "always" else int(value)


def _boolean(value: str) -> bool:
    return {"true": True, "false": False}[value] if value in ("true", "false") else bool(int(value))


def _headers(value: str) -> dict[str, str]:
    """`Name=value`, several separated by commas."""
    return {name: text for name, _, text in (pair.partition("=") for pair in value.split(","))}


_READ: dict[str, Callable[[str], Any]] = {
    "status": int,
    "headers": _headers,
    "retry_after": float,
    "seconds": float,
    "jitter": float,
    "after_bytes": int,
    "chunk_bytes": int,
    "times": _times,
    "skip": int,
    "every": int,
    "probability": float,
    "optional": _boolean,
}
"""How the value of a word is read; all others are strings."""

_NEXT_WORD = re.compile(rf":(?=\w+=|(?:{'|'.join((*_READ, *MATCHER_WORDS))})(?::|$))")
"""Other colons belong to the value in which they stand, such as that of `message`."""


def fault_lines() -> Iterator[str]:
    """What the command `faults` prints; arguments without `=` are required."""
    for name, function in FAULTS.items():
        words = [
            parameter.name
            if parameter.default is parameter.empty
            else f"{parameter.name}={parameter.default}"
            for parameter in inspect.signature(function).parameters.values()
        ]
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        only = " (In process only.)" if function is connection_refused else ""
        yield f"{' '.join([name, *words])}\n    {summary}{only}"
    yield ""
    yield f"On the command line: --fault '{FORM}', such as"
    yield "    --fault upload:503:times=2    --fault list,retrieve:delay:seconds=1.5"
