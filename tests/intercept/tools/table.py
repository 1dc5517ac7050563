"""The table: every tool that is tried beside a mock."""

from __future__ import annotations

from .caches import CACHES
from .mocks import MOCKS
from .surroundings import SURROUNDINGS
from .tool import Tool
from .tracers import TRACERS

__all__ = ["TOOLS"]

TOOLS: list[Tool] = [*TRACERS, *MOCKS, *CACHES, *SURROUNDINGS]
