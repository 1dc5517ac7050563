"""The documentation builds without a warning, has the tables whole, and needs no network."""

from __future__ import annotations

import inspect
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import eugpt_files_mock
from eugpt_files_mock import Call, File, FilesMock
from eugpt_files_mock.cli.main import COMMANDS
from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.service.operations import OPERATIONS
from eugpt_files_mock.service.refusals import REFUSALS
from eugpt_files_mock.sweep.plan import FAILURES
from eugpt_files_mock.verdict.verdict import RULES

from .blocks import ROOT

pytest.importorskip("sphinx", reason="the documentation is built with the extra `docs`")
pytest.importorskip("furo")
pytest.importorskip("myst_parser")
pytest.importorskip("sphinx_copybutton")
from sphinx.util.inventory import InventoryFile

ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//|<link[^>]+href=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//|@import"""
)

SWEEP_ARGUMENTS = [
    name
    for name, parameter in inspect.signature(FilesMock.sweep).parameters.items()
    if parameter.kind is parameter.KEYWORD_ONLY
]
COMMAND_FLAGS = [
    *COMMANDS,
    *(flag for one in COMMANDS.values() for flag in one.arguments() if flag.startswith("--")),
]
PLUGIN = [
    "eugpt_files", "eugpt_files_server", "eugpt_files_options", "eugpt_sweep",
    "eugpt_files_fast_tls", "--eugpt-allow-network", "--eugpt-sweep", "--eugpt-sweep-only",
    "--eugpt-verdict", "conftest_plugin",
]  # fmt: skip


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
        ("faults", [*FAULTS, *(f"eugpt_files_mock.faults.{name}(" for name in FAULTS)]),
        ("http", [*REFUSALS, *(f"{route.method} /v1{route.path}" for route in OPERATIONS)]),
        ("command-line", COMMAND_FLAGS),
        ("what-clients-meet", ["connection_reset", "ReadTimeout", "APIConnectionError"]),
        ("findings", [rule.kind for rule in RULES]),
        ("sweep", [*FAILURES, *SWEEP_ARGUMENTS, "Case", "outcome"]),
        ("pytest", PLUGIN),
    ],
)
def test_the_reference_has_every_line_of_the_tables(
    site: Path, page: str, words: list[str]
) -> None:
    """In the built HTML: an option, fault or route can be looked up there."""
    shown = words_of(site / "reference" / f"{page}.html")
    assert [] == [word for word in words if word not in shown]


def test_every_public_name_is_in_the_index(site: Path) -> None:
    """Sphinx's inventory: the search finds it, and other projects can link to it."""
    names = set(eugpt_files_mock.__all__) - {"faults"}
    names |= {f"FilesMock.{name}" for name in dir(FilesMock) if not name.startswith("_")}
    names |= {f"Call.{name}" for name in Call.__dataclass_fields__}
    names |= {f"File.{name}" for name in File.__dataclass_fields__}
    names |= {f"faults.{name}" for name in FAULTS}

    with (site / "objects.inv").open("rb") as inventory:
        known = InventoryFile.load(inventory, "", posixpath.join)

    indexed = {name for kind in known.values() for name in kind}
    assert [] == sorted(name for name in names if f"eugpt_files_mock.{name}" not in indexed)


def test_every_page_says_what_it_is_about(site: Path) -> None:
    """To search engines, and in `llms.txt`."""
    index = (site / "llms.txt").read_text("utf-8")
    for source in (ROOT / "docs").rglob("*.md"):
        page = source.relative_to(ROOT / "docs").with_suffix(".html")
        assert re.search(rf"\({page.as_posix()}\): \w.{{30}}", index), page
        described = re.search(
            r'<meta name="description" content="(.{30,})">', (site / page).read_text("utf-8")
        )
        assert described, page


def test_the_examples_come_with_the_site(site: Path) -> None:
    """One stands for all; tests/examples checks that each of them is on the page of recipes."""
    (example,) = site.rglob("test_lost_upload_answer.py")
    recipes = (site / "how-to" / "recipes.html").read_text("utf-8")
    assert posixpath.join(example.parent.name, example.name) in recipes


def test_reading_it_needs_no_network(site: Path) -> None:
    """Scripts, styles, images and fonts come with the pages, not from another host."""
    files = [path for kind in ("html", "css") for path in site.rglob(f"*.{kind}")]
    assert files
    assert [] == [path.name for path in files if ELSEWHERE.search(path.read_text("utf-8"))]


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Any]:
    """A page of Chromium, without a network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium or Chrome is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("413", "Simulate failures"),
        ("429", "Simulate failures"),
        ("chat completions", "Answer other routes"),
        ("two users", "Two users"),
        ("content of an upload", "With pytest"),
        ("file_too_large", "Troubleshooting"),
        ("wrong host", "Troubleshooting"),
        ("timeout", "Async code"),
        ("stream", "Answer other routes"),
        ("busy_polling", "Findings"),
        ("eugpt_files_fast_tls", "Pytest plugin"),
    ],
)
def test_the_search_finds_what_people_look_for(
    site: Path, browser_page: Any, words: str, title: str
) -> None:
    """Numbers too, which Sphinx leaves out of its index and of what is asked for."""
    browser_page.goto(f"{(site / 'search.html').as_uri()}?q={quote(words)}")
    browser_page.locator(".search-summary", has_text="Search finished").wait_for()
    found = browser_page.locator("ul.search li > a").all_inner_texts()
    assert title in found[:3], found


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1280, "dark")])
@pytest.mark.parametrize(
    "page",
    [
        "index", "how-to/faults", "fidelity", "reference/mock", "reference/what-clients-meet",
        "search",
    ],
)  # fmt: skip
def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(
    site: Path, browser_page: Any, page: str, width: int, scheme: str
) -> None:
    """What scrolls is reached by the keyboard, what is a landmark has a name."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto((site / f"{page}.html").as_uri())
    found = axe.run(browser_page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert browser_page.evaluate("document.documentElement.scrollWidth") == width
