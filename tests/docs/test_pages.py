"""Every code block of the README and of the documentation does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blocks import ROOT, Page, pages
from .nested import run_pytest
from .shell import Shell

pytestmark = pytest.mark.slow


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.chdir(tmp_path)
    # A page's `conftest.py` may set these for good; set here, they are undone in the end.
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return Page(folder=tmp_path, shell=Shell(tmp_path))


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_the_page_runs(path: Path, page: Page) -> None:
    """In order, in a folder of its own; the tests that it shows are then run together."""
    page.run(path)
    if page.tests:
        assert run_pytest(page.folder, "-q") == 0, f"{path}: see the report above"


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("```klingon\nQapla'\n```", "no way to run a block of 'klingon'"),
        ("```python\nassert 1 == 2\n```", r"page.md:3"),
        ("```sh\nrm -r .\n```", "no way to check the command 'rm'"),
        ("```sh\neugpt-files-mock serve &\ncurl http://127.0.0.1:8080/\n```", "--retry"),
        ("```sh\neugpt-files-mock serve &\n```", "the server still runs"),
        ("```sh\nkill $!\n```", "nothing to end"),
    ],
)
def test_a_wrong_block_fails_its_page(block: str, complaint: str, page: Page) -> None:
    """The test above would prove nothing if such blocks were skipped."""
    path = page.folder / "page.md"
    path.write_text(f"# Title\n\n{block}\n")
    with pytest.raises((AssertionError, pytest.fail.Exception), match=complaint):
        page.run(path)
