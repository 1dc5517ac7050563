"""The calls that were received, in order of arrival, up to a cap."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from threading import TIMEOUT_MAX, Condition, RLock
from typing import overload

from ..errors import known_arguments
from ..locks import free_after_fork
from ..model.faults import FaultName
from ..model.messages import Call, Record, WaitState
from ..real_clock import real_seconds
from . import html_table

_UNMATCHED_KEPT = 100
"""Requests for unknown routes that are kept for the exit checks, whatever the cap."""


class Journal:
    """What was received; of the records at most `cap` are kept.

    Attributes:
        dropped: how many are no longer kept.
        unmatched_requests: calls for unknown routes that no exit check has reported yet.
        numbers: gives each request that arrives its number.
        changed: its lock is that of the journal.
        on_record: called with each record, in the thread that handles the request; for the log.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        # Reentrant: `clear` calls `forget`.
        self._lock = free_after_fork(RLock())
        self.changed = free_after_fork(Condition(self._lock))
        self._waiting = 0
        self.on_record: Callable[[Record], None] | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all there was, and number from 1 again."""
        with self._lock:
            self.forget()
            # Counts requests as they arrive; `next` of it is atomic, and so needs no lock.
            self.numbers = count(1)
            self.unmatched_requests: list[Call] = []

    def forget(self) -> None:
        """Forget every call; numbers go on, and the exit checks report what they have to."""
        with self._lock:
            self._records: deque[Record] = deque()
            self.dropped = 0
            self._waits: dict[str, tuple[float, float | None]] = {}

    def __len__(self) -> int:
        return len(self._records)

    def records(self) -> tuple[Record, ...]:
        """The records in order of arrival, as they are now."""
        with self._lock:
            return tuple(self._records)

    def calls(self) -> tuple[Call, ...]:
        """The calls in order of arrival, as they are now."""
        return tuple(record.call for record in self.records())

    def wait_for(self, is_true: Callable[[], bool], timeout: float) -> None:
        """Wait until that is true, which is asked after each record, or for so many seconds."""
        with self._lock:
            self._waiting += 1
            try:
                # A longer wait raises OverflowError.
                self.changed.wait_for(is_true, min(timeout, TIMEOUT_MAX))
            finally:
                self._waiting -= 1

    def note_wait(self, request_id: str, state: WaitState) -> None:
        """How a client waits for a late answer. A call that isn't kept here is ignored."""
        with self._lock:
            # From the end, as the call that waits is nearly always among the last.
            if not any(kept.call.request_id == request_id for kept in reversed(self._records)):
                return
            began, _ = self._waits.pop(request_id, (real_seconds(), None))
            if state != "answered":
                self._waits[request_id] = began, real_seconds() if state == "gave_up" else None
            self.changed.notify_all()

    def fault_of(self, request_id: str) -> str | None:
        """How the fault was made that hit a request, such as `delay(2)`; None if none is known."""
        for record in reversed(self.records()):
            if record.call.request_id == request_id and isinstance(record.call.fault, FaultName):
                return record.call.fault.shown
        return None

    def wait_of(self, request_id: str) -> tuple[str | None, float | None]:
        """`waiting`, `gave_up` or None, and for how many seconds."""
        with self._lock:
            began, ended = self._waits.get(request_id, (None, None))
        if began is None:
            return None, None
        return "gave_up" if ended else "waiting", (ended or real_seconds()) - began

    def gone(self) -> dict[str, float]:
        """By the ids of requests whose clients went away, the seconds that they had waited."""
        with self._lock:
            return {one: ended - began for one, (began, ended) in self._waits.items() if ended}

    def waiting(self) -> set[str]:
        """The request ids of clients that still wait for a late answer."""
        with self._lock:
            return {request_id for request_id, (_, ended) in self._waits.items() if ended is None}

    def settle(self, seconds: float) -> None:
        """Give those who seem to wait so long to go away: a port hears of that a little later."""
        with self.changed:
            self.changed.wait_for(
                lambda: all(ended for _, ended in self._waits.values()), timeout=seconds
            )

    def add(self, record: Record) -> None:
        """Keep a record at the place where its request arrived."""
        with self._lock:
            records = self._records
            if not records or records[-1].number < record.number:
                records.append(record)
            else:
                # A request that arrived earlier was answered later.
                insort(records, record, key=lambda kept: kept.number)
            if len(records) > self._cap:
                self._waits.pop(records.popleft().call.request_id, None)
                self.dropped += 1
            # Kept apart: the exit checks report them even when `cap` calls came after them.
            if record.is_unmatched and len(self.unmatched_requests) < _UNMATCHED_KEPT:
                self.unmatched_requests.append(record.call)
            if self._waiting:
                self.changed.notify_all()
        # Outside the lock: it prints, and other requests need not wait for that.
        if self.on_record is not None:
            self.on_record(record)

    def correct(self, record: Record) -> None:
        """Put it in the place of the record with that number, if that is still kept."""
        with self._lock:
            for place, kept in enumerate(self._records):
                if kept.number == record.number:
                    self._records[place] = record


_SHOWN = ("operation", "method", "path", "status", "filename", "user", "fault", "error", "client")
"""Columns of the table in a notebook."""


class Calls(Sequence[Call]):
    """A read-only sequence of calls, oldest first."""

    __slots__ = ("_check_operation", "_read")

    def __init__(
        self, read: Callable[[], Sequence[Call]], check_operation: Callable[[str], None]
    ) -> None:
        # Read at each look, as `mock.calls` shows new calls as they come.
        self._read = read
        self._check_operation = check_operation

    def __len__(self) -> int:
        return len(self._read())

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    def __getitem__(self, index: int | slice) -> Call | Calls:
        calls = self._read()
        if isinstance(index, slice):
            return self._fixed(calls[index])
        if not calls:
            raise IndexError("no call was received")
        return calls[index]

    def __iter__(self) -> Iterator[Call]:
        return iter(self._read())

    def __repr__(self) -> str:
        return f"<{len(self)} calls>"

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        return html_table(_SHOWN, self._read(), self.__repr__())

    @property
    def last(self) -> Call:
        """The newest call.

        Raises:
            IndexError: when there is none.
        """
        return self[-1]

    @known_arguments
    def to(self, operation: str) -> Calls:
        """Those of one operation, as they are at this moment.

        Raises:
            OptionError: for a name that isn't an operation.
        """
        self._check_operation(operation)
        return self._fixed(call for call in self._read() if call.operation == operation)

    def _fixed(self, calls: Iterable[Call]) -> Calls:
        kept = tuple(calls)
        return Calls(lambda: kept, self._check_operation)
