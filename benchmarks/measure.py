"""Two things measured side by side: blocks in turn, the order swapped each round.

The machine's mood changes from second to second and from machine to machine; what is left is the
ratio of two blocks that ran next to each other, its median over the rounds, and its quartiles.
Where one thread does all the work its processor time is taken, of the fastest of a few tries:
what disturbs it only ever makes it slower.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

Block = Callable[[], float]
"""Runs once, and gives what it cost: seconds, bytes, or another figure that divides."""

Scene = Callable[[], AbstractContextManager[Callable[[], object]]]
"""Sets the scene, and gives the thing to be repeated."""


class Unavailable(Exception):
    """What we are to be measured against is not here; says how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came out of the rounds.

    Attributes:
        median: the middle of the rounds.
        low: the lower quartile.
        high: the upper quartile.
        unit: of a difference; a ratio has none.
    """

    median: float
    low: float
    high: float
    unit: str = ""


def ratio(ours: Block, theirs: Block, *, rounds: int) -> Measured:
    """Our figure as a multiple of theirs."""
    return summary([mine / other for mine, other in _pairs(ours, theirs, rounds)])


def difference(ours: Block, theirs: Block, *, rounds: int, unit: str) -> Measured:
    """Our figure less theirs."""
    return summary([mine - other for mine, other in _pairs(ours, theirs, rounds)], unit=unit)


def summary(figures: list[float], *, unit: str = "") -> Measured:
    """Median and quartiles of two figures or more."""
    low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
    return Measured(median=median, low=low, high=high, unit=unit)


def seconds_per_call(scene: Scene, *, calls: int) -> Block:
    """A block that times so many calls within the scene; setting it is not timed."""

    def block() -> float:
        with scene() as call:
            call()
            return seconds(call, calls=calls)

    return block


def seconds(call: Callable[[], object], *, calls: int, tries: int = 3) -> float:
    """Processor time of this thread for one of so many calls, in the fastest of some tries."""
    gc.collect()
    return min(_seconds(call, calls) for _ in range(tries)) / calls


def _seconds(call: Callable[[], object], calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        call()
    return time.thread_time() - began


def _pairs(ours: Block, theirs: Block, rounds: int) -> list[tuple[float, float]]:
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            other = theirs()
            pairs.append((ours(), other))
        else:
            mine = ours()
            pairs.append((mine, theirs()))
    return pairs
