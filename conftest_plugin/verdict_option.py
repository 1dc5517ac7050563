"""The option `--eugpt-verdict`: what the code under test did with the faults that its test met."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

_TITLE = "EU GPT Files verdict"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`report` only prints; `error` and `warning` also fail the tests with such findings."""
    parser.getgroup("eugpt-files-mock").addoption(
        "--eugpt-verdict",
        nargs="?",
        const="report",
        choices=("report", "error", "warning"),
        help="print what the code under test did with the faults that it met; "
        "with =error or =warning, fail tests with such findings",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After the test itself, before its fixtures end."""
    report = yield
    level = item.config.getoption("--eugpt-verdict", None)
    if level is None or report.when != "call":
        return report
    for verdict in _verdicts(item):
        report.sections.append((_TITLE, str(verdict)))
        if report.passed and level != "report" and verdict.blamed(strict=level == "warning"):
            report.outcome = "failed"
            report.longrepr = f"The code under test did not handle every failure well.\n{verdict}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Those of tests that passed too, which pytest would not show."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    verdicts = [
        (report.nodeid, text)
        for report in reports
        for title, text in getattr(report, "sections", ())
        if title == _TITLE
    ]
    if verdicts:
        terminalreporter.section(f"{_TITLE}s")
    for nodeid, text in verdicts:
        terminalreporter.write_line(f"{nodeid}\n{text}\n")


def _verdicts(item: pytest.Item) -> Iterator[Any]:
    from . import _MOCKS

    for mock in item.stash.get(_MOCKS, ()):
        # Without a fault there was nothing to handle.
        if any(call.fault for call in mock.calls):
            yield mock.verdict()
