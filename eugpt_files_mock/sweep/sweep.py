"""`mock.sweep()`: the runs of the code under test, one after the other, and what they showed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Literal

from ..errors import (
    ExpectationNotMet,
    OptionError,
    StateError,
    boolean,
    check_words,
    integer,
)
from ..expectations.assertions import count
from ..intercept import fast_tls
from ..model.faults import ConnectionFault
from ..model.messages import Call, Record
from ..service.service import Service
from ..service.stubs import check_operation
from ..state.journal import Calls
from ..verdict.verdict import Verdict, judge
from .arguments import check_cells, exceptions, texts
from .clocks import look_again, real_monotonic, seconds_skipped, without_waiting
from .failures import Failure, Planned, chosen_failures
from .judge import Endless, Evidence, Reason, ends_a_run, judged
from .plan import Plan, Row, call_name, cell_matches, differing_calls, made_plan
from .progress import Progress, TerminalProgress
from .runs import Baseline, Run
from .snapshot import Snapshot
from .table import (
    LoopWords,
    Words,
    cell_members,
    cell_name,
    explanations,
    summary,
    table,
)

_ENDLESS_TIMES = 20
_ENDLESS_LEAST = 1_000
"""A run is stopped after so many times the usual number of calls, and never before this many."""

_LONGEST_SILENCE = 1.0
"""Seconds that a client in this process waits on a port for an answer that never comes."""

_QUIET_SECONDS = 2.0
"""A sweep that is over before then shows no progress."""


class Case:
    """One run of the code under test: `with case:`, or `async with case:`.

    Attributes:
        call: the call that meets the failure, such as `upload report.pdf`; None in the two runs
            without a failure.
        failure: the name of the column, such as `lost`; None in the two runs without a failure.
        outcome: `ok`, `gave up`, `raised`, `WRONG`, `(WRONG)` if that is allowed; empty before.
        why: the reasons of WRONG; each begins with a word that `allow` takes.
        error: what the run raised, or None.
        result: set it to what the code under test gave, so that runs can be compared.
        verdict: on the calls of this run; None before.
        calls: the calls of this run.
    """

    def __init__(
        self, sweep: Sweep, row: Row | None = None, failure: Failure | None = None
    ) -> None:
        self.call = None if row is None else str(row)
        self.failure = None if failure is None else failure.name
        self.outcome = ""
        self.reasons: Sequence[Reason] = ()
        self.error: BaseException | None = None
        self.result: Any = None
        self.verdict: Verdict | None = None
        self.calls: Sequence[Call] = ()
        self._sweep, self._row, self._failure = sweep, row, failure
        self._planned: Planned | None = None
        self._run: Run | None = None
        self._state: Literal["new", "entered", "over"] = "new"
        self._is_endless = False
        self._is_ended = threading.Event()
        # Called when the run is endless, in the thread of the request: to end another process.
        self.on_endless: Callable[[], None] | None = None

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons of WRONG, as text."""
        return tuple(map(str, self.reasons))

    def __str__(self) -> str:
        return cell_name(self) if self.failure else "without a failure"

    def __repr__(self) -> str:
        return f"<Case {self}: {self.outcome or self._state}>"

    @property
    def is_new(self) -> bool:
        """Whether it has not begun."""
        return self._state == "new"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and can be finished."""
        return self._state == "over"

    def is_of(self, mock: Any) -> bool:
        """Whether it runs now, on this mock."""
        return self._state == "entered" and self._sweep._mock is mock

    def __enter__(self) -> Case:
        self._sweep._prepare()
        self.begin(self._sweep._mock)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self.end()
        return self.finish(error)

    async def __aenter__(self) -> Case:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return self.__exit__(kind, error, trace)

    def begin(self, mock: Any) -> None:
        """The mock is there, and empty but for what is always there: arm the failure."""
        if self._state != "new":
            # The loop ends by this error, and not by a break.
            self._sweep._is_interrupted = True
            raise StateError("A case of a sweep is entered once: it is one run.")
        self._state = "entered"
        self._sweep._mock = mock
        mock._sweep = self._sweep
        self._service: Service = mock._service
        self._before = frozenset(file.id for file in self._service.files.all())
        self._thread = threading.get_ident()
        self._before_record = self._service.journal.on_record
        self._service.journal.on_record = self._on_record
        self._armed = None
        if self._row is not None and self._failure is not None:
            planned = self._failure.plan(self._row.target)
            assert planned is not None  # noqa: S101 - the sweep makes no case of what can't be
            mock._lifecycle.check_armed([planned.fault])
            self._planned = planned
            self._armed = self._service.armed.arm(
                (planned.fault,), self._row.matcher(planned), goes_on=planned.goes_on
            )

            if isinstance(planned.fault, ConnectionFault) and planned.fault.kind == "timeout":
                self._cut_waits(mock._lifecycle)

    def _cut_waits(self, lifecycle: Any) -> None:
        """On a port, let no client of this process wait longer than a second for nothing.

        Its own time-out may be ten minutes (the openai SDK's), and can't be shortened.
        """
        if self._sweep._wait or not lifecycle.serves:
            return

        def cut() -> None:
            while not self._is_ended.wait(_LONGEST_SILENCE):
                if self._armed is not None and self._armed.hits:
                    lifecycle.end_waits()

        threading.Thread(target=cut, daemon=True).start()

    def _on_record(self, record: Record) -> None:
        if self._before_record is not None:
            self._before_record(record)
        limit = self._sweep._limit
        if limit is None or record.number <= limit:
            return
        self._is_endless = True
        if self.on_endless is not None:
            self.on_endless()
            return
        error = Endless(f"more than {limit} calls")
        if threading.get_ident() == self._thread or record.call.client not in _ON_A_PORT:
            raise error
        # Over a port, what is raised here would end the server's thread, not the program.
        _raise_in(self._thread)

    def end(self) -> None:
        """The run is over: look at what it left, before anything else changes it."""
        service, mock = self._service, self._sweep._mock
        self._is_ended.set()
        service.journal.on_record = self._before_record
        # Faults that the run armed itself may not have hit, as the failure ended it before.
        is_missed = self._armed is not None and not self._armed.hits
        if self.failure:
            service.armed.clear()
        problems = mock._lifecycle.problems(service)
        records = service.journal.records()
        kept = tuple(record.call for record in records)
        self.calls = Calls(lambda: kept, partial(check_operation, service))
        self.verdict = judge(service)
        self._run = Run(
            records=records,
            files=service.files.all(),
            before=self._before,
            verdict=self.verdict,
            problems=problems,
        )
        self._is_missed = is_missed
        self._state = "over"

    def finish(self, error: BaseException | None) -> bool:
        """Judge the run, which raised this; whether the error belongs to the run alone."""
        if isinstance(error, SystemExit) and error.code in (None, 0):
            error = None
        if error is not None and not ends_a_run(error):
            self._sweep._is_interrupted = True
            return False
        self.error = error
        assert self._run is not None  # noqa: S101 - `end` came before
        self._run = replace(self._run, error=error, result=self.result, is_endless=self._is_endless)
        self._sweep._runs += 1
        if self._row is None or self._failure is None:
            self.outcome = "ok" if error is None else "raised"
            self._sweep._is_interrupted = error is not None or bool(self._run.problems)
            if error is None and self._run.problems:
                raise ExpectationNotMet("\n\n".join(self._run.problems))
            return error is None
        if self._is_missed and not self._is_endless:
            raise self._sweep._missed(self, error) from error
        assert self._planned is not None  # noqa: S101 - armed in `begin`
        assert self._sweep._baseline is not None  # noqa: S101 - made before the first failure
        outcome, reasons = judged(
            Evidence(
                run=self._run,
                baseline=self._sweep._baseline,
                failure=self._failure,
                goes_on=self._planned.goes_on,
                expect=self._sweep._expect,
            ),
            strict=self._sweep._strict,
        )
        self.reasons = tuple(reasons)
        self.outcome = self._sweep._allowed(self, outcome)
        # Its frames would keep clients open that the program forgot to close.
        _forget_frames(error)
        return True

    def give_up(self, error: BaseException | None) -> None:
        """The run ended before there was a mock, so nothing can be said of it.

        Raises:
            ExpectationNotMet: which says so.
        """
        raise self._sweep._missed(self, error) from error


_ON_A_PORT = ("port", "wsgi")


def _raise_in(thread: int) -> None:
    # Late: not every Python has it, and hardly any program needs it.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Endless))


def _forget_frames(error: BaseException | None) -> None:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        waiting += [one.__cause__, one.__context__]


class Sweep:
    """Every failure, at every call: iterate it, and enter each case.

    When the loop ends, it fails as an assertion if a cell is WRONG.

    Attributes:
        cases: those that have run, the two without a failure first.
        notes: what a reader of the table should know.
    """

    def __init__(
        self,
        mock: Any,
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
        self.words: Words = words or LoopWords()
        self.cases: list[Case] = []
        self.notes: list[str] = []
        self.total: int | None = None
        self._baseline: Baseline | None = None
        self._limit: int | None = None
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
    def of_words(cls, mock: Any, words: Mapping[str, Any]) -> Sweep:
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
        self._snapshot = Snapshot.of(self._mock)
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
                self._note_left()
            raise
        except BaseException:
            self._put_back()
            raise
        self._put_back()
        self.assert_ok()

    def _put_back(self) -> None:
        if self._snapshot is not None:
            self._snapshot.restore(self._mock, with_faults=False)

    def runs(self) -> Generator[Case, None, None]:
        """Each case, to be entered, or to be begun, ended and finished."""
        self._state, self._began = "running", real_monotonic()
        with _without_authorities(), nullcontext() if self._wait else without_waiting():
            skipped = seconds_skipped()
            try:
                for case in self._cases():
                    look_again()
                    self.on_progress(self._progress(), is_long=self._is_long())
                    self.cases.append(case)
                    yield case
            finally:
                self._state = "over"
                self._seconds = real_monotonic() - self._began
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
                "To fix it: let it run inside of `with case:`, with its base URL at the mock's."
            )
        self._baseline = Baseline.of(one, other)
        plan = made_plan(one.records, other.records, self._alike)
        self.notes += [*plan.notes, *self._baseline.notes]
        self._limit = max(_ENDLESS_LEAST, _ENDLESS_TIMES * self._baseline.calls)
        return plan

    def _is_chosen(self, row: Row, failure: Failure) -> bool:
        return not self._only or any(
            cell_matches(word, f"{row}/{failure.name}") for word in self._only
        )

    def _prepare(self) -> None:
        """Before a run: everything as it was before the sweep."""
        if self._snapshot is not None:
            self._snapshot.restore(self._mock)

    def _allowed(self, case: Case, outcome: str) -> str:
        """The outcome, after a look at what is allowed."""
        if outcome != "WRONG":
            return outcome
        cells = {word for word in self._allow if cell_matches(word, cell_name(case))}
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

    def _note_left(self) -> None:
        """Raised here, it would be lost: Python ignores what a generator raises that is left."""
        ran = f"{self._runs} of {self.total or 'its'} runs"
        self._mock._lifecycle.defer(
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
        seconds = self._seconds or real_monotonic() - self._began
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
        return real_monotonic() - self._began > _QUIET_SECONDS

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

__all__ = ["Case", "Sweep"]
