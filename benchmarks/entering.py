"""Entering and leaving the mock: what a test pays that hardly uses it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import responses
import respx

from eugpt_files_mock import FilesMock

from .measure import Measured, ratio, seconds
from .table import Row


def rows() -> list[Row]:
    """By itself, and within mocks that a suite has already."""
    theirs = "`respx.mock` plus `responses.RequestsMock`"
    return [
        Row(
            what="entering and leaving the mock",
            against=theirs,
            measure=partial(_against_theirs, _ours),
            at_most=0.25,
        ),
        Row(
            what="entering these two and the mock, which is mounted in both, and leaving them",
            against=theirs,
            measure=partial(_against_theirs, _mounted),
        ),
    ]


def _against_theirs(work: Callable[[], None], rounds: int) -> Measured:
    work()  # imports what it needs
    _theirs()
    return ratio(lambda: seconds(work, calls=20), lambda: seconds(_theirs, calls=20), rounds=rounds)


def _ours() -> None:
    with FilesMock():
        pass


def _mounted() -> None:
    with respx.mock() as router, responses.RequestsMock() as other, FilesMock() as mock:
        mock.mount(router)
        mock.mount(other)


def _theirs() -> None:
    with respx.mock(), responses.RequestsMock():
        pass
