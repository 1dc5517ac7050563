"""The eight columns of a sweep: what goes wrong, and whether it may pass by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .. import faults
from ..errors import OptionError, check_words, quoted
from ..model.faults import (
    ConnectionFault,
    Corrupted,
    ErrorResponse,
    Fault,
    MalformedJson,
)
from ..service.operations import NAMES
from ..state.armed_faults import Phase

# What the openai SDKs obey before all else: no retry of theirs costs time (SDK source).
_AT_ONCE = {"retry-after-ms": "1"}

_RETRYABLE = (408, 409, 429)
"""With all 5xx: what the openai SDKs try again (SDK source)."""


class Planned(NamedTuple):
    """What is armed for one cell; `goes_on`: it hits every request after its first."""

    fault: Fault
    phase: Phase = "before"
    goes_on: bool = False


class Target(NamedTuple):
    """The call that a failure is planned for, and whether its answer is JSON (or events)."""

    operation: str
    has_json: bool

    @property
    def is_write(self) -> bool:
        """Whether it changes something, so that an answer which gets lost matters."""
        return self.operation in NAMES.writing or (
            " " in self.operation and not self.operation.startswith("GET ")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One column. `plan` gives None where it can't be; `may_pass`: trying again may help."""

    name: str
    plan: Callable[[Target], Planned | None]
    may_pass: bool
    meaning: str


def _error(status: int, *, goes_on: bool = False) -> Callable[[Target], Planned]:
    return lambda _: Planned(faults.http_error(status, headers=_AT_ONCE), goes_on=goes_on)


def _always(make: Callable[[], Fault]) -> Callable[[Target], Planned]:
    return lambda _: Planned(make())


def _lost(target: Target) -> Planned | None:
    if target.operation == "download":
        return Planned(faults.truncated())
    return Planned(faults.connection_reset(), phase="after") if target.is_write else None


def _broken(target: Target) -> Planned | None:
    if target.operation == "download":
        return Planned(faults.corrupted())
    return Planned(faults.malformed_json()) if target.has_json else None


_FAILURES = (
    Failure(
        name="busy",
        plan=_always(faults.rate_limited),
        may_pass=True,
        meaning="was answered with 429",
    ),
    Failure(name="error", plan=_error(500), may_pass=True, meaning="was answered with 500"),
    Failure(name="denied", plan=_error(401), may_pass=False, meaning="was answered with 401"),
    Failure(
        name="reset",
        plan=_always(faults.connection_reset),
        may_pass=True,
        meaning="was cut off before it was answered, and nothing was done",
    ),
    Failure(
        name="timeout",
        plan=_always(faults.timeout),
        may_pass=True,
        meaning="got no answer until the client's time-out, and nothing was done",
    ),
    Failure(name="lost", plan=_lost, may_pass=True, meaning="was done, but its answer got lost"),
    Failure(
        name="broken",
        plan=_broken,
        may_pass=False,
        meaning="was done, but its answer was broken",
    ),
    Failure(
        name="outage",
        plan=_error(503, goes_on=True),
        may_pass=False,
        meaning="was answered with 503, and so was everything after it",
    ),
)

FAILURES: dict[str, Failure] = {failure.name: failure for failure in _FAILURES}
"""Every column by its name, in the order in which a table shows them."""


def chosen_failures(given: Any) -> tuple[Failure, ...]:
    """The columns for the word `failures`: names, or a mapping of names to what goes wrong."""
    if given is None:
        return _FAILURES
    if isinstance(given, Mapping):
        made = tuple(_own(name, value) for name, value in given.items())
    else:
        names = [given] if isinstance(given, str) else _names(given)
        check_words("failure", names, FAILURES)
        made = tuple(failure for failure in _FAILURES if failure.name in names)
    if not made:
        raise OptionError("failures must name at least one failure.", word=given)
    return made


def _names(given: Any) -> list[Any]:
    if not isinstance(given, Iterable):
        raise OptionError(
            f"failures must be names, or a mapping of names to faults; got {quoted(given)}.",
            word=given,
        )
    return list(given)


def _own(name: Any, value: Any) -> Failure:
    """A column of the author's: a fault, or a function of the operation that returns one."""
    if not isinstance(name, str) or not name or "/" in name or name != name.strip():
        raise OptionError(
            f"failures: a name is a word without a slash, got {quoted(name)}.", word=name
        )
    if not isinstance(value, Fault) and (not callable(value) or value in faults.FAULTS.values()):
        # It raises the error about what is no fault, such as a function that was not called.
        faults.as_faults(value)

    def plan(target: Target) -> Planned | None:
        fault = value if isinstance(value, Fault) else value(target.operation)
        if fault is None or _cannot_hit(fault, target):
            return None
        (one,) = faults.as_faults(fault)
        return Planned(one)

    may_pass = isinstance(value, Fault) and _may_pass(value)
    return Failure(name=name, plan=plan, may_pass=may_pass, meaning=f"met {name}")


def _cannot_hit(fault: Any, target: Target) -> bool:
    return isinstance(fault, MalformedJson) and (
        target.operation == "download" or not target.has_json
    )


def _may_pass(fault: Fault) -> bool:
    if isinstance(fault, ErrorResponse):
        return fault.status in _RETRYABLE or fault.status >= 500
    return isinstance(fault, ConnectionFault) or not isinstance(fault, (Corrupted, MalformedJson))
