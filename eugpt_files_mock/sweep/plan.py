"""The calls of the code under test by name, learnt from two runs without a failure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..model.messages import Call, Record, Reply
from ..state.armed_faults import FaultMatcher
from .failures import Planned, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call of a run without a failure, by a name that doesn't depend on its place.

    Attributes:
        operation: one of the five, or a stub's.
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
