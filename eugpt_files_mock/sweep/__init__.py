"""The sweep: every failure, at every call of the code under test, each judged by what is left.

Here is the loop, `mock.sweep()`: the runs one after the other, and what they showed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

from ..errors import (
    ExpectationNotMet,
    OptionError,
    StateError,
    boolean,
    check_words,
    integer,
    quoted,
    unknown_word,
)
from ..expectations import count
from ..intercept import fast_tls
from ..model.messages import Call
from ..real_clock import real_seconds
from .case import Case
from .clocks import look_again, seconds_skipped, without_waiting
from .endless import LEAST, Limits, Watch
from .judge import REASONS
from .plan import (
    Failure,
    Plan,
    Row,
    call_name,
    cell_matches,
    chosen_failures,
    differing_calls,
    made_plan,
)
from .runs import Baseline, Run, Snapshot, SweptMock
from .table import (
    LoopWords,
    Progress,
    TerminalProgress,
    Words,
    cell_members,
    explanations,
    summary,
    table,
)

__all__ = ["Sweep"]

_QUIET_SECONDS = 2.0
"""A sweep that is over before then shows no progress."""


class Sweep:
    """Every failure, at every call: iterate it, and enter each case.

    When the loop ends, it fails as an assertion if a cell is WRONG.

    Attributes:
        cases: those that have run, the two without a failure first.
        notes: what a reader of the table should know.
    """

    def __init__(
        self,
        mock: SweptMock | None,
        *,
        expect: Any = (),
        failures: Any = None,
        strict: bool = False,
        allow: Any = (),
        only: Any = None,
        alike: int = 3,
        wait: bool = False,
        words: Words | None = None,
    ) -> None:
        self._mock = mock
        self._expect = exceptions(expect)
        self._failures = chosen_failures(failures)
        self._strict = boolean("strict", strict)
        self._allow = texts("allow", allow)
        self._only = [] if only is None else texts("only", only)
        self._alike = integer("alike", alike, least=1)
        self._wait = boolean("wait", wait)
        check_cells(self._failures, allow=self._allow, only=self._only)
        others = any((self._expect, failures is not None, strict, allow, alike != 3, wait))
        self.words: Words = words or LoopWords(others=others)
        self.cases: list[Case] = []
        self.notes: list[str] = []
        self.total: int | None = None
        self._baseline: Baseline | None = None
        self._limits: Limits | None = None
        self._least_limits = LEAST
        self._watch = Watch()
        self._needed: set[str] = set()
        self._runs = 0
        self._began = 0.0
        self._seconds = self._skipped = 0.0
        self._snapshot: Snapshot | None = None
        self._state: Literal["new", "running", "over"] = "new"
        self._is_interrupted = False
        self.is_whole = False
        """Whether every run was made."""
        self.on_progress: Progress = TerminalProgress()

    @classmethod
    def of_words(cls, mock: SweptMock | None, words: Mapping[str, Any]) -> Sweep:
        """As with these arguments, of which some may be unknown.

        Raises:
            OptionError: for an unknown one, with the nearest, or an invalid value.
        """
        check_words("argument of sweep", words, _SWEEP_WORDS)
        return cls(mock, **words)

    def __iter__(self) -> Iterator[Case]:
        if self._state != "new":
            raise StateError("A sweep is iterated once: make another one with mock.sweep().")
        return self._iterated()

    def _iterated(self) -> Generator[Case, None, None]:
        mock = self._mock
        assert mock is not None  # noqa: S101 - of the marker's sweeps, only `runs` is called
        self._snapshot = Snapshot.of(mock)
        try:
            for case in self.runs():
                yield case
                if case._state != "over":
                    raise StateError(
                        f"A case of the sweep was not entered: {case!r}.\n"
                        "To fix it: for case in mock.sweep(): with case: … (or async with)."
                    )
        except GeneratorExit:
            self._put_back()
            if not self._is_interrupted:
                self._note_left(mock)
            raise
        except BaseException:
            self._put_back()
            raise
        self._put_back()
        self.assert_ok()

    def _put_back(self) -> None:
        if self._snapshot is not None:
            self._snapshot.restore(with_faults=False)

    def runs(self) -> Generator[Case, None, None]:
        """Each case, to be entered, or to be begun, ended and finished."""
        self._state, self._began = "running", real_seconds()
        with _without_authorities(), nullcontext() if self._wait else without_waiting():
            skipped = seconds_skipped()
            self._watch.start()
            try:
                for case in self._cases():
                    look_again()
                    self.on_progress(self._progress(), is_long=self._is_long())
                    self.cases.append(case)
                    yield case
            finally:
                self._watch.stop()
                self._state = "over"
                self._seconds = real_seconds() - self._began
                self._skipped = 0.0 if self._wait else seconds_skipped() - skipped
                self.on_progress("", is_long=self._is_long())

    def _cases(self) -> Iterator[Case]:
        without_failure = [Case(self), Case(self)]
        for case in without_failure:
            yield case
            if self._is_interrupted:
                return
        plan = self._planned(*without_failure)
        cells = [
            Case(self, row, failure)
            for row in plan.rows
            for failure in self._failures
            if failure.plan(row.target) is not None and self._is_chosen(row, failure)
        ]
        if self._only and not cells:
            rows = ", ".join(str(row) for row in plan.rows)
            raise OptionError(
                f"only={self._only!r} names no cell of this sweep. Its calls: {rows}.",
                word=self._only,
            )
        self.total = len(cells) + 2
        yield from cells
        self.is_whole = True

    def _planned(self, first: Case, second: Case) -> Plan:
        one, other = first._run, second._run
        assert one is not None and other is not None  # noqa: S101, PT018 - both have run
        if differing_calls(one.records, other.records):
            raise ExpectationNotMet(_differing(one, other))
        if not one.records:
            raise ExpectationNotMet(
                "The code made no call to this mock, so there is nothing to fail.\n"
                "To fix it: its base URL should be the mock's, which EUGPT_BASE_URL has where the "
                "sweep sets it; in a loop, it should run inside of `with case:`."
            )
        self._baseline = Baseline.of(one, other)
        plan = made_plan(one.records, other.records, self._alike)
        self.notes += [*plan.notes, *self._baseline.notes]
        self._limits = Limits.of(
            self._baseline.calls,
            (first.guard, second.guard),
            least=self._least_limits,
            waits=self._wait,
        )
        return plan

    def _is_chosen(self, row: Row, failure: Failure) -> bool:
        return not self._only or any(
            cell_matches(word, f"{row}/{failure.name}") for word in self._only
        )

    def _prepare(self) -> None:
        """Before a run: everything as it was before the sweep."""
        if self._snapshot is not None:
            self._snapshot.restore()

    def _allowed(self, case: Case, outcome: str) -> str:
        """The outcome, after a look at what is allowed."""
        if outcome != "WRONG":
            return outcome
        cells = {word for word in self._allow if cell_matches(word, str(case))}
        kinds = {reason.kind for reason in case.reasons}
        self._needed |= cells | (kinds & set(self._allow))
        return "(WRONG)" if cells or kinds <= set(self._allow) else "WRONG"

    def _missed(self, case: Case, error: BaseException | None) -> ExpectationNotMet:
        made = ", ".join(map(call_name, case.calls)) or "none"
        raised = f"\nIt raised {type(error).__name__}: {error}" if error is not None else ""
        return ExpectationNotMet(
            f"The code did not make the call {case.call!r} in this run, so {case.failure!r} could "
            f"not be tried. It made: {made}.{raised}\n{_SET_UP_INSIDE}"
        )

    def _note_left(self, mock: SweptMock) -> None:
        """Raised here, it would be lost: Python ignores what a generator raises that is left."""
        ran = f"{self._runs} of {self.total or 'its'} runs"
        mock._lifecycle.defer(
            StateError(
                f"A sweep was left after {ran}, by break, return or an exception.\n"
                "To fix it: let the loop end; to run some cells only, use mock.sweep(only=…)."
            )
        )

    @property
    def ok(self) -> bool:
        """Whether it has run to its end, nothing is WRONG, and every `allow` was needed."""
        return self.is_whole and not self._wrong() and not self._unneeded()

    def _cells(self) -> list[Case]:
        return [case for case in self.cases if case.failure and case.outcome]

    def _wrong(self) -> list[Case]:
        return [case for case in self._cells() if case.outcome == "WRONG"]

    def _unneeded(self) -> list[str]:
        if self._only or not self.is_whole:
            return []
        return [word for word in self._allow if word not in self._needed]

    def assert_ok(self) -> None:
        """Fail as an assertion, with the table, when something is WRONG.

        Raises:
            ExpectationNotMet: with the table.
        """
        problem = self.problem()
        if problem is not None:
            raise ExpectationNotMet(problem)

    def problem(self) -> str | None:
        """What is wrong with the code under test, or with what is allowed; None if nothing is."""
        wrong, unneeded = self._wrong(), self._unneeded()
        if wrong:
            cells = f"{len(wrong)} of {len(self._cells())} failures"
            return f"{cells} were handled wrongly.\n\n{self}"
        if unneeded:
            words = ", ".join(map(repr, unneeded))
            return (
                f"allow={words} was never needed: nothing of it is WRONG.\n"
                f"To fix it: take it out.\n\n{self}"
            )
        return None

    def table(self) -> str:
        """A line for each call, a column for each failure."""
        return table(self._cells(), [failure.name for failure in self._failures])

    def __str__(self) -> str:
        cells = self._cells()
        parts = [self.table()] if cells else []
        parts += explanations(cells, self._failures, self.words)
        notes = [f"Note: {note}." for note in self.notes]
        seconds = self._seconds or real_seconds() - self._began
        said = summary(cells, self._runs, seconds, self._skipped)
        return "\n\n".join([*parts, "\n".join([*notes, said])])

    def __repr__(self) -> str:
        return f"<Sweep: {self._state}, {self._runs} runs, {len(self._wrong())} WRONG>"

    def members(self, call_members: Callable[[Call], dict[str, Any]]) -> dict[str, Any]:
        """The table in JSON, with the calls of each cell, for the control route."""
        return {
            "state": self._state,
            "ok": self.ok,
            "runs": self._runs,
            "total": self.total,
            "columns": [failure.name for failure in self._failures],
            "rows": list(dict.fromkeys(case.call for case in self._cells())),
            "cells": [cell_members(case, call_members) for case in self._cells()],
            "notes": list(self.notes),
            "text": str(self),
        }

    @property
    def has_cells(self) -> bool:
        """Whether any run met a failure."""
        return bool(self._cells())

    @property
    def seconds(self) -> float:
        """How long all runs took together."""
        return self._seconds

    def _is_long(self) -> bool:
        return real_seconds() - self._began > _QUIET_SECONDS

    def _progress(self) -> str:
        return f"{self._runs} of {self.total} runs" if self.total else f"{self._runs} runs"


@contextmanager
def _without_authorities() -> Iterator[None]:
    """Each run makes clients, and what they read for that would be most of its time."""
    fast_tls.start()
    try:
        yield
    finally:
        fast_tls.stop()


_SET_UP_INSIDE = (
    "To fix it: set up inside the loop (with the marker: in the test, or in a fixture of function "
    "scope) what the code keeps from one run to the next: a cache, a database, a directory, a "
    "client with state. How many calls it makes must not depend on chance, or the time of day."
)


def _differing(first: Run, second: Run) -> str:
    runs = [
        f"  {name}: {count(len(run.records), 'call')}: "
        + (", ".join(call_name(record.call) for record in run.records[:10]) or "none")
        for name, run in (("first run", first), ("second run", second))
    ]
    return "\n".join(
        [
            "Without a failure, the code made other calls in its second run than in its first.",
            *runs,
            _SET_UP_INSIDE,
        ]
    )


_SWEEP_WORDS = ("expect", "failures", "strict", "allow", "only", "alike", "wait")
"""The arguments of `mock.sweep()`, which the marker takes too."""


def exceptions(given: Any) -> tuple[type[BaseException], ...]:
    several = (given,) if isinstance(given, (type, str)) else given
    try:
        made = tuple(several)
    except TypeError:
        made = (given,)
    for one in made:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise OptionError(f"expect must be exceptions, got {quoted(one)}.", word=one)
    return made


def texts(label: str, given: Any) -> list[str]:
    several = [given] if isinstance(given, str) else given
    if not isinstance(several, Iterable) or isinstance(several, (bytes, bytearray)):
        several = [several]
    words = list(several)
    for word in words:
        if not isinstance(word, str) or not word.strip():
            raise OptionError(
                f"{label} takes texts, such as 'upload report.pdf/lost', got {quoted(word)}.",
                word=word,
            )
    return words


def check_cells(failures: Sequence[Failure], *, allow: Iterable[str], only: Iterable[str]) -> None:
    """Refuse what names no cell, and no reason."""
    names = [failure.name for failure in failures]
    for word in only:
        if "/" not in word:
            raise OptionError(
                f"only must name cells, such as 'upload report.pdf/lost', got {quoted(word)}.",
                word=word,
            )
    for word in allow:
        if "/" not in word and word not in REASONS:
            raise unknown_word("reason to allow", word, REASONS)
    for word in (*only, *allow):
        column = word.rpartition("/")[2].strip()
        if "/" in word and not any(cell_matches(f"x/{column}", f"x/{name}") for name in names):
            raise unknown_word("failure", column, names)
