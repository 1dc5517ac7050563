"""The pytest plugin: two fixtures, a marker, a report section. It only enters context managers.

Loaded by the entry point `eugpt_files_mock` in every pytest run, so nothing but pytest is imported
until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from eugpt_files_mock import FilesMock

    from .shared_server import SharedServer

_MOCKS = pytest.StashKey["list[FilesMock]"]()
_LEFT_EARLY = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "eugpt_files(**options): options of FilesMock for the fixtures eugpt_files and "
        "eugpt_files_server; the nearest marker wins.",
    )


@pytest.fixture(scope="session")
def eugpt_files_options() -> dict[str, Any]:
    """Options of `FilesMock` for the whole suite: override it in a `conftest.py`."""
    return {}


@pytest.fixture
def eugpt_files(
    request: pytest.FixtureRequest, eugpt_files_options: Mapping[str, Any]
) -> Iterator[FilesMock]:
    """A `FilesMock`, in process, empty: httpx, httpx2 and requests are intercepted."""
    mock = _mock_for(request.node, eugpt_files_options)
    with _entered(mock, request.node), _environment(mock):
        yield mock


@pytest.fixture
def eugpt_files_server(
    request: pytest.FixtureRequest,
    eugpt_files_options: Mapping[str, Any],
    _eugpt_files_shared_server: SharedServer,
) -> Iterator[FilesMock]:
    """A `FilesMock` on a port of 127.0.0.1, empty; all tests of the session share the port."""
    mock = _mock_for(request.node, eugpt_files_options)
    with _entered(_eugpt_files_shared_server.serve(mock), request.node), _environment(mock):
        yield mock


@pytest.fixture(scope="session")
def _eugpt_files_shared_server() -> Iterator[SharedServer]:
    from .shared_server import SharedServer

    server = SharedServer()
    yield server
    server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows the calls that its mocks got."""
    report = yield
    if report.when != "teardown" and call.excinfo is not None:
        item.stash[_LEFT_EARLY] = True  # failed, skipped, or failed as expected
    if report.when != "teardown" and report.failed:
        for mock in item.stash.get(_MOCKS, []):
            report.sections.append(("EU GPT Files calls", _calls_of(mock)))
    return report


def _mock_for(item: pytest.Item, options: Mapping[str, Any]) -> FilesMock:
    from eugpt_files_mock import FilesMock, OptionError

    words = dict(options)
    for marker in reversed(list(item.iter_markers("eugpt_files"))):
        if marker.args:
            _fail(f"@pytest.mark.eugpt_files takes options by name, not {marker.args[0]!r}.")
        words |= marker.kwargs
    mock, wrong = None, ""
    try:
        mock = FilesMock(**words)
    except OptionError as error:
        wrong = f"@pytest.mark.eugpt_files, or the fixture eugpt_files_options: {error}"
    if mock is None:
        _fail(wrong)
    item.stash.setdefault(_MOCKS, []).append(mock)
    return mock


def _fail(message: str) -> NoReturn:
    """Without a traceback: it would be pytest's and ours, and no line of the author's.

    Called outside of any `except`, or pytest would show the message twice.
    """
    pytest.fail(message, pytrace=False)


@contextmanager
def _entered(way_in: Any, item: pytest.Item) -> Iterator[None]:
    """A test that raised has a reason of its own: its exception is not hidden by ours."""
    way_in.start()
    try:
        yield
    finally:
        complaint = _complaint_on_leaving(way_in, failing=item.stash.get(_LEFT_EARLY, False))
    if complaint:
        _fail(complaint)


def _complaint_on_leaving(way_in: Any, *, failing: bool) -> str | None:
    from eugpt_files_mock import Unmet

    try:
        way_in._leave(failing=failing)
    except Unmet as unmet:
        return str(unmet)
    return None


@contextmanager
def _environment(mock: FilesMock) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EUGPT_API_KEY", mock.api_key)
        patch.setenv("EUGPT_BASE_URL", mock.base_url)
        yield


def _calls_of(mock: FilesMock) -> str:
    """The calls; and where a request went to an unknown route, which routes there are."""
    from eugpt_files_mock.expectations.call_lines import call_lines
    from eugpt_files_mock.expectations.verification import check_known

    strays = check_known(mock.calls.strays)
    return call_lines(mock.calls, indent="") + (f"\n\n{strays}" if strays else "")
