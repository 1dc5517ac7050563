"""Finds mocks that a test started and didn't stop: the next test would be intercepted too."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eugpt_files_mock import FilesMock

MOCKS = pytest.StashKey["list[FilesMock]"]()
"""The mocks of a test's fixtures."""


class Watch:
    """Knows which of the active mocks may outlive a test."""

    def __init__(self) -> None:
        self._allowed: list[FilesMock] = []

    def allow_all(self) -> None:
        """Those that are active now, before the test."""
        self._allowed = _active()

    @contextmanager
    def allowing(self) -> Iterator[None]:
        """Those that are started within: by a fixture that several tests share."""
        before = _active()
        yield
        self._allowed += _without(_active(), before)

    def stop_left(self, *, checking: bool) -> list[str]:
        """Stop those that the test left started; what to tell its author."""
        return [_stopped(mock, checking=checking) for mock in _without(_active(), self._allowed)]


def _active() -> list[FilesMock]:
    """Empty, unless something has imported the package: the plugin itself doesn't."""
    if "eugpt_files_mock" not in sys.modules:
        return []
    from eugpt_files_mock import active_mocks

    return active_mocks()


def _without(mocks: Iterable[FilesMock], others: Iterable[FilesMock]) -> list[FilesMock]:
    known = {id(mock) for mock in others}
    return [mock for mock in mocks if id(mock) not in known]


def _stopped(mock: FilesMock, *, checking: bool) -> str:
    from eugpt_files_mock import ExpectationNotMet

    message = (
        f"This test started a mock and didn't stop it: {mock!r}.\n"
        "It was stopped now, or it would have answered the next test too.\n"
        "To fix it: use `with FilesMock() as mock:`, or stop() in a finalizer.\n"
        "To allow it: start it in a fixture with a wider scope, such as "
        '@pytest.fixture(scope="module").'
    )
    try:
        mock.stop()
    except ExpectationNotMet as failed:
        return f"{message}\n\n{failed}" if checking else message
    return message
