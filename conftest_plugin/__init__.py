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

pytest_plugins = "conftest_plugin.verdict_option"

_MOCKS = pytest.StashKey["list[FilesMock]"]()
_RAISED = pytest.StashKey[BaseException]()


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
        item.stash[_RAISED] = call.excinfo.value  # failed, skipped, or failed as expected
    if report.when != "teardown" and report.failed and _MOCKS in item.stash:
        from eugpt_files_mock.expectations.exit_checks import report_section

        for mock in item.stash[_MOCKS]:
            report.sections.append(("EU GPT Files calls", report_section(mock)))
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
def _entered(context: Any, item: pytest.Item) -> Iterator[None]:
    """A test that raised has a reason of its own: the exit checks do not hide it."""
    context.__enter__()
    try:
        yield
    finally:
        failure = _exit_failure(context, item.stash.get(_RAISED, None))
    if failure:
        _fail(failure)


def _exit_failure(context: Any, raised: BaseException | None) -> str | None:
    from eugpt_files_mock import ExpectationNotMet

    try:
        context.__exit__(type(raised), raised, None)
    except ExpectationNotMet as not_met:
        return str(not_met)
    return None


@contextmanager
def _environment(mock: FilesMock) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EUGPT_API_KEY", mock.api_key)
        patch.setenv("EUGPT_BASE_URL", mock.base_url)
        yield
