"""How far a sweep has come, for somebody who waits for it."""

from __future__ import annotations

import sys
from typing import Protocol


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
