"""The table: its rows, what each is to reach, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .measure import Measured

HEAD = (
    "| what | against | to reach | measured | quartiles | reached |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        what: what of ours is measured.
        against: what it is measured against.
        measure: measures it, in so many rounds.
        at_most: what the figure may be.
        at_least: what the figure must be.
    """

    what: str
    against: str
    measure: Callable[[int], Measured]
    at_most: float | None = None
    at_least: float | None = None

    def line(self, rounds: int) -> str:
        """Measure, and write the line."""
        measured = self.measure(rounds)
        unit = measured.unit
        cells = (
            self.what,
            self.against,
            self._target(unit),
            f"**{_figure(measured.median, unit)}**",
            f"{_figure(measured.low, unit)} to {_figure(measured.high, unit)}",
            self._verdict(measured.median),
        )
        return f"| {' | '.join(cells)} |"

    def _target(self, unit: str) -> str:
        if self.at_most is not None:
            return f"≤ {_figure(self.at_most, unit)}"
        if self.at_least is not None:
            return f"≥ {_figure(self.at_least, unit)}"
        return "for comparison"

    def _verdict(self, figure: float) -> str:
        if self.at_most is not None:
            return "yes" if figure <= self.at_most else "no"
        if self.at_least is not None:
            return "yes" if figure >= self.at_least else "no"
        return ""


def _figure(figure: float, unit: str) -> str:
    return f"{figure:.2f} {unit}".rstrip()
