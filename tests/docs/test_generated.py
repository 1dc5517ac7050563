"""The generated parts of the pages are what `python -m tests.docs.refresh` would write now."""

from __future__ import annotations

import re
from pathlib import Path

import openai
import pytest

from .blocks import ROOT, pages
from .generated import parts, refreshed

REFRESH = "python -m tests.docs.refresh"
BEGINNING = re.compile("^<!-- generated: ", re.MULTILINE)
GENERATED = [page for page in pages() if BEGINNING.search(page.read_text(encoding="utf-8"))]
MEASURED = ("table", "what-clients-meet")


@pytest.mark.parametrize("page", GENERATED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_is_fresh(page: Path) -> None:
    """Nothing is written here; the failure names the command that does it."""
    text = page.read_text(encoding="utf-8")
    if MEASURED in parts(text) and openai.VERSION.startswith("2."):
        pytest.skip("the page shows what openai 3 meets")
    assert text == refreshed(page), f"{page.name} is stale: {REFRESH}"


def test_every_beginning_of_a_part_has_an_end() -> None:
    """A part without an end isn't found, and would never be refreshed."""
    for page in GENERATED:
        text = page.read_text(encoding="utf-8")
        assert len(BEGINNING.findall(text)) == len(list(parts(text))), page


def test_a_change_in_the_code_makes_the_page_stale(tmp_path: Path) -> None:
    """Only what is between the two comments is replaced."""
    page = tmp_path / "page.md"
    page.write_text(
        "# Codes\n\n<!-- generated: table refusals -->\n\nold\n\n<!-- end -->\n\nMore.\n"
    )

    text = refreshed(page)

    assert "old" not in text
    assert text.startswith("# Codes\n\n<!-- generated: table refusals -->\n\n| status |")
    assert text.endswith(" |\n\n<!-- end -->\n\nMore.\n")
