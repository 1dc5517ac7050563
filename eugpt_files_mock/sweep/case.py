"""One run of the code under test: what is armed for it, how it ends, what is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, Protocol

from ..errors import ExpectationNotMet, FaultUnavailable, StateError
from ..model.faults import ConnectionFault
from ..model.messages import ON_A_PORT, Call, Record
from ..service.operations import check_operation
from ..state.journal import Calls
from ..verdict.verdict import Verdict, judge
from .endless import OWN_THREADS, Guard, Limits, Watch
from .judge import Comparison, Reason, ends_a_run, judged
from .plan import Failure, Planned, Row
from .runs import Baseline, Run, SweptMock

_LONGEST_SILENCE = 1.0
"""Seconds that a client in this process waits on a port for an answer that never comes."""


class RunningSweep(Protocol):
    """A sweep as its cases see it."""

    _mock: SweptMock | None
    _expect: tuple[type[BaseException], ...]
    _strict: bool
    _wait: bool
    _limits: Limits | None
    _watch: Watch
    _baseline: Baseline | None
    _runs: int
    _is_interrupted: bool

    def _prepare(self) -> None: ...
    def _allowed(self, case: Case, outcome: str) -> str: ...
    def _missed(self, case: Case, error: BaseException | None) -> ExpectationNotMet: ...


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
        self, sweep: RunningSweep, row: Row | None = None, failure: Failure | None = None
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
        self._is_ended = threading.Event()

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons of WRONG, as text."""
        return tuple(map(str, self.reasons))

    def __str__(self) -> str:
        """Such as `upload report.pdf/lost`: what `only` and `allow` take."""
        return f"{self.call}/{self.failure}" if self.failure else "without a failure"

    def __repr__(self) -> str:
        return f"<Case {self}: {self.outcome or self._state}>"

    @property
    def is_new(self) -> bool:
        """Whether it has not begun."""
        return self._state == "new"

    @property
    def is_begun(self) -> bool:
        """Whether it runs now."""
        return self._state == "entered"

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and can be finished."""
        return self._state == "over"

    @property
    def guard(self) -> Guard:
        """Of the run that has begun: it ends what is endless."""
        return self._guard

    def end_by(self, function: Callable[[], None]) -> None:
        """Call this when the run is endless, in the thread of a request: it ends a process."""
        self._guard.on_endless = function

    def is_of(self, mock: object) -> bool:
        """Whether it runs now, on this mock."""
        return self.is_begun and self._sweep._mock is mock

    def __enter__(self) -> Case:
        assert self._sweep._mock is not None  # noqa: S101 - only the marker's sweeps get it later
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

    def begin(self, mock: SweptMock) -> None:
        """The mock is there, and empty but for what is always there: arm the failure."""
        if self._state != "new":
            # The loop ends by this error, and not by a break.
            self._sweep._is_interrupted = True
            raise StateError("A case of a sweep is entered once: it is one run.")
        self._lifecycle, self._service = mock._lifecycle, mock._service
        # First, as the failure may be refused, and then nothing is to be put back.
        self._planned = self._made_plan()
        self._state = "entered"
        self._sweep._mock = mock
        mock._sweep = self._sweep
        self._before = frozenset(file.id for file in self._service.files.all())
        self._before_record = self._service.journal.on_record
        self._service.journal.on_record = self._on_record
        self._armed = None
        self._guard = self._sweep._watch.guard = Guard(self._sweep._limits, self._give_in)
        if self._planned is not None and self._row is not None:
            fault = self._planned.fault
            self._armed = self._service.armed.arm(
                (fault,), self._row.matcher(self._planned), goes_on=self._planned.goes_on
            )
            if isinstance(fault, ConnectionFault) and fault.kind == "timeout":
                self._cut_waits()

    def _made_plan(self) -> Planned | None:
        """What is to be armed; None in a run without a failure.

        Raises:
            FaultUnavailable: if a port can't produce it.
        """
        if self._row is None or self._failure is None:
            return None
        try:
            planned = self._failure.plan(self._row.target)
            assert planned is not None  # noqa: S101 - the sweep makes no case of what can't be
            self._lifecycle.check_armed([planned.fault])
        except BaseException:
            # It ends the loop, as above.
            self._sweep._is_interrupted = True
            raise
        return planned

    def _cut_waits(self) -> None:
        """On a port, let no client of this process wait longer than a second for nothing.

        Its own timeout may be ten minutes (the openai SDK's), and can't be shortened.
        """
        if self._sweep._wait or not self._lifecycle.serves:
            return

        def cut() -> None:
            while not self._is_ended.wait(_LONGEST_SILENCE):
                if self._armed is not None and self._armed.hits:
                    self._lifecycle.end_waits()

        threading.Thread(target=cut, name=f"{OWN_THREADS} waits", daemon=True).start()

    def _on_record(self, record: Record) -> None:
        if self._before_record is not None:
            self._before_record(record)
        self._guard.on_call(record.number, is_on_a_port=record.call.client in ON_A_PORT)

    def _give_in(self) -> None:
        """Let what comes now succeed."""
        if self._armed is not None:
            self._armed.cancel()

    def end(self) -> None:
        """The run is over: look at what it left, before anything else changes it."""
        self._sweep._watch.guard = None
        self._guard.leave()
        service = self._service
        self._is_ended.set()
        service.journal.on_record = self._before_record
        # Faults that the run armed itself may not have hit, as the failure ended it before.
        is_missed = self._armed is not None and not self._armed.hits
        if self.failure:
            service.armed.clear()
        problems = self._lifecycle.problems(service)
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
            endless=self._guard.why,
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
        self._run = replace(self._run, error=error, result=self.result)
        self._sweep._runs += 1
        if self._row is None or self._failure is None:
            self.outcome = "ok" if error is None else "raised"
            self._sweep._is_interrupted = error is not None or bool(self._run.problems)
            if error is None and self._run.problems:
                raise ExpectationNotMet("\n\n".join(self._run.problems))
            return error is None
        if self._is_missed and not self._guard.why:
            raise self._sweep._missed(self, error) from error
        assert self._planned is not None  # noqa: S101 - armed in `begin`
        assert self._sweep._baseline is not None  # noqa: S101 - made before the first failure
        outcome, reasons = judged(
            Comparison(
                run=self._run,
                baseline=self._sweep._baseline,
                failure=self._failure,
                planned=self._planned,
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
            FaultUnavailable: if that ended it.
        """
        if isinstance(error, FaultUnavailable):
            raise error
        raise self._sweep._missed(self, error) from error


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


__all__ = ["Case"]
