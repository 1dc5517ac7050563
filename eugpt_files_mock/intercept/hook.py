"""How a client edge is put into its library, and taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Hook(NamedTuple):
    """Two functions without arguments; what `install` has changed, `uninstall` restores."""

    install: Callable[[], None]
    uninstall: Callable[[], None]
