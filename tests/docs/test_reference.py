"""The documentation builds without a warning, has the tables whole, and needs no network."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.service.refusals import REFUSALS
from eugpt_files_mock.service.routes import ROUTES

from .blocks import ROOT

pytest.importorskip("sphinx", reason="the documentation is built with the extra `docs`")
pytest.importorskip("furo")
pytest.importorskip("myst_parser")

ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//|<link[^>]+href=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//|@import"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as strictly as it is anywhere."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, ROOT / "docs", built], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built


def words_of(page: Path) -> str:
    """What a reader sees, without the markup."""
    return unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("options", list(OPTIONS)),
        ("faults", list(FAULTS)),
        ("http", [*REFUSALS, *(f"{route.method} /v1{route.template}" for route in ROUTES)]),
        ("command-line", ["serve", "--port", "--processing"]),
        ("what-clients-meet", ["connection_reset", "ReadTimeout", "APIConnectionError"]),
    ],
)
def test_the_reference_has_every_line_of_the_tables(
    site: Path, page: str, words: list[str]
) -> None:
    shown = words_of(site / "reference" / f"{page}.html")
    assert [] == [word for word in words if word not in shown]


def test_the_examples_are_shown_whole(site: Path) -> None:
    assert "def test_a_lost_answer_does_not_store_the_document_twice" in words_of(
        site / "stories.html"
    )


def test_reading_it_needs_no_network(site: Path) -> None:
    files = [path for kind in ("html", "css") for path in site.rglob(f"*.{kind}")]
    assert files
    assert [] == [path.name for path in files if ELSEWHERE.search(path.read_text("utf-8"))]
