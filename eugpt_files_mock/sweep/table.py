"""A sweep as text: the table, what is wrong and what to do about it, how far it is; and as JSON."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from ..model.messages import Call
from .case import Case
from .plan import Failure

_NARROWEST = len("WRONG")
_WIDEST_NAME = 60
_MOST_GROUPS = 12
_MOST_EXPLAINED = 20

OUTCOMES = ("ok", "gave up", "raised", "WRONG", "(WRONG)", "-")
"""What a cell can say; `-` can't be."""


def table(cells: Sequence[Case], columns: Iterable[str]) -> str:
    """A line for each call, a column for each failure."""
    by_row: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for cell in cells:
        by_row[cell.call or ""][cell.failure or ""] = cell.outcome
    shown = [name for name in columns if any(name in row for row in by_row.values())]
    widths = [
        max(len(name), _NARROWEST, *(len(row.get(name, "-")) for row in by_row.values())) + 1
        for name in shown
    ]
    names = {row: _shortened(row) for row in by_row}
    margin = max(map(len, names.values()), default=0) + 3
    lines = [("", shown)]
    lines += [
        (names[row], [cells.get(name, "-") for name in shown]) for row, cells in by_row.items()
    ]
    return "\n".join(
        (f"{name:{margin}}" + "".join(map(str.ljust, words, widths))).rstrip()
        for name, words in lines
    )


def _shortened(name: str) -> str:
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"


def explanations(cells: Sequence[Case], failures: Sequence[Failure], words: Words) -> list[str]:
    """A paragraph for each cell that is WRONG; what is said once is not said again."""
    meanings = {failure.name: failure.meaning for failure in failures}
    told: dict[str, str] = {}
    wrong = [cell for cell in cells if cell.outcome == "WRONG"]
    found = [
        _explanation(cell, meanings[cell.failure or ""], told, words)
        for cell in wrong[:_MOST_EXPLAINED]
    ]
    if len(wrong) > _MOST_EXPLAINED:
        rest = ", ".join(map(str, wrong[_MOST_EXPLAINED:]))
        found.append(f"And {len(wrong) - _MOST_EXPLAINED} more: {rest}")
    return found


class Words(Protocol):
    """How one cell is repeated, or allowed: in Python, by the marker, by the command."""

    def repeat(self, cell: str) -> str: ...
    def allow(self, word: str) -> str: ...


class LoopWords:
    """Those of `mock.sweep()`; `others` is true if it was given arguments that are to stay."""

    def __init__(self, *, others: bool) -> None:
        self._others = "…, " if others else ""

    def repeat(self, cell: str) -> str:
        return f'mock.sweep({self._others}only="{cell}")'

    def allow(self, word: str) -> str:
        return f'mock.sweep({self._others}allow=["{word}"])'


def _explanation(cell: Case, meaning: str, told: dict[str, str], words: Words) -> str:
    name = str(cell)
    way = "\n".join(f"{reason.kind}: {reason.way or reason.text}" for reason in cell.reasons)
    if way in told:
        return f"{name} is WRONG in the same way as {told[way]}. What came: {_attempts(cell)}"
    told[way] = name
    lines = [f"{name} is WRONG. {cell.call} {meaning}; then the code"]
    for reason in cell.reasons:
        lines.append(f"    {reason}")
        if reason.cure and reason.cure not in told:
            lines.append(f"    To fix it: {reason.cure}")
            told[reason.cure] = name
    lines.append(f"  What came: {_attempts(cell)}")
    lines.append(f"  To repeat it alone: {words.repeat(name)}")
    lines.append(f"  To allow it: {words.allow(name)}")
    return "\n".join(lines)


def _attempts(cell: Case) -> str:
    groups = [str(group) for group in cell.verdict.groups] if cell.verdict else []
    if len(groups) > _MOST_GROUPS:
        groups[_MOST_GROUPS:] = [f"… {len(groups) - _MOST_GROUPS} more"]
    return "; ".join(groups) or "no call"


def summary(cells: Iterable[Case], runs: int, seconds: float, skipped: float) -> str:
    """Such as `34 runs in 0.4 s, 12 s of waiting left out: 20 ok, 3 gave up, 2 WRONG`."""
    counted = Counter(cell.outcome for cell in cells)
    outcomes = ", ".join(f"{counted[name]} {name}" for name in OUTCOMES if counted[name])
    waiting = f", {skipped:.0f} s of waiting left out" if skipped >= 1 else ""
    return f"{runs} runs in {seconds:.1f} s{waiting}" + (f": {outcomes}" if outcomes else "")


def cell_members(cell: Case, call_members: Callable[[Call], dict[str, Any]]) -> dict[str, Any]:
    """One cell in JSON, with its calls as the control routes tell calls."""
    return {
        "call": cell.call,
        "failure": cell.failure,
        "outcome": cell.outcome,
        "why": [str(reason) for reason in cell.reasons],
        "cures": [reason.cure for reason in cell.reasons if reason.cure],
        "attempts": [str(group) for group in cell.verdict.groups] if cell.verdict else [],
        "calls": [call_members(call) for call in cell.calls],
    }


class Progress(Protocol):
    """Shows how far a sweep has come; an empty text ends that."""

    def __call__(self, text: str, *, is_long: bool) -> None: ...


class TerminalProgress:
    """On a terminal, a line that is written over; of a sweep that takes long only."""

    def __init__(self) -> None:
        self._is_shown = False

    def __call__(self, text: str, *, is_long: bool) -> None:
        if not sys.stderr.isatty():
            return
        if text and is_long:
            self._is_shown = True
            sys.stderr.write(f"\rsweep: {text} ")
        elif not text and self._is_shown:
            sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
