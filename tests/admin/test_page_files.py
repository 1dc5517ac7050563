"""The files of the page, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import eugpt_files_mock
from eugpt_files_mock.admin.routes import PAGE_FILES
from eugpt_files_mock.service.operations import NAMES

FILES = list((Path(eugpt_files_mock.__file__).parent / "admin" / "static").iterdir())


def test_the_files_of_the_page_are_those_that_are_served() -> None:
    """None is forgotten, none is left over."""
    assert set(PAGE_FILES) == {path.name for path in FILES}


def test_the_page_has_operations_in_the_order_of_the_table() -> None:
    """It writes some once more; one that it doesn't know comes after them, with the stubs."""
    (parts,) = (path.read_text("utf-8") for path in FILES if path.name == "parts.js")
    first = json.loads(parts.partition("const FIRST = ")[2].partition(";")[0])
    assert first == [name for name in NAMES.all if name in first]


def test_the_page_stays_small() -> None:
    """Everything together, as it is written: nothing shortens it on the way."""
    assert sum(path.stat().st_size for path in FILES) < 90_000
