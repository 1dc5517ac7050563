"""The option `--eugpt-verdict`: what the code under test did with the faults that its test met."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eugpt_files_mock import FilesMock

MOCKS: pytest.StashKey[list[FilesMock]] = pytest.StashKey()
"""The mocks of a test's fixtures."""

_TITLE = "EU GPT Files verdict"

_OPTION = "--eugpt-verdict"
_LEVELS = ("report", "error", "warning")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`report` only prints; `error` and `warning` also fail the tests with such findings."""
    parser.getgroup("eugpt-files-mock").addoption(
        _OPTION,
        nargs="?",
        const="report",
        metavar="{report,error,warning}",
        help="print what the code under test did with the faults that it met; "
        "with =error or =warning, fail tests with such findings",
    )


def pytest_load_initial_conftests(args: list[str]) -> None:
    """The value may be left out, also before the name of a file or a folder."""
    for place, word in enumerate(args):
        after = args[place + 1] if place + 1 < len(args) else ""
        if word == _OPTION and after and after not in _LEVELS and not after.startswith("-"):
            if not Path(after.partition("::")[0]).exists():
                raise pytest.UsageError(f"{_wrong(after)} Its value may be left out: {_OPTION}.")
            args[place] = f"{_OPTION}=report"


def pytest_configure(config: pytest.Config) -> None:
    """A level that doesn't exist would fail no test."""
    level = config.getoption(_OPTION)
    if level not in (None, *_LEVELS):
        raise pytest.UsageError(_wrong(level))


def _wrong(level: str) -> str:
    words = ", ".join(f"{_OPTION}={level}" for level in _LEVELS)
    nearest = difflib.get_close_matches(level, _LEVELS, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"{_OPTION} can't be {level!r}.{hint} Valid: {words}."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After the test itself, before its fixtures end."""
    report = yield
    level = item.config.getoption(_OPTION, None)
    if level is None or report.when != "call":
        return report
    for verdict in _verdicts(item):
        report.sections.append((_TITLE, str(verdict)))
        # What the test has allowed itself, by `assert_resilient`, isn't held against it.
        blamed = verdict.blamed(strict=level == "warning", allow=verdict.allowed)
        if report.passed and level != "report" and blamed:
            report.outcome = "failed"
            report.longrepr = f"The code under test did not handle every failure well.\n{verdict}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The verdicts on tests that passed too."""
    write_sections(terminalreporter, _TITLE)


def write_sections(terminalreporter: Any, title: str) -> None:
    """The sections of that title of all reports: of tests that passed, pytest would show none."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    found = [
        (report.nodeid, text)
        for report in reports
        for name, text in getattr(report, "sections", ())
        if name == title
    ]
    if found:
        terminalreporter.section(f"{title}s")
    for nodeid, text in found:
        terminalreporter.write_line(f"{nodeid}\n{text}\n")


def _verdicts(item: pytest.Item) -> Iterator[Any]:
    for mock in item.stash.get(MOCKS, ()):
        # Without a fault there was nothing to handle.
        if any(call.fault for call in mock.calls):
            yield mock.verdict()
