"""The armed faults: what is drawn for a request, how often each hits, and how often it has."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from threading import Lock

from ..fault_values import Fault
from .aims import Aim, Phase, Subject


class ArmedFault:
    """One armed fault, or a sequence of them that is used up in order.

    Attributes:
        id: names it for the control routes; counts from 1.
        faults: the fault, or the faults in order.
        aim: which requests it is for.
        hits: how often it has hit.
        seen: how many requests it was for, hit or not.
    """

    def __init__(
        self, number: int, faults: Sequence[Fault], aim: Aim, cancel: Callable[[ArmedFault], None]
    ) -> None:
        self.id = str(number)
        self.faults = tuple(faults)
        self.aim = aim
        self.hits = 0
        self.seen = 0
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
    """All faults that were armed, spent ones too, in the order of arming."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all: list[ArmedFault] = []
        self._numbered = 0

    def __bool__(self) -> bool:
        return bool(self._all)

    def all(self) -> list[ArmedFault]:
        """The faults, in the order of arming, with those that are spent."""
        with self._lock:
            return list(self._all)

    def armed(self) -> list[ArmedFault]:
        """Those that can still hit."""
        return [armed for armed in self.all() if armed.remaining != 0]

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._all.clear()

    def arm(self, faults: Sequence[Fault], aim: Aim) -> ArmedFault:
        """Arm a fault, or a sequence, last in line."""
        with self._lock:
            self._numbered += 1
            armed = ArmedFault(self._numbered, faults, aim, self._disarm)
            self._all.append(armed)
            return armed

    def draw(self, subject: Subject, chance: random.Random) -> tuple[Fault, Phase] | None:
        """What hits this request: the first armed fault that matches and is due. Uses it up."""
        with self._lock:
            for armed in self._all:
                if armed.remaining == 0 or not armed.aim.matches(subject):
                    continue
                if armed._due(chance):
                    fault = armed.faults[armed.hits % len(armed.faults)]
                    armed.hits += 1
                    return fault, armed.aim.phase
        return None

    def _disarm(self, armed: ArmedFault) -> None:
        with self._lock:
            if armed in self._all:
                self._all.remove(armed)
