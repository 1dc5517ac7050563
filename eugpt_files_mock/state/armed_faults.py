"""The armed faults: what is drawn for a request, how often each hits, and how often it has."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock

from ..model.faults import Fault
from .fault_matcher import Aim, Subject

_SPENT_KEPT = 1_000
"""Faults that hit as often as they were to, and are kept to be shown; beyond it the oldest go."""


class ArmedFault:
    """One armed fault, or a sequence of them that is used up in order.

    Attributes:
        id: names it for the control routes; counts from 1.
        faults: the fault, or the faults in order.
        aim: which requests it is for.
        hits: how often it has hit.
        seen: how many requests it was for, hit or not.
        is_reported: whether leaving has said that it never hit.
    """

    def __init__(
        self, number: int, faults: Sequence[Fault], aim: Aim, cancel: Callable[[ArmedFault], None]
    ) -> None:
        self.id = str(number)
        self.faults = tuple(faults)
        self.aim = aim
        self.hits = 0
        self.seen = 0
        self.is_reported = False
        self._cancel = cancel

    @property
    def name(self) -> str:
        """The name of the fault; of a sequence, the names."""
        return ", ".join(fault.name for fault in self.faults)

    @property
    def remaining(self) -> int | None:
        """How often it will still hit, None for always."""
        if self.aim.times is None:
            return None
        return max(0, self.aim.times * len(self.faults) - self.hits)

    def cancel(self) -> None:
        """Disarm it. Twice is as good as once."""
        self._cancel(self)

    def __repr__(self) -> str:
        left = "always" if self.remaining is None else f"{self.remaining} left"
        return f"<ArmedFault {self.id}: {self.name} on {self.aim}, {self.hits} hits, {left}>"

    def _due(self, chance: random.Random) -> bool:
        """Whether this matching request is one to hit. Counts it."""
        self.seen += 1
        turn = self.seen - self.aim.skip
        if turn < 1 or (self.aim.every is not None and turn % self.aim.every):
            return False
        return self.aim.probability is None or chance.random() < self.aim.probability


class ArmedFaults:
    """The faults that were armed: those that can still hit, and the last that are spent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._live: list[ArmedFault] = []
        self._spent: deque[ArmedFault] = deque(maxlen=_SPENT_KEPT)
        self._numbered = 0

    def all(self) -> list[ArmedFault]:
        """The faults, in the order of arming, with those that are spent."""
        with self._lock:
            return sorted((*self._spent, *self._live), key=lambda armed: int(armed.id))

    def armed(self) -> list[ArmedFault]:
        """Those that can still hit."""
        with self._lock:
            return list(self._live)

    def unreported(self) -> list[ArmedFault]:
        """Those that should have hit and never did. Each is given once."""
        with self._lock:
            unfired = [armed for armed in self._live if not (armed.hits or armed.aim.optional)]
            new = [armed for armed in unfired if not armed.is_reported]
            for armed in new:
                armed.is_reported = True
            return new

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._live.clear()
            self._spent.clear()

    def arm(self, faults: Sequence[Fault], aim: Aim) -> ArmedFault:
        """Arm a fault, or a sequence, last in line."""
        with self._lock:
            self._numbered += 1
            armed = ArmedFault(self._numbered, faults, aim, self._disarm)
            self._live.append(armed)
            return armed

    def draw(self, subject: Subject, chance: random.Random) -> tuple[Fault, Aim] | None:
        """What hits this request: the first armed fault that matches and is due. Uses it up."""
        with self._lock:
            for armed in self._live:
                if armed.aim.matches(subject) and armed._due(chance):
                    return self._use(armed), armed.aim
        return None

    def _use(self, armed: ArmedFault) -> Fault:
        fault = armed.faults[armed.hits % len(armed.faults)]
        armed.hits += 1
        if armed.remaining == 0:
            self._live.remove(armed)
            self._spent.append(armed)
        return fault

    def _disarm(self, armed: ArmedFault) -> None:
        with self._lock:
            for kept in (self._live, self._spent):
                if armed in kept:
                    kept.remove(armed)
