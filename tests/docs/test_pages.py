"""Every code block of the README and of the documentation does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import ROOT, Page, pages
from .shell import Shell


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_the_page_runs(path: Path, pytester: pytest.Pytester) -> None:
    page = Page(folder=pytester.path, shell=Shell(pytester.path))
    try:
        page.run(path)
    finally:
        page.shell.close()
    if page.tests:
        result = pytester.runpytest_subprocess("-q")
        assert result.ret == 0, f"{path}: see the report above"


def test_a_block_in_an_unknown_language_fails_its_page(pytester: pytest.Pytester) -> None:
    path = pytester.path / "page.md"
    path.write_text("```klingon\nQapla'\n```\n")
    with pytest.raises(pytest.fail.Exception, match="no way to run a block of 'klingon'"):
        Page(folder=pytester.path, shell=Shell(pytester.path)).run(path)


def test_a_wrong_block_fails_with_its_page_and_line(pytester: pytest.Pytester) -> None:
    path = pytester.path / "page.md"
    path.write_text("# Title\n\n```python\nassert 1 == 2\n```\n")
    with pytest.raises(AssertionError, match=r"page.md:3"):
        Page(folder=pytester.path, shell=Shell(pytester.path)).run(path)
