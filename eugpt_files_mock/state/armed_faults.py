"""The armed faults: which one hits a request, how often each has hit, and will still hit."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock

from ..locks import free_after_fork
from ..model.faults import Fault
from .fault_matcher import FaultMatcher, FaultTarget

_SPENT_KEPT = 1_000
"""How many used-up faults are kept for the control routes; the oldest go first."""


class ArmedFault:
    """One armed fault, or a sequence of them that is used up in order.

    Attributes:
        id: names it for the control routes; counts from 1.
        faults: the fault, or the faults in order.
        matcher: which requests it is for.
        hits: how often it has hit.
        seen: how many requests it matched, hit or not.
    """

    def __init__(
        self,
        number: int,
        faults: Sequence[Fault],
        matcher: FaultMatcher,
        cancel: Callable[[ArmedFault], None],
        *,
        goes_on: bool = False,
    ) -> None:
        self.id = str(number)
        self.faults = tuple(faults)
        self.matcher = matcher
        self.hits = 0
        self.seen = 0
        self.is_reported = False
        self._cancel = cancel
        self._goes_on = goes_on

    @property
    def name(self) -> str:
        """The name of the fault; of a sequence, the names."""
        return ", ".join(fault.name for fault in self.faults)

    def __str__(self) -> str:
        """The fault with its arguments, and what it is armed on: `http_error(503) on upload`."""
        return f"{', '.join(map(str, self.faults))} on {self.matcher}"

    @property
    def remaining(self) -> int | None:
        """How often it will still hit, None for always."""
        if self.matcher.times is None:
            return None
        return max(0, self.matcher.times * len(self.faults) - self.hits)

    def cancel(self) -> None:
        """Disarm it. Idempotent."""
        self._cancel(self)

    def __repr__(self) -> str:
        left = "always" if self.remaining is None else f"{self.remaining} left"
        return f"<ArmedFault {self.id}: {self}, {self.hits} hits, {left}>"

    def _matches(self, target: FaultTarget) -> bool:
        # An outage begins at one request, and goes on for all.
        return self.matcher.matches(target) or (self._goes_on and self.hits > 0)

    @property
    def _next(self) -> Fault:
        # In turn: `times` counts how often a whole sequence is gone through.
        return self.faults[self.hits % len(self.faults)]

    def _would_be_due(self) -> bool:
        """Whether the next matching request is one to hit, where that isn't left to chance."""
        turn = self.seen + 1 - self.matcher.skip
        skipped = turn < 1 or (self.matcher.every is not None and turn % self.matcher.every != 0)
        return not skipped and self.matcher.probability is None

    def _due(self, rng: random.Random) -> bool:
        """Whether this matching request is one to hit. Counts it."""
        # Counted whether it is hit or not: `skip` and `every` count requests, not hits.
        self.seen += 1
        turn = self.seen - self.matcher.skip
        if turn < 1 or (self.matcher.every is not None and turn % self.matcher.every):
            return False
        # Last, so that requests which are passed over draw nothing from the seeded stream.
        return self.matcher.probability is None or rng.random() < self.matcher.probability


class ArmedFaults:
    """The faults that were armed: those that can still hit, and the last that are spent."""

    def __init__(self) -> None:
        self._lock = free_after_fork(Lock())
        # Public, so that a request asks without the lock whether any fault is armed at all. Spent
        # faults have a list of their own, so that no request has to pass over them.
        self.live: list[ArmedFault] = []
        self._spent: deque[ArmedFault] = deque(maxlen=_SPENT_KEPT)
        self._numbered = 0

    @property
    def was_armed(self) -> bool:
        """Whether there is a fault, or was one."""
        return self._numbered > 0

    def all(self) -> list[ArmedFault]:
        """The faults, in the order of arming, with those that are spent."""
        with self._lock:
            return sorted((*self._spent, *self.live), key=lambda armed: int(armed.id))

    def armed(self) -> list[ArmedFault]:
        with self._lock:
            return list(self.live)

    def unfired(self) -> list[ArmedFault]:
        """Those that should have hit and never did."""
        with self._lock:
            return [armed for armed in self.live if not (armed.hits or armed.matcher.optional)]

    def unreported(self) -> list[ArmedFault]:
        """Those that should have hit and never did. Each is given once."""
        # A mock can be stopped several times, and a test should fail once for each fault.
        unfired = self.unfired()
        with self._lock:
            new = [armed for armed in unfired if not armed.is_reported]
            for armed in new:
                armed.is_reported = True
            return new

    def clear(self) -> None:
        """Disarm everything, and number from 1 again."""
        with self._lock:
            self.live.clear()
            self._spent.clear()
            self._numbered = 0

    def arm(
        self, faults: Sequence[Fault], matcher: FaultMatcher, *, goes_on: bool = False
    ) -> ArmedFault:
        """Arm a fault, or a sequence, last in line; with `goes_on` it hits all after its first."""
        with self._lock:
            self._numbered += 1
            armed = ArmedFault(self._numbered, faults, matcher, self._disarm, goes_on=goes_on)
            self.live.append(armed)
            return armed

    def select(self, target: FaultTarget, rng: random.Random) -> tuple[Fault, FaultMatcher] | None:
        """What hits this request: the first armed fault that matches and is due. Uses it up."""
        with self._lock:
            for armed in self.live:
                # A fault behind the one that hits doesn't count this request.
                if armed._matches(target) and armed._due(rng):
                    return self._use(armed), armed.matcher
        return None

    def peek(self, target: FaultTarget) -> Fault | None:
        """What would hit this request, as far as that is certain. Nothing is counted."""
        with self._lock:
            for armed in self.live:
                if armed._matches(target) and armed._would_be_due():
                    return armed._next
        return None

    def _use(self, armed: ArmedFault) -> Fault:
        fault = armed._next
        armed.hits += 1
        if armed.remaining == 0:
            self.live.remove(armed)
            self._spent.append(armed)
        return fault

    def _disarm(self, armed: ArmedFault) -> None:
        with self._lock:
            for kept in (self.live, self._spent):
                if armed in kept:
                    kept.remove(armed)
