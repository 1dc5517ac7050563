"""The calls that were received, in order of arrival, up to a cap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import overload

from ..errors import hide_from_traceback, unknown_word
from ..model.messages import OPERATIONS, Call

__tracebackhide__ = hide_from_traceback

_STRAYS_KEPT = 100
"""Requests to unknown routes that are kept for the check on leaving, whatever the cap."""


class Calls(Sequence[Call]):
    """A sequence of calls. `calls.last`, `calls.to("upload")`."""

    __slots__ = ("_calls",)

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._calls: Sequence[Call] = tuple(calls)

    def __len__(self) -> int:
        return len(self._calls)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    def __getitem__(self, index: int | slice) -> Call | Calls:
        if isinstance(index, slice):
            return Calls(tuple(self)[index])
        return self._calls[index]

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __repr__(self) -> str:
        return f"<{len(self)} calls>"

    @property
    def last(self) -> Call:
        """The newest call.

        Raises:
            IndexError: when there is none.
        """
        if not self:
            raise IndexError("no call was received")
        return self[-1]

    def to(self, operation: str) -> Calls:
        """Those to one operation, as they are at this moment.

        Raises:
            OptionError: for a name that is none of the five.
        """
        if operation not in OPERATIONS:
            raise unknown_word("operation", operation, OPERATIONS)
        return Calls(call for call in self if call.operation == operation)


class Journal(Calls):
    """The calls as they come in: what `mock.calls` shows.

    Attributes:
        dropped: how many are no longer kept.
        strays: those for routes that the API does not have, until leaving has said so.

    Args:
        cap: how many are kept; the oldest go first.
    """

    __slots__ = ("_arrived", "_lock", "_numbers", "dropped", "strays")

    def __init__(self, cap: int) -> None:
        self._calls: deque[Call] = deque(maxlen=cap)
        self._numbers: deque[int] = deque(maxlen=cap)
        self._lock = Lock()
        self._arrived = 0
        self.clear()

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            self._calls.clear()
            self._numbers.clear()
            self.dropped = 0
            self.strays: list[Call] = []

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(tuple(self._calls))

    def arrive(self) -> int:
        """The number of a request that has just come in."""
        with self._lock:
            self._arrived += 1
            return self._arrived

    def record(self, number: int, call: Call, *, stray: bool) -> None:
        """Keep the call at the place where its request arrived.

        Args:
            number: as `arrive` gave it.
            call: what to keep.
            stray: whether it came for a route that the API does not have.
        """
        with self._lock:
            calls, numbers = self._calls, self._numbers
            if len(calls) == calls.maxlen:
                self.dropped += 1
                calls.popleft()
                numbers.popleft()
            later = sum(1 for _ in _while_greater(reversed(numbers), number))
            if later:
                numbers.insert(len(numbers) - later, number)
                calls.insert(len(calls) - later, call)
            else:
                numbers.append(number)
                calls.append(call)
            if stray and len(self.strays) < _STRAYS_KEPT:
                self.strays.append(call)


def _while_greater(numbers: Iterable[int], bound: int) -> Iterator[int]:
    for number in numbers:
        if number < bound:
            return
        yield number
