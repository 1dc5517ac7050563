"""What a sweep tries: the calls of the code under test (rows), each with what fails (columns).

The calls are learnt by name from two runs without a failure.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .. import faults
from ..errors import OptionError, check_words, quoted
from ..model.faults import NO_TIME, Corrupted, ErrorResponse, Fault, MalformedJson
from ..model.messages import Call, Record, Reply
from ..service.operations import NAMES
from ..state.armed_faults import FaultMatcher, Phase
from ..verdict.attempts import is_retryable_status


class Planned(NamedTuple):
    """What is armed for one cell; `goes_on`: it hits every request after its first."""

    fault: Fault
    phase: Phase = "before"
    goes_on: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether trying again may help."""
        if self.goes_on:
            return False
        if isinstance(self.fault, ErrorResponse):
            return is_retryable_status(self.fault.status)
        return not isinstance(self.fault, (Corrupted, MalformedJson))


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
    """One column. `plan` gives None where it can't be."""

    name: str
    plan: Callable[[Target], Planned | None]
    meaning: str


def _error(status: int, *, goes_on: bool = False) -> Callable[[Target], Planned]:
    return lambda _: Planned(faults.http_error(status, headers=NO_TIME), goes_on=goes_on)


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
        meaning="was answered with 429",
    ),
    Failure(name="error", plan=_error(500), meaning="was answered with 500"),
    Failure(name="denied", plan=_error(401), meaning="was answered with 401"),
    Failure(
        name="reset",
        plan=_always(faults.connection_reset),
        meaning="was cut off before it was answered, and nothing was done",
    ),
    Failure(
        name="timeout",
        plan=_always(faults.timeout),
        meaning="got no answer until the client's timeout, and nothing was done",
    ),
    Failure(name="lost", plan=_lost, meaning="was done, but its answer got lost"),
    Failure(name="broken", plan=_broken, meaning="was done, but its answer was broken"),
    Failure(
        name="outage",
        plan=_error(503, goes_on=True),
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
    if not callable(value) or value in faults.FAULTS.values():
        _one_fault(name, value)

    def plan(target: Target) -> Planned | None:
        fault = value if isinstance(value, Fault) else value(target.operation)
        if fault is None or _cannot_hit(fault, target):
            return None
        return Planned(_one_fault(name, fault))

    return Failure(name=name, plan=plan, meaning=f"met {name}")


def _one_fault(name: str, value: Any) -> Fault:
    # It raises the error about what is no fault, such as a function that was not called.
    made = faults.as_faults(value)
    if made != (value,):
        raise OptionError(
            f"failures: {name!r} must be one fault, or a function of the operation that returns "
            f"one or None; got {quoted(value)}.",
            word=value,
        )
    return made[0]


def _cannot_hit(fault: Any, target: Target) -> bool:
    return isinstance(fault, MalformedJson) and (
        target.operation == "download" or not target.has_json
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call of a run without a failure, by a name that doesn't depend on its place.

    Attributes:
        operation: such as `upload`, or a stub's.
        filename: of the file in question; None when it has none, or when names vary.
        nth: which of those alike it is, from 0.
        skip: how many requests come before it that `matcher` matches too.
        has_json: whether it is answered with JSON, or with events.
    """

    operation: str
    filename: str | None
    nth: int
    skip: int
    has_json: bool

    def __str__(self) -> str:
        words = self.operation if self.filename is None else f"{self.operation} {self.filename}"
        name = "".join(letter if letter.isprintable() else "?" for letter in words)
        return f"{name} #{self.nth + 1}" if self.nth else name

    @property
    def target(self) -> Target:
        """What a failure is planned for."""
        return Target(self.operation, self.has_json)

    def matcher(self, planned: Planned) -> FaultMatcher:
        """Hits this call, whatever else is going on at the same time."""
        filename = self.filename
        return FaultMatcher(
            on=(self.operation,),
            times=None if planned.goes_on else 1,
            skip=self.skip,
            every=None,
            probability=None,
            # A filename is a pattern there.
            filename=None if filename is None else re.sub(r"([\[*?])", r"[\1]", filename),
            file_id=None,
            purpose=None,
            user=None,
            phase=planned.phase,
            # A run may end before it comes there; the sweep looks itself.
            optional=True,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of a sweep, in the order of the calls, and what a reader should know of them."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def differing_calls(first: Sequence[Record], second: Sequence[Record]) -> bool:
    """Whether the two runs made other calls, so that a third may make other ones again."""
    return _numbers(first) != _numbers(second)


def made_plan(first: Sequence[Record], second: Sequence[Record], alike: int) -> Plan:
    """What to fail, after two runs with the same calls; at most `alike` of those alike."""
    varying = _with_varying_names(first, second)
    rows = _rows(first, varying)
    groups: defaultdict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.operation, row.filename].append(row)
    kept = {row for group in groups.values() for row in _some(group, alike)}
    notes = [f"the filenames of {name} vary: its rows are counted" for name in sorted(varying)]
    if len(kept) < len(rows):
        notes.append(
            f"{len(rows) - len(kept)} of {len(rows)} calls are left out, being like others: "
            f"alike={max(map(len, groups.values()))} tries them all"
        )
    return Plan(tuple(row for row in rows if row in kept), tuple(notes))


def call_name(call: Call) -> str:
    """A call as a row would name it, without its number among those alike."""
    return f"{call.operation or call.path} {call.filename or ''}".rstrip()


def cell_matches(pattern: str, cell: str) -> bool:
    """Whether the cell, such as `upload a.txt/lost`, is the pattern, or fits it as in `fnmatch`."""
    pattern = re.sub(r"\s*/\s*(?=[^/]*$)", "/", pattern)
    return cell == pattern or fnmatchcase(cell, pattern)


def _numbers(records: Iterable[Record]) -> Counter[str | None]:
    return Counter(record.call.operation for record in records)


def _with_varying_names(first: Sequence[Record], second: Sequence[Record]) -> set[str]:
    """The operations whose calls have other filenames in each run, such as random ones."""
    one, other = (
        Counter((record.call.operation, record.call.filename) for record in records)
        for records in (first, second)
    )
    return {operation for operation, _ in (one - other) + (other - one) if operation is not None}


def _rows(records: Sequence[Record], varying: set[str]) -> list[Row]:
    by_name: Counter[tuple[str, str | None]] = Counter()
    by_operation: Counter[str] = Counter()
    rows = []
    for record in records:
        operation, filename = record.call.operation, record.call.filename
        if operation is None:
            continue
        if operation in varying:
            filename = None
        nth, before = by_name[operation, filename], by_operation[operation]
        # Without a filename, a fault hits whatever comes, so all of the operation are counted.
        skip = before if filename is None else nth
        if record.call.fault is None:
            rows.append(
                Row(
                    operation=operation,
                    filename=filename,
                    nth=nth,
                    skip=skip,
                    has_json=_has_json(record),
                )
            )
        by_name[operation, filename] += 1
        by_operation[operation] += 1
    return rows


def _has_json(record: Record) -> bool:
    if not isinstance(record.outcome, Reply):
        return False
    headers = {name.lower(): value for name, value in record.outcome.headers}
    is_json = re.search("json|event-stream", headers.get("content-type", "")) is not None
    return is_json and headers.get("content-length") != "0"


def _some(rows: list[Row], alike: int) -> list[Row]:
    """The first ones and the last: the middle of many alike shows nothing new."""
    if len(rows) <= alike:
        return rows
    return rows[:1] if alike == 1 else [*rows[: alike - 1], rows[-1]]
