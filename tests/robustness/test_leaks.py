"""Nothing is left behind: no patch, no warning, no thread, whatever happened in between."""

from __future__ import annotations

import contextlib
import gc
import random
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import httpx2
import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from eugpt_files_mock import ExpectationNotMet, FilesMock, StateError, active_mocks, faults

pytestmark = pytest.mark.slow

SEAMS = [
    *((library.Client, "_transport_for_url") for library in (httpx, httpx2)),
    *((library.AsyncClient, "_transport_for_url") for library in (httpx, httpx2)),
    *((library.HTTPTransport, "handle_request") for library in (httpx, httpx2)),
    *((library.AsyncHTTPTransport, "handle_async_request") for library in (httpx, httpx2)),
    (requests.Session, "get_adapter"),
    (HTTPAdapter, "get_connection_with_tls_context"),
    (HTTPAdapter, "send"),
    (HTTPConnectionPool, "urlopen"),
]
HEADERS = {"Authorization": "Bearer eugpt_key"}


def _seams() -> list[object]:
    return [vars(owner)[name] for owner, name in SEAMS]


@pytest.fixture(autouse=True)
def _the_patched_attributes_are_the_originals_afterwards() -> Iterator[None]:
    with FilesMock():
        """Takes off what neighbours of earlier tests had restored."""
    before = _seams()
    yield
    assert _seams() == before


class Tumult:
    """Mocks that are started, stopped, failed and left in any order; a seed makes it repeat."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._mocks = [FilesMock(base_url=f"https://host{n % 3}.example/{n}") for n in range(6)]
        self._running: list[FilesMock] = []
        self._deeds: list[Callable[[FilesMock], None]] = [
            self._start,
            self._start,
            self._stop,
            self._stop_with_a_complaint,
            self._start_again,
            self._fail_inside,
            self._fail_a_call,
        ]

    def act(self) -> None:
        self._chance.choice(self._deeds)(self._chance.choice(self._mocks))

    def close(self) -> None:
        self._chance.shuffle(self._running)
        for mock in list(self._running):
            self._stop(mock)

    def _start(self, mock: FilesMock) -> None:
        if mock not in self._running:
            mock.start()
            self._running.append(mock)

    def _stop(self, mock: FilesMock) -> None:
        mock.stop()
        if mock in self._running:
            self._running.remove(mock)

    def _stop_with_a_complaint(self, mock: FilesMock) -> None:
        if mock in self._running:
            mock.inject(faults.server_error())
            with pytest.raises(ExpectationNotMet):
                mock.stop()
            self._running.remove(mock)
            mock.reset()

    def _start_again(self, mock: FilesMock) -> None:
        if mock in self._running:
            with pytest.raises(StateError):
                mock.start()

    def _fail_inside(self, mock: FilesMock) -> None:
        if mock not in self._running:
            with pytest.raises(ZeroDivisionError), mock:
                raise ZeroDivisionError

    def _fail_a_call(self, mock: FilesMock) -> None:
        if mock in self._running:
            armed = mock.inject(faults.connection_reset(), on="list")
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{mock.base_url}/files", headers=HEADERS, timeout=5)
            armed.cancel()


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_activations_in_any_order_leave_the_clients_as_they_were(seed: int) -> None:
    """Starts, stops and failures at random; the case's number is the seed that repeats it."""
    with contextlib.closing(Tumult(seed)) as tumult:
        for _ in range(1_000):
            tumult.act()


def test_threads_that_come_and_go_leave_the_clients_as_they_were() -> None:
    """Each thread has a host of its own, and each of its calls is answered meanwhile."""

    def come_and_go(number: int) -> None:
        for _ in range(50):
            with FilesMock(base_url=f"https://host{number}.example/v1") as mock:
                answer = requests.get(f"{mock.base_url}/files", headers=HEADERS, timeout=5)
                statuses.add(answer.status_code)

    statuses: set[int] = set()
    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == {200}


def test_threads_that_start_and_stop_leave_no_mock_on_the_list() -> None:
    """Python switches between the threads each microsecond, so that a lost update would show."""

    def come_and_go(number: int) -> None:
        for _ in range(100):
            with FilesMock(base_url=f"https://host{number}.example/v1"):
                pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)

    assert [] == active_mocks()


class Wrapping(httpx.BaseTransport):
    """A transport of a user's, that does some work and hands on to another."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.work = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.work += 1
        return self.inner.handle_request(request)


class Looping(Wrapping):
    """It also knows itself, and is known by the one that it wraps."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        super().__init__(inner)
        self.itself = self
        inner.outer = self  # type: ignore[attr-defined]


@pytest.fixture
def network() -> Iterator[httpx.HTTPTransport]:
    with httpx.HTTPTransport(verify=False) as transport:
        yield transport


@pytest.mark.parametrize("wrapped", [1, 2, 5])
@pytest.mark.parametrize("kind", [Wrapping, Looping])
def test_wrapped_transports_are_given_back(
    kind: type[Wrapping], wrapped: int, network: httpx.HTTPTransport
) -> None:
    """Each layer works once for each call and keeps its inner one, after exceptions too."""
    layers: list[Wrapping] = []
    outer: httpx.BaseTransport = network
    for _ in range(wrapped):
        outer = kind(outer)
        layers.append(outer)
    before = [layer.inner for layer in layers]

    for number in range(1, 51):
        with contextlib.suppress(ZeroDivisionError), FilesMock() as mock, FilesMock() as inner:
            client = httpx.Client(transport=outer)
            answer = client.get(f"{mock.base_url}/files", headers=HEADERS)
            assert (answer.status_code, len(inner.calls)) == (200, 1)
            raise ZeroDivisionError
        assert [layer.inner for layer in layers] == before
        assert [layer.work for layer in layers] == [number] * wrapped


def test_a_transport_that_was_exchanged_meanwhile_stays(network: httpx.HTTPTransport) -> None:
    """Leaving the mock must not undo what the user has put in its place."""
    wrapping, another = Wrapping(network), httpx.MockTransport(lambda _: httpx.Response(200))
    with FilesMock() as mock:
        httpx.Client(transport=wrapping).get(f"{mock.base_url}/files", headers=HEADERS)
        wrapping.inner = another

    assert wrapping.inner is another


class Slotted:
    """A transport by its methods only, with no room for weak references."""

    __slots__ = ("__dict__",)

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.inner.handle_request(request)


def test_clients_that_were_closed_are_not_kept_by_an_active_mock() -> None:
    """Otherwise a mock that lasts a whole session would fill the memory with them."""
    with FilesMock() as mock:
        transports = []
        for _ in range(300):
            wrapping = Wrapping(httpx.HTTPTransport(verify=False))
            with httpx.Client(transport=wrapping) as client:
                client.get(f"{mock.base_url}/files", headers=HEADERS)
            transports.append(weakref.ref(wrapping))
        del wrapping, client
        gc.collect()

        assert [] == [transport for transport in transports if transport() is not None]


def test_a_wrapper_of_the_users_keeps_its_inner_transport(
    network: httpx.HTTPTransport,
) -> None:
    """Also one without a `__dict__`: nothing is put into it, so nothing can be left in it."""
    wrapper = Slotted(network)
    client = httpx.Client(transport=cast("httpx.BaseTransport", wrapper))
    with FilesMock() as mock:
        assert 200 == client.get(f"{mock.base_url}/files", headers=HEADERS).status_code
        assert wrapper.inner is network
        assert 1 == len(mock.calls)


class WithASpare(httpx.HTTPTransport):
    """It goes to the network itself, and has another for bad days."""

    def __init__(self, spare: httpx.BaseTransport) -> None:
        super().__init__(verify=False)
        self.spare = spare


def test_a_transport_that_goes_to_the_network_itself_never_does(
    network: httpx.HTTPTransport,
) -> None:
    """It has another transport inside, as a wrapper has, but sends by itself."""
    with FilesMock() as mock, httpx.Client(transport=WithASpare(network)) as client:
        client.get(f"{mock.base_url}/files", headers=HEADERS)

        assert len(mock.calls) == 1


class Elsewhere(BaseAdapter):
    """For addresses of another kind."""

    def close(self) -> None:
        pass

    def send(self, *arguments: Any, **words: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 204
        return response


def test_an_address_of_another_kind_is_left_to_its_adapter() -> None:
    """`socket://a:path/b` has no number as its port, which must not be an error."""
    session = requests.Session()
    session.mount("socket://", Elsewhere())
    with FilesMock():
        assert session.get("socket://a:path/b").status_code == 204


EVERYTHING = """
import asyncio, gc, httpx, httpx2, requests
from eugpt_files_mock import FilesMock, faults

HEADERS = {"Authorization": "Bearer eugpt_key"}
FORM = {"files": {"file": ("a.txt", b"content")}, "data": {"purpose": "assistants"}}
BROKEN = [faults.connection_reset(), faults.truncated(3), faults.empty_response(), faults.garbage()]

def talk(mock):
    url = f"{mock.base_url}/files"
    mock.inject(BROKEN, on="list", times=3)
    for library in (httpx, httpx2, requests):
        file = library.post(url, headers=HEADERS, **FORM).json()
        library.get(f"{url}/{file['id']}/content", headers=HEADERS)
        for fault in BROKEN:
            try:
                library.get(url, headers=HEADERS)
            except (httpx.HTTPError, httpx2.HTTPError, requests.RequestException):
                pass
            else:
                raise AssertionError(fault)
    asyncio.run(talk_async(url))

async def talk_async(url):
    for library in (httpx, httpx2):
        async with library.AsyncClient() as client:
            answers = [client.post(url, headers=HEADERS, **FORM) for _ in range(10)]
            assert {200} == {answer.status_code for answer in await asyncio.gather(*answers)}

for _ in range(3):
    with FilesMock() as mock:
        talk(mock)
    with FilesMock().serve() as mock:
        talk(mock)
gc.collect()
"""


def test_nothing_is_left_open_and_nothing_is_warned_of() -> None:
    """By three clients, with faults, in process and on a port: Python says so under `-W error`."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", EVERYTHING],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_mock_that_is_forgotten_is_forgotten() -> None:
    """Neither the hooks nor the clients keep the files of a mock that was left."""
    with FilesMock() as mock:
        requests.get(f"{mock.base_url}/files", headers=HEADERS, timeout=5)
        httpx.get(f"{mock.base_url}/files", headers=HEADERS, verify=False)
    forgotten = weakref.ref(mock)
    del mock
    gc.collect()

    assert forgotten() is None
