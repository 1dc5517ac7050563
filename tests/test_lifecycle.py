"""Starting, leaving, checking: threads, forks, several ways in, and what the exit checks say."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests

from eugpt_files_mock import (
    ClientHasNoTimeout,
    ExpectationNotMet,
    FilesMock,
    OptionError,
    StateError,
    faults,
)
from eugpt_files_mock.intercept import installation

from .conftest import WAYS
from .portable import fork, needs_fork


def ask(mock: FilesMock, path: str = "/files", **words: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    return httpx.get(f"{mock.base_url}{path}", headers=headers, verify=False, **words)


def refuses_connections(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return True
    return False


def at_once(function: Callable[[], object], threads: int = 4) -> list[object]:
    """What the function returned or raised in each of several threads."""
    barrier, results = threading.Barrier(threads), list[object]()

    def run() -> None:
        barrier.wait()
        try:
            results.append(function())
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            results.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


@pytest.mark.parametrize("way", WAYS)
def test_a_start_from_four_threads_opens_once(way: str) -> None:
    """The other three get a StateError."""
    for _ in range(20):
        mock = FilesMock()
        opener = mock if way == "in process" else mock.serve()
        results = at_once(opener.start)
        base_url = mock.base_url
        opener.stop()

        assert 3 == sum(isinstance(result, StateError) for result in results)
        assert 1 == results.count(mock)
        assert way == "in process" or refuses_connections(base_url)


def test_a_stop_from_four_threads_checks_once() -> None:
    """One of them says that a fault never fired."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="list")

    results = at_once(mock.stop)

    assert 1 == sum(isinstance(result, ExpectationNotMet) for result in results)
    assert 3 == results.count(None)


def test_stop_ends_every_way_in_and_checks() -> None:
    """Interception and both ports; each of them may be stopped once more, without effect."""
    mock = FilesMock()
    first, second = mock.serve(), mock.serve()
    mock.start()
    addresses = []
    for serving in (first, second):
        serving.start()
        addresses.append(mock.base_url)
    mock.inject(faults.timeout(), on="list")

    with pytest.raises(ExpectationNotMet, match="1 armed fault never fired"):
        mock.stop()

    assert all(map(refuses_connections, addresses))
    first.stop()
    second.stop()
    mock.stop()
    with pytest.raises(StateError):
        _ = second.url


def test_stop_of_a_mock_that_is_only_served_ends_the_port() -> None:
    """It runs the exit checks too, though nothing was intercepted."""
    mock = FilesMock()
    mock.serve().start()
    ask(mock, "/fies")

    with pytest.raises(ExpectationNotMet, match="1 request came for a route"):
        mock.stop()

    assert refuses_connections(mock.base_url)


def test_a_port_can_be_opened_again_after_stop() -> None:
    """The object that `serve()` returned is not used up."""
    mock = FilesMock()
    serving = mock.serve()
    serving.start()
    mock.stop()
    with serving:
        assert 200 == ask(mock).status_code


def test_nothing_is_checked_while_a_port_is_open() -> None:
    """The last way in that is left runs the checks."""
    mock = FilesMock()
    serving = mock.serve()
    with mock:
        serving.start()
        mock.inject(faults.timeout(), on="list")

    with pytest.raises(ExpectationNotMet, match="never fired"):
        serving.stop()


def test_check_runs_the_exit_checks_at_any_time() -> None:
    """Such as for a test that uses `wsgi_app`; what it says isn't said again."""
    mock = FilesMock()
    mock.check()
    mock.inject(faults.timeout(), on="list")

    with pytest.raises(ExpectationNotMet, match="never fired"):
        mock.check()

    with mock:
        mock.check()


def test_a_swallowed_error_is_reported_once() -> None:
    """Though the client tried three times, and the mock is checked and left."""
    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list", times=3)
        for _ in range(3):
            with suppress(ClientHasNoTimeout):
                ask(mock, timeout=None)
        with pytest.raises(ExpectationNotMet) as caught:
            mock.check()

    assert 1 == str(caught.value).count("a client that has no timeout")


def _in_a_fork(function: Callable[[], object]) -> int:
    """The exit status of a forked child that calls the function."""
    pid = fork()
    if pid == 0:  # pragma: no cover - in the child
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(_waited(pid))


def _waited(pid: int) -> int:
    """The status of a child, which gets ten seconds."""
    timer = threading.Timer(10, os.kill, (pid, 9))
    timer.start()
    try:
        return os.waitpid(pid, 0)[1]
    finally:
        timer.cancel()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_a_forked_child_can_leave(way: str) -> None:
    """It doesn't wait for threads that only the parent has, and leaves the parent's mock alone.

    What the child didn't see is for the parent to check.
    """
    mock = FilesMock()
    serving = mock if way == "in process" else mock.serve()
    serving.start()
    mock.inject(faults.rate_limited(), on="list")

    assert 0 == _in_a_fork(serving.stop)
    assert 0 == _in_a_fork(mock.stop)
    assert 429 == ask(mock).status_code
    serving.stop()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_mocks_of_its_own() -> None:
    """The server that it inherits from its parent is not in its way."""

    def serve() -> None:
        with FilesMock().serve() as mine:
            assert 200 == ask(mine).status_code

    with FilesMock().serve():
        assert 0 == _in_a_fork(serve)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_child_of_multiprocessing_is_refused(mock: FilesMock) -> None:
    """A fork has a copy of the mock only; its request goes neither there nor to the service."""
    child = multiprocessing.get_context("fork").Process(target=ask, args=(mock,))
    child.start()
    child.join(10)

    assert 1 == child.exitcode
    assert 0 == len(mock.calls)


def test_base_url_after_serving_is_the_last_address() -> None:
    """Not the real service's, except while it is intercepted."""
    mock = FilesMock()
    assert "https://chat.eugpt.ai/v1" == mock.base_url
    with mock.serve():
        address = mock.base_url
    assert address == mock.base_url
    with mock:
        assert "https://chat.eugpt.ai/v1" == mock.base_url
    mock.reset()
    assert address == mock.base_url


def test_passthrough_cannot_be_served() -> None:
    """On a port there is nobody to leave a path to."""
    with pytest.raises(OptionError, match="passthrough"):
        FilesMock(passthrough="/v1/audio").serve()


@pytest.mark.parametrize("step", ["enter", "leave"])
def test_a_mock_is_started_and_stopped_under_its_lock(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that start and stop it at once would else leave half of it active."""
    real, held = getattr(installation, step), []

    def watched(active: object) -> None:
        held.append(mock._lifecycle.lock._is_owned())  # type: ignore[attr-defined]
        real(active)

    monkeypatch.setattr(installation, step, watched)
    mock = FilesMock()
    with mock:
        pass
    assert [True] == held


def test_a_port_is_opened_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a `stop()` in another thread, which must find it, or not."""
    mock, held = FilesMock(), []
    real = mock._lifecycle.open_port

    def watched(port: Any) -> None:
        held.append(mock._lifecycle.lock._is_owned())  # type: ignore[attr-defined]
        real(port)

    monkeypatch.setattr(mock._lifecycle, "open_port", watched)
    with mock.serve():
        pass
    assert [True] == held


def test_a_report_names_the_hosts_that_http_client_asks_for() -> None:
    """Also where urllib.request stands above it."""
    with FilesMock() as mock:
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen("http://chat.eugptt.invalid/v1/files", timeout=5)
        assert "Other hosts in this test: chat.eugptt.invalid (http.client);" in mock.report()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes before 3.11")
@pytest.mark.parametrize("way", ["with", "decorated", "in a TestCase"])
def test_an_error_that_leaves_names_other_hosts_if_nothing_came(way: str) -> None:
    """A host that is mistyped goes to the network: only what comes of it can be told."""
    mock = FilesMock()

    def read(*_: Any) -> None:
        httpx.get("https://chat.eugptt.invalid/v1/files")

    class Reading(unittest.TestCase):
        test_it = read

    if way == "in a TestCase":
        result = unittest.TestResult()
        mock(Reading)("test_it").run(result)
        shown = result.errors[0][1]
    else:
        with pytest.raises(httpx.ConnectError) as caught:
            _in_a_with(mock, read) if way == "with" else mock(read)()
        shown = "\n".join(caught.value.__notes__)
    said = "Other hosts in this test: chat.eugptt.invalid (httpx); the mock is at "
    assert 1 == shown.count(f"{said}https://chat.eugpt.ai/v1")


def _in_a_with(mock: FilesMock, function: Callable[[], None]) -> None:
    with mock:
        function()


def test_an_error_that_leaves_names_no_hosts_where_something_came() -> None:
    """A test may well ask other hosts too."""
    mock = FilesMock()

    def read() -> None:
        ask(mock)
        httpx.get("https://elsewhere.invalid/")

    with pytest.raises(httpx.ConnectError) as caught:
        _in_a_with(mock, read)
    assert [] == getattr(caught.value, "__notes__", [])
