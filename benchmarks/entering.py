"""Entering and leaving the mock: what a test pays that hardly uses it."""

from __future__ import annotations

import responses
import respx

from eugpt_files_mock import FilesMock

from .measure import Measured, ratio, seconds
from .table import Row


def rows() -> list[Row]:
    """One line."""
    return [
        Row(
            what="entering and leaving the mock",
            against="`respx.mock` plus `responses.RequestsMock`",
            measure=_measure,
            at_most=1.0,
        )
    ]


def _measure(rounds: int) -> Measured:
    _ours()  # imports what it needs
    _theirs()
    return ratio(
        lambda: seconds(_ours, calls=20), lambda: seconds(_theirs, calls=20), rounds=rounds
    )


def _ours() -> None:
    with FilesMock():
        pass


def _theirs() -> None:
    with respx.mock(), responses.RequestsMock():
        pass
