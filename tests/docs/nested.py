"""A run of pytest in a folder, within this process: the clients are imported once for all pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def run_pytest(folder: Path, *words: str) -> int:
    """The exit status; what it says is captured with the test that asks."""
    with _forgotten(folder):
        return int(pytest.main([*words, "--rootdir", str(folder), str(folder)]))


@contextmanager
def _forgotten(folder: Path) -> Iterator[None]:
    """The modules of the folder: another page has a `conftest` too."""
    paths = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = paths
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and folder in Path(file).parents:
                del sys.modules[name]
