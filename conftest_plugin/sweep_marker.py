"""`@pytest.mark.eugpt_sweep`: the whole test is repeated, with its fixtures, for every failure.

Not the function alone: each run has a mock, a `tmp_path`, a client of its own. In a report it is
one test, with the table as its failure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import pytest_runtest_teardown as tear_down
from _pytest.runner import runtestprotocol

from .verdict_option import write_sections

if TYPE_CHECKING:
    from eugpt_files_mock import FilesMock
    from eugpt_files_mock.sweep import Sweep
    from eugpt_files_mock.sweep.case import Case

MARKER = "eugpt_sweep"
_TITLE = "EU GPT Files sweep"
FIXTURES = {"eugpt_files", "eugpt_files_server"}

_LIKE_OURS = 0.85
"""Of difflib's ratio: `eugpt_sweeps` and `eugptsweep` are, `eugpt_steps` isn't."""

_CASE: pytest.StashKey[Case] = pytest.StashKey()
_ERROR: pytest.StashKey[BaseException | None] = pytest.StashKey()
_SET_UP: pytest.StashKey[list[tuple[Any, pytest.FixtureRequest]]] = pytest.StashKey()
"""The fixtures of a run, in their order."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """To repeat one cell alone, and to look at every test of a suite."""
    group = parser.getgroup("eugpt-files-mock")
    group.addoption(
        "--eugpt-sweep-only",
        action="append",
        metavar="CELL",
        help="run only this cell of the sweeps, such as 'upload report.pdf/lost', or a pattern",
    )
    group.addoption(
        "--eugpt-sweep",
        choices=("report",),
        help="report: sweep every test that uses a fixture of ours, and print the tables; nothing "
        "fails because of them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(expect=(), failures=None, strict=False, allow=(), only=None, alike=3, "
        "wait=False): repeat the test, with its fixtures, for every failure at every call; the "
        "words are those of FilesMock.sweep.",
    )


def begin(item: pytest.Item, mock: FilesMock) -> None:
    """The mock of a fixture is there: of several, the first is swept."""
    case = item.stash.get(_CASE, None)
    if case is not None and case.is_new:
        case.begin(mock)
        case.guard.rest()


def end(item: pytest.Item, mock: FilesMock) -> BaseException | None:
    """Before the mock is left; what is given keeps its exit checks from failing the run."""
    case = item.stash.get(_CASE, None)
    if case is None or not case.is_of(mock):
        return None
    case.end()
    return _Judged() if case.failure else None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What never ends is ended in the test only, and not while pytest makes its report."""
    case = item.stash.get(_CASE, None)
    if case is None or not case.is_begun:
        return (yield)
    case.guard.go_on()
    try:
        return (yield)
    finally:
        case.guard.rest()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """End every fixture, also after one that was ended by what ends code that never ends.

    A loop that is closed raises it once more, from a task; pytest takes only an `Exception` for the
    failure of one fixture, and forgets the others: the next run would have the mock of this one.
    """
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException:
        set_up = item.stash.get(_SET_UP, [])
        for definition, request in reversed(set_up):
            # Whatever it raises: this run is WRONG already.
            with suppress(Exception, SystemExit):
                definition.finish(request)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: pytest.FixtureRequest) -> None:
    """Note the fixtures of each run of a swept test; pytest sets them up."""
    if fixturedef.scope == "function" and _CASE in request.node.stash:
        request.node.stash[_SET_UP].append((fixturedef, request))


class _Judged(Exception):
    """Stands for whatever a run with a failure raised: the sweep judges it."""


# First, as pytest's own implementation runs a test once, and that of pytest-rerunfailures again.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Repeat the test; other tests are left to pytest."""
    words = _words(item)
    if words is None or _wrong(item) is not None:
        return None
    hooks, config = item.ihook, item.config
    hooks.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _Repetition(item, nextitem, words, config.getoption("--eugpt-sweep")).reports():
        hooks.pytest_runtest_logreport(report=report)
    hooks.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _words(item: pytest.Item) -> dict[str, Any] | None:
    """The words of the marker, the nearest first; None for a test that isn't swept."""
    markers = list(item.iter_markers(MARKER))
    asks = {*FIXTURES, "request"} & set(getattr(item, "fixturenames", ()))
    if not markers and not (item.config.getoption("--eugpt-sweep") and asks):
        return None
    words: dict[str, Any] = {}
    for marker in reversed(markers):
        words |= marker.kwargs
    only = item.config.getoption("--eugpt-sweep-only")
    if only:
        words["only"] = only
    return words


def _wrong(item: pytest.Item) -> str | None:
    """What is wrong with the marker, or None."""
    for marker in item.iter_markers():
        if marker.name == MARKER and marker.args:
            return f"@pytest.mark.{MARKER} takes words by name, got {marker.args[0]!r}."
        if is_near_miss(marker.name, MARKER, _LIKE_OURS, item.config):
            return f"@pytest.mark.{marker.name} isn't a marker. Did you mean @pytest.mark.{MARKER}?"
    words = _words(item)
    if words is None:
        return None
    from eugpt_files_mock import OptionError
    from eugpt_files_mock.sweep import Sweep

    try:
        Sweep.of_words(None, words)
    except OptionError as error:
        return f"@pytest.mark.{MARKER}: {error}"
    return None


def is_near_miss(name: str, ours: str, least: float, config: pytest.Config) -> bool:
    """Whether a marker was meant to be ours: `least` is of difflib's ratio."""
    if name == ours or difflib.SequenceMatcher(None, name, ours).ratio() < least:
        return False
    # A marker that is registered is somebody's own, however much it is like ours.
    return not any(re.split("[:(]", line)[0].strip() == name for line in config.getini("markers"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is wrong with the marker fails its test."""
    wrong = _wrong(item)
    if wrong is not None:
        pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what the run raised, in the test or in a fixture."""
    # Of a test of unittest, the error is only there when the report has been made.
    report = yield
    if item.stash.get(_CASE, None) is not None and call.excinfo is not None:
        error = call.excinfo.value
        # A warning that is made an error says that the run forgot to close something.
        if item.stash.get(_ERROR, None) is None and not isinstance(error, Warning):
            item.stash[_ERROR] = error
    return report


class _Repetition:
    """One test, repeated for every failure at every call."""

    def __init__(
        self,
        item: pytest.Item,
        nextitem: pytest.Item | None,
        words: dict[str, Any],
        mode: str | None,
    ) -> None:
        from eugpt_files_mock.sweep import Sweep

        self._item, self._nextitem = item, nextitem
        self._only_reports = mode == "report"
        self._sweep: Sweep = Sweep(None, **words, words=_MarkerWords(item.nodeid, words))
        self._sweep.on_progress = _Progress(item)
        self._reports: list[pytest.TestReport] = []

    def reports(self) -> list[pytest.TestReport]:
        """Those of one test: of its first run, the table being the failure of its call."""
        from eugpt_files_mock import FilesMockError

        problem: str | None = None
        runs = self._sweep.runs()
        try:
            for case in runs:
                if not self._goes_on_after(case):
                    break
        except FilesMockError as error:
            problem = str(error)
        finally:
            # Whatever ended it: sleeping takes its time again.
            runs.close()
            self._forget()
        problem = problem or self._sweep.problem()
        self._tear_down()
        return self._told(problem)

    def _goes_on_after(self, case: Case) -> bool:
        item = self._item
        self._forget()
        _renew_instance(item)
        item.stash[_CASE], item.stash[_ERROR], item.stash[_SET_UP] = case, None, []
        # As if another test of the same class or module came next: fixtures of function scope end.
        after: Any = item.parent
        made = runtestprotocol(item, log=False, nextitem=after)
        error = item.stash[_ERROR]
        if not case.failure:
            passed = all(report.outcome == "passed" for report in made)
            if not self._reports or not passed:
                self._reports = made
            if not passed or not self._is_swept(case):
                return False
        if case.is_over:
            case.finish(error)
        elif case.failure:
            case.give_up(error)
        return not (item.session.shouldstop or item.session.shouldfail)

    def _is_swept(self, case: Case) -> bool:
        """Whether there is anything to sweep, after a run without a failure."""
        if not case.is_over:
            if self._item.get_closest_marker(MARKER) and not self._only_reports:
                _fail(self._reports, _WITHOUT_FIXTURE)
            return False
        own = sorted({call.fault for call in case.calls if call.fault})
        if self._only_reports and own:
            self._note(f"not swept, as it arms failures of its own: {', '.join(own)}")
            return False
        return not self._only_reports or len(case.calls) > 0

    def _forget(self) -> None:
        stash = self._item.stash
        if _CASE in stash:
            del stash[_CASE]
        stash[_ERROR], stash[_SET_UP] = None, []

    def _tear_down(self) -> None:
        """What the repetitions kept for one another: fixtures with a wider scope that end here."""
        call = pytest.CallInfo.from_call(
            lambda: tear_down(self._item, self._nextitem),
            when="teardown",
            reraise=(pytest.exit.Exception, KeyboardInterrupt),
        )
        if call.excinfo is not None:
            self._reports.append(
                self._item.ihook.pytest_runtest_makereport(item=self._item, call=call)
            )

    def _told(self, problem: str | None) -> list[pytest.TestReport]:
        passed = all(report.passed for report in self._reports)
        if passed and problem is not None and not self._only_reports:
            _fail(self._reports, problem)
        elif passed and problem is not None and not self._sweep.has_cells:
            self._note(problem)
        elif passed and self._sweep.has_cells:
            self._note(str(self._sweep))
        for report in self._reports:
            if report.when == "call":
                report.duration += self._sweep.seconds
        return self._reports

    def _note(self, text: str) -> None:
        for report in self._reports:
            if report.when == "call":
                report.sections.append((_TITLE, text))


def _fail(reports: list[pytest.TestReport], message: str) -> None:
    for report in reports:
        if report.when == "call":
            report.outcome = "failed"
            report.longrepr = message
            # The calls of the first run would only lead away from the failures.
            report.sections = []


def _renew_instance(item: pytest.Item) -> None:
    """A test of a class gets a new instance, as each test does."""
    kept = vars(item)
    if isinstance(item.parent, pytest.Class) and kept.get("_instance") is not None:
        del kept["_instance"]
        kept["_obj"] = None


_WITHOUT_FIXTURE = (
    f"@pytest.mark.{MARKER} repeats a test with a mock that meets failures, and this test has none "
    "of our fixtures.\n"
    "To fix it: ask for eugpt_files or eugpt_files_server; a mock that the test makes itself is "
    "swept by a loop: for case in mock.sweep(): with case: …"
)


class _MarkerWords:
    """How one cell is repeated or allowed, for a test with the marker."""

    def __init__(self, nodeid: str, given: dict[str, Any]) -> None:
        self._nodeid = nodeid
        # Arguments that are to stay, such as `strict=True`.
        self._others = "…, " if given.keys() - {"only"} else ""

    def repeat(self, cell: str) -> str:
        """A command."""
        return f"pytest '{self._nodeid}' --eugpt-sweep-only '{cell}'"

    def allow(self, word: str) -> str:
        """The marker."""
        return f'@pytest.mark.{MARKER}({self._others}allow=["{word}"])'


class _Progress:
    """On a terminal, of a sweep that takes long: how many runs there were."""

    def __init__(self, item: pytest.Item) -> None:
        self._terminal = item.config.pluginmanager.get_plugin("terminalreporter")
        self._name = item.name
        self._is_shown = False

    def __call__(self, text: str, *, is_long: bool) -> None:
        if self._terminal is None or not self._terminal.isatty:
            return
        if text and is_long:
            self._is_shown = True
            self._terminal.rewrite(f"{self._name}: {text}", erase=True)
        elif not text and self._is_shown:
            self._terminal.rewrite("", erase=True)
            self._terminal.currentfspath = None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """With `--eugpt-sweep=report`, the tables of tests that passed, which pytest would not show."""
    if terminalreporter.config.getoption("--eugpt-sweep") is None:
        return
    write_sections(terminalreporter, _TITLE)
