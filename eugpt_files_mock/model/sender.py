"""Who sent a request: known in process, and on a port as far as its connections tell."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple


class Line:
    """One connection over a port.

    Attributes:
        opened: when it was accepted, by the monotonic clock of the journal.
        closed: when its end was noticed, or None while it is open.
    """

    __slots__ = ("closed", "opened")

    def __init__(self) -> None:
        self.opened = perf_counter()
        self.closed: float | None = None

    def close(self) -> None:
        """Note its end, once."""
        if self.closed is None:
            self.closed = perf_counter()


class Sender(NamedTuple):
    """Who sent a request, and what is known of how it waits; for the verdict.

    Attributes:
        who: a weak reference to the task or thread, or the `Line` of a port; compared by identity.
        scheme: `http` or `https`.
        client: a weak reference to the async client, or None.
        loop: a weak reference to the event loop that this client was used in, or None.
        loop_time: seconds by the clock of the event loop, which a test may set forward, or None.
        has_deadline: whether a deadline of the event loop ends the call, if its client doesn't.
        is_sleeping_replaced: whether the test has replaced what sleeps, so that waits tell nothing.
        ident: Python's `id` of the task or thread.
        beside: those of all tasks and threads that lived then; empty where no failure may come.
    """

    who: Any
    scheme: str = ""
    client: Any = None
    loop: Any = None
    loop_time: float | None = None
    has_deadline: bool = False
    is_sleeping_replaced: bool = False
    ident: int = 0
    beside: frozenset[int] = frozenset()

    @property
    def is_in_process(self) -> bool:
        """Whether the task or thread is known, and so what its client does."""
        return not isinstance(self.who, Line)

    def goes_on_for(self, earlier: Sender) -> bool:
        """Whether it was made after the earlier one, which has ended since: as a task, or a timer,
        for each attempt.
        """
        if not (self.beside and earlier.beside) or self.who is earlier.who:
            return False
        # Only what has ended gives its place in memory to another.
        is_in_its_place = self.ident == earlier.ident
        return is_in_its_place or not (earlier.ident in self.beside or self.ident in earlier.beside)
