"""Beside the author's own stubs and spies: `unittest.mock`, pytest's `monkeypatch`, pytest-mock.

What was there before a mock goes on answering for other hosts. What comes while a mock is active is
the newest, and wins, for our hosts too. A spy counts, whenever it came.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import pkgutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock as unittest_mock
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from pytest_mock import MockerFixture

from eugpt_files_mock import FilesMock, NetworkRefused

from .broken_server import broken_server, replying

# Python 3.13 warns of them.
pytestmark = pytest.mark.filterwarnings("ignore:functools.partial:FutureWarning")

KEY = {"Authorization": "Bearer eugpt_test"}


class StubbedError(Exception):
    """What every stub of this table raises."""


# -- a request by each client ----------------------------------------------------------------------


def by_urllib3(url: str) -> int:
    return urllib3.PoolManager(retries=False).request("GET", url, headers=KEY, timeout=3).status


def by_http_client(url: str) -> int:
    parts = urlsplit(url)
    kind = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}[parts.scheme]
    connection = kind(parts.netloc, timeout=3)
    connection.request("GET", parts.path, headers=KEY)
    return connection.getresponse().status


async def by_aiohttp(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=KEY) as answer:
        return answer.status


async def by_async_httpx(library: Any, url: str) -> int:
    async with library.AsyncClient() as client:
        return int((await client.get(url, headers=KEY)).status_code)


def in_a_loop(ask: Callable[[str], Awaitable[int]], url: str) -> int:
    async def run() -> int:
        return await ask(url)

    return asyncio.run(run())


Ask = Callable[[str], int]
BY: dict[str, Ask] = {
    "httpx": lambda url: httpx.get(url, headers=KEY, timeout=3).status_code,
    "httpx, async": partial(in_a_loop, partial(by_async_httpx, httpx)),
    "httpx2": lambda url: httpx2.get(url, headers=KEY, timeout=3).status_code,
    "httpx2, async": partial(in_a_loop, partial(by_async_httpx, httpx2)),
    "requests": lambda url: requests.get(url, headers=KEY, timeout=3).status_code,
    "urllib3": by_urllib3,
    "aiohttp": partial(in_a_loop, by_aiohttp),
    "http.client": by_http_client,
}


def outcome(ask: Ask, url: str) -> str:
    """The status, or the name of what was raised."""
    try:
        return str(ask(url))
    except Exception as error:  # noqa: BLE001 - any is an outcome
        return type(error).__name__


PLACES = {
    "httpx.Client._transport_for_url": "httpx",
    "httpx.AsyncClient._transport_for_url": "httpx, async",
    "httpx.HTTPTransport.handle_request": "httpx",
    "httpx.AsyncHTTPTransport.handle_async_request": "httpx, async",
    "httpx2.Client._transport_for_url": "httpx2",
    "httpx2.AsyncClient._transport_for_url": "httpx2, async",
    "httpx2.HTTPTransport.handle_request": "httpx2",
    "httpx2.AsyncHTTPTransport.handle_async_request": "httpx2, async",
    "requests.Session.send": "requests",
    "requests.Session.get_adapter": "requests",
    "requests.adapters.HTTPAdapter.send": "requests",
    "requests.adapters.HTTPAdapter.get_connection_with_tls_context": "requests",
    "urllib3.HTTPConnectionPool.urlopen": "urllib3",
    "aiohttp.ClientSession._request": "aiohttp",
    "aiohttp.BaseConnector.connect": "aiohttp",
    "http.client.HTTPConnection.connect": "http.client",
    "http.client.HTTPSConnection.connect": "http.client",
}
"""Each place that a mock replaces, or that lies between two of them, and a client that comes by."""


# -- stubs -----------------------------------------------------------------------------------------


def refuse(*_: Any, **__: Any) -> Any:
    raise StubbedError


class Callable_:
    def __call__(self, *_: Any, **__: Any) -> Any:
        raise StubbedError


def patched(place: str, **words: Any) -> contextlib.AbstractContextManager[Any]:
    return unittest_mock.patch(place, **words)  # type: ignore[no-any-return]


@contextlib.contextmanager
def monkeypatched(place: str, stub: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, stub)
        yield


STUBS: dict[str, Callable[[str], contextlib.AbstractContextManager[Any]]] = {
    "MagicMock": partial(patched, side_effect=StubbedError),
    "MagicMock, not async": partial(
        patched, new_callable=partial(unittest_mock.MagicMock, side_effect=StubbedError)
    ),
    "autospec": partial(patched, autospec=True, side_effect=StubbedError),
    "function": partial(monkeypatched, stub=refuse),
    "static method": partial(monkeypatched, stub=staticmethod(refuse)),
    "callable object": partial(monkeypatched, stub=Callable_()),
    "partial": partial(monkeypatched, stub=partial(refuse)),
}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = [pkgutil.resolve_name(place) for place in PLACES]
    yield
    assert before == [pkgutil.resolve_name(place) for place in PLACES]


def hosts_for(place: str) -> tuple[str, str]:
    """A base URL of ours, and another host, for which the client comes by that place."""
    scheme = "http" if place == "http.client.HTTPConnection.connect" else "https"
    return f"{scheme}://files.example/v1", f"{scheme}://other.example/v1/files"


@pytest.mark.parametrize("stub", STUBS)
@pytest.mark.parametrize("place", PLACES)
def test_a_stub_that_was_there_before_answers_for_other_hosts(place: str, stub: str) -> None:
    """As it does without us; for our hosts the mock is the newer one, and answers."""
    ask, (ours, other) = BY[PLACES[place]], hosts_for(place)
    with STUBS[stub](place):
        without_us = outcome(ask, other)
        with FilesMock(base_url=ours) as mock:
            assert without_us == outcome(ask, other)
            assert "200" == outcome(ask, f"{ours}/files")
            mock.assert_called("list", times=1)
        assert without_us == outcome(ask, other)


@pytest.mark.parametrize("stub", STUBS)
@pytest.mark.parametrize("place", PLACES)
def test_a_stub_that_comes_later_wins_for_our_hosts_too(place: str, stub: str) -> None:
    """It is the newest; when it has gone, the mock answers again."""
    ask, (ours, other) = BY[PLACES[place]], hosts_for(place)
    with STUBS[stub](place):
        without_us = outcome(ask, other)
    with FilesMock(base_url=ours) as mock:
        with STUBS[stub](place):
            assert without_us == outcome(ask, other)
            assert without_us == outcome(ask, f"{ours}/files")
        mock.assert_not_called("list")
        assert "200" == outcome(ask, f"{ours}/files")


@pytest.mark.parametrize("stub", ["MagicMock", "function"])
@pytest.mark.parametrize("place", PLACES)
def test_a_stub_and_a_mock_are_left_crosswise(place: str, stub: str) -> None:
    """The first that came goes first; the other still answers, and nothing is left of either."""
    ask, (ours, other) = BY[PLACES[place]], hosts_for(place)
    # Nothing else is replaced there that could put ours back; the guard lets nothing out.
    answered = {
        "urllib3.HTTPConnectionPool.urlopen": "NewConnectionError",
        "http.client.HTTPConnection.connect": "NetworkRefused",
    }.get(place, "200")
    with contextlib.ExitStack() as later:
        with STUBS[stub](place):
            without_us = outcome(ask, other)
            mock = later.enter_context(FilesMock(base_url=ours))
        # The stub took ours off.
        assert answered == outcome(ask, f"{ours}/files")
        mock._lifecycle._active_mock.deferred_errors.clear()
    mock = FilesMock(base_url=ours).start()
    with STUBS[stub](place):
        mock.stop()
        assert without_us == outcome(ask, other)
    with FilesMock(base_url=ours):
        assert "200" == outcome(ask, f"{ours}/files")


# -- spies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["mock first", "spy first"])
@pytest.mark.parametrize("place", PLACES)
def test_a_spy_counts(mocker: MockerFixture, place: str, order: str) -> None:
    """For our hosts and for others, whichever came first."""
    ask = BY[PLACES[place]]
    path, _, name = place.rpartition(".")
    owner = pkgutil.resolve_name(path)
    ours = hosts_for(place)[0]
    with broken_server(replying(200, b"{}")) as real:
        spy = mocker.spy(owner, name) if order == "spy first" else None
        with FilesMock(base_url=ours):
            spy = spy or mocker.spy(owner, name)
            assert "200" == outcome(ask, f"{ours}/files")
            assert 1 == spy.call_count
            # The other host speaks no TLS.
            if "HTTPS" not in place:
                assert "200" == outcome(ask, real)
                assert 2 == spy.call_count
            mocker.stopall()


# -- the functions of the guard --------------------------------------------------------------------


def connecting(name: str, host: str) -> None:
    with socket.socket() as it:
        getattr(it, name)((host, 443))


GUARDED: dict[str, Callable[[str], Any]] = {
    "socket.getaddrinfo": lambda host: socket.getaddrinfo(host, 443),
    "socket.gethostbyname": lambda host: socket.gethostbyname(host),  # noqa: PLW0108 - looked up late
    "socket.gethostbyname_ex": lambda host: socket.gethostbyname_ex(host),  # noqa: PLW0108
    "socket.socket.connect": partial(connecting, "connect"),
    "socket.socket.connect_ex": partial(connecting, "connect_ex"),
}


INHERITED = {
    ("urllib3.HTTPSConnectionPool.urlopen", "urllib3"),
    ("urllib3.HTTPSConnectionPool.urlopen", "requests"),
    ("aiohttp.TCPConnector.connect", "aiohttp"),
    ("http.client.HTTPSConnection.request", "http.client"),
}
"""Methods that a class inherits from one where a mock lies; and a client that comes by."""


@pytest.mark.parametrize("order", ["mock first", "spy first"])
@pytest.mark.parametrize(("place", "client"), sorted(INHERITED))
def test_a_spy_on_an_inherited_method_counts(
    mocker: MockerFixture, place: str, client: str, order: str
) -> None:
    """One that was there before has the library's own function below it, and not ours."""
    owner, _, name = place.rpartition(".")
    kind = pkgutil.resolve_name(owner)
    spy = mocker.spy(kind, name) if order == "spy first" else None
    with FilesMock() as mock:
        spy = spy or mocker.spy(kind, name)
        assert "200" == outcome(BY[client], f"{mock.base_url}/files")
        assert 1 == spy.call_count
        mocker.stopall()
        assert "200" == outcome(BY[client], f"{mock.base_url}/files")
    assert name not in vars(kind)


@pytest.mark.parametrize(("place", "client"), sorted(INHERITED))
def test_a_stub_on_an_inherited_method_wins_only_when_it_comes_later(
    place: str, client: str
) -> None:
    """As on the method itself."""
    with patched(place, side_effect=StubbedError), FilesMock() as mock:
        came_first = outcome(BY[client], f"{mock.base_url}/files")
    with FilesMock() as mock, patched(place, side_effect=StubbedError):
        assert "StubbedError" == outcome(BY[client], f"{mock.base_url}/files")
    # What lies above the connection isn't the mock's: there a stub is asked in any case.
    assert came_first == ("StubbedError" if client == "http.client" else "200")


@pytest.mark.parametrize("stub", ["MagicMock", "function", "callable object", "partial"])
@pytest.mark.parametrize("place", GUARDED)
def test_the_guard_stands_beside_stubs_of_sockets(place: str, stub: str) -> None:
    """A stub goes on answering for other hosts, and a later one wins."""
    ask = GUARDED[place]
    with STUBS[stub](place), FilesMock() as mock:
        with pytest.raises(StubbedError):
            ask("other.example")
        with pytest.raises(NetworkRefused):
            ask("chat.eugpt.ai")
        mock._lifecycle._active_mock.deferred_errors.clear()
    with FilesMock(), STUBS[stub](place), pytest.raises(StubbedError):
        ask("chat.eugpt.ai")


# -- classes and modules replaced as a whole -------------------------------------------------------

NOBODY = "https://127.0.0.1:1/"
"""Refuses at once, without a look-up."""

CLASSES = {
    "httpx.Client": "httpx",
    "httpx._client.Client": "httpx",
    "httpx._client.AsyncClient": "httpx, async",
    "httpx.HTTPTransport": "httpx",
    "httpx._transports.default.HTTPTransport": "httpx",
    "httpx2._client.Client": "httpx2",
    "requests.Session": "requests",
    "requests.sessions.Session": "requests",
    "requests.adapters.HTTPAdapter": "requests",
    "urllib3.connectionpool.HTTPConnectionPool": "urllib3",
    "aiohttp.ClientSession": "aiohttp",
    "aiohttp.client.ClientSession": "aiohttp",
    "aiohttp.connector.BaseConnector": "aiohttp",
    "http.client.HTTPSConnection": "http.client",
}


def test_a_socket_class_that_is_a_stub_stops_no_mock() -> None:
    """The guard finds Python's own below it."""
    with unittest_mock.patch("socket.socket"), FilesMock() as mock:
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=KEY).status_code


@pytest.mark.filterwarnings("ignore")  # an AsyncMock that nobody awaits
@pytest.mark.parametrize("autospec", [None, True], ids=["MagicMock", "autospec"])
@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_that_is_a_stub_stops_no_mock(kind: str, autospec: bool | None) -> None:
    """The mock starts beside it, and the other clients work; afterwards all of them do."""
    beside_a_class(kind, autospec=autospec)


def beside_a_class(kind: str, *, autospec: bool | None = None) -> None:
    ours, stubbed = "https://files.example/v1", CLASSES[kind]
    with patched(kind, autospec=autospec):
        without_us = outcome(BY[stubbed], NOBODY)
        with FilesMock(base_url=ours):
            assert without_us == outcome(BY[stubbed], NOBODY)
            for name, ask in BY.items():
                if name.partition(",")[0] != stubbed.partition(",")[0]:
                    assert "200" == outcome(ask, f"{ours}/files"), name
    with FilesMock(base_url=ours):
        assert {"200"} == {outcome(ask, f"{ours}/files") for ask in BY.values()}


def test_a_class_is_a_stub_when_the_first_mock_of_a_process_starts() -> None:
    """What we keep of a library for later is its own, and not the stub."""
    code = "from tests.intercept.test_beside_stubs import *\nbeside_a_class({!r})"
    for kind in ("httpx._client.Client", "requests.adapters.HTTPAdapter"):
        run(code.format(kind))


@pytest.mark.parametrize("stub", ["mock.MagicMock()", "types.ModuleType('a_stub')", "None"])
def test_a_module_that_is_a_stub_is_left_alone(stub: str) -> None:
    """It stands for a library that isn't there, and sends no request."""
    code = f"""
import sys, types, urllib.request
from unittest import mock
for name in ("httpx", "httpx2", "requests", "urllib3", "aiohttp", "uvloop"):
    sys.modules[name] = {stub}
from eugpt_files_mock import FilesMock
with FilesMock() as it:
    request = urllib.request.Request(it.base_url + "/files", headers={KEY!r})
    assert 200 == urllib.request.urlopen(request).status
"""
    run(code)


def run(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
