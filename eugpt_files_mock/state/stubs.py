"""The stubs: which one answers a request, how often each has answered; and the callbacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

from ..locks import free_after_fork
from ..model.messages import Call
from ..model.operation_names import OperationNames
from ..model.stub_answers import EncodedAnswer, ReplyFunction, StubOperation
from .journal import Calls, Journal


@dataclass(eq=False, repr=False)
class Stub:
    """An answer for a route that isn't part of the Files API.

    Attributes:
        id: names it for the control routes; counts from 1.
        operation: the method and the path, such as `POST /responses`.
        hits: how often it has answered.
        times: how often it answers; None means always.
        answer: what it answers, or what is answered with the value of `reply`.
        reply: the function that makes the answer, or None.
        check_file_ids: whether the files that a request names must be there.
        given: what it was made with, by name, for whoever shows it.
    """

    method: str
    path: str
    answer: EncodedAnswer
    reply: ReplyFunction | None
    times: int | None
    check_file_ids: bool
    given: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default="", init=False)
    hits: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # The name in calls and for `on=`, beside "upload" and the others.
        self.operation = StubOperation(f"{self.method} {self.path}")
        self._pattern = re.compile(
            "".join(
                f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{\w+\})", self.path)
            )
        )

    @property
    def remaining(self) -> int | None:
        """How often it will still answer, None for always."""
        return None if self.times is None else self.times - self.hits

    @property
    def calls(self) -> Calls:
        """The calls that were meant for it, also those that a fault hit or that were refused."""
        return self._calls(self)

    def cancel(self) -> None:
        """Take it away. Idempotent."""
        self._cancel(self)

    def __repr__(self) -> str:
        return f"<Stub {self.id}: {self.operation}, {self.hits} hits>"

    def _attach(self, number: int, stubs: Stubs) -> None:
        self.id = str(number)
        self._cancel, self._calls = stubs._remove, stubs._calls


class StubMatch(NamedTuple):
    """The stub that answers, and the named segments of the path."""

    stub: Stub
    params: dict[str, str]


class SavedStubs(NamedTuple):
    """The stubs at one moment, with their hits; and every name that had been stubbed."""

    stubs: list[tuple[Stub, int]]
    operations: tuple[StubOperation, ...]


class Stubs:
    """The stubs of one mock, newest first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = free_after_fork(Lock())
        self.clear()

    def clear(self) -> None:
        """Drop them all, and number from 1 again."""
        with self._lock:
            # A tuple that is replaced, so that `find` needs no lock: it runs for each request.
            self._stubs: tuple[Stub, ...] = ()
            self._numbered = 0
            self.operations: tuple[StubOperation, ...] = ()
            """Every name that was stubbed, also of stubs that were cancelled."""

    def saved(self) -> SavedStubs:
        """The stubs as they are now, for `restore`."""
        with self._lock:
            return SavedStubs([(stub, stub.hits) for stub in self._stubs], self.operations)

    def restore(self, saved: SavedStubs) -> None:
        """Have these again, each with as many hits as it had."""
        with self._lock:
            for stub, hits in saved.stubs:
                stub.hits = hits
            self._stubs = tuple(stub for stub, _ in saved.stubs)
            self.operations = saved.operations

    def all(self) -> list[Stub]:
        """The stubs, in the order in which they were made, with those that are used up."""
        return list(reversed(self._stubs))

    def add(self, stub: Stub) -> Stub:
        """Let this stub answer before those that are there."""
        with self._lock:
            self._numbered += 1
            stub._attach(self._numbered, self)
            self._stubs = (stub, *self._stubs)
            if stub.operation not in self.operations:
                self.operations = (*self.operations, stub.operation)
            return stub

    def find(self, method: str, resource: str) -> StubMatch | None:
        """The newest stub that still answers such a request."""
        for stub in self._stubs:
            if stub.method == method and stub.remaining != 0:
                found = stub._pattern.fullmatch(resource)
                if found:
                    return StubMatch(stub, found.groupdict())
        return None

    def take(self, method: str, resource: str) -> StubMatch | None:
        """As `find`, and counts as one answer of it."""
        with self._lock:
            # Looked for again: another request may have had the last of its `times` meanwhile.
            match = self.find(method, resource)
            if match is not None:
                match.stub.hits += 1
            return match

    def methods(self, resource: str) -> list[str]:
        """The methods that are stubbed at that path."""
        stubs = (stub for stub in self.all() if stub._pattern.fullmatch(resource))
        return list(dict.fromkeys(stub.method for stub in stubs if stub.remaining != 0))

    def _calls(self, stub: Stub) -> Calls:
        records = self._journal.records
        return Calls(
            lambda: tuple(record.call for record in records() if record.stub is stub),
            # All of them are calls of this operation.
            OperationNames(addresses={stub.operation: ()}).check,
        )

    def _remove(self, stub: Stub) -> None:
        with self._lock:
            self._stubs = tuple(kept for kept in self._stubs if kept is not stub)


Callback = Callable[[Call], object]


class Callbacks:
    """Functions of the test author that run once an operation was answered, see
    `FilesMock.after`, in the order of registration.
    """

    def __init__(self) -> None:
        self._lock = free_after_fork(Lock())
        self.clear()

    def clear(self) -> None:
        with self._lock:
            # Public, so that a request asks without the lock whether there is any function at all.
            self.waiting: list[tuple[str, Callback, int | None]] = []

    def add(self, operation: str, function: Callback, times: int | None) -> None:
        """Call the function for the next `times` calls of the operation; None: for all."""
        with self._lock:
            self.waiting.append((operation, function, times))

    def take(self, operation: str | None) -> list[Callback]:
        """Those that are due now, which counts as one time."""
        with self._lock:
            # They are counted before they run: a function may itself make a call of this operation.
            due = [function for named, function, _ in self.waiting if named == operation]
            counted = (
                (named, function, times - 1 if times and named == operation else times)
                for named, function, times in self.waiting
            )
            self.waiting = [waiting for waiting in counted if waiting[2] != 0]
            return due
