"""Transports and clients of the user's own: they do their work, and never get out to our host.

Our base URL is that of a real server, which counts who comes.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from eugpt_files_mock import FilesMock, faults

from . import broken_server as broken

httpx2 = pytest.importorskip("httpx2")

AUTH = {"Authorization": "Bearer eugpt_test"}
MODES = ("Client", "AsyncClient")

pytestmark = [
    pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__),
    pytest.mark.parametrize("mode", MODES),
]


@contextmanager
def real_server() -> Iterator[tuple[str, list[str]]]:
    """A base URL, and a list that has an item for each connection there was."""
    came: list[str] = []
    reply = broken.replying(200, b'"real"')

    def count(connection: socket.socket) -> None:
        came.append("came")
        reply(connection)

    with broken.broken_server(count) as base_url:
        yield base_url, came


def get(client: Any, url: str) -> Any:
    """The answer to one request, by a client of either mode, which is closed then."""

    async def ask() -> Any:
        async with client:
            return await client.get(url, headers=AUTH)

    if hasattr(client, "__aenter__"):
        return anyio.run(ask)
    with client:
        return client.get(url, headers=AUTH)


def network_of(library: Any, mode: str) -> Callable[[], Any]:
    """Makes transports that go to the network."""
    kind = library.HTTPTransport if mode == "Client" else library.AsyncHTTPTransport
    return partial(kind, verify=False)


def wrapping(library: Any) -> Any:
    """A class of transports as people write them: sync and async, with one transport inside."""

    class Wrapping(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, network: Callable[[], Any]) -> None:
            self.network = network
            self.usual = network()
            self.further = [network()]
            self.work = 0

        def chosen(self, request: Any) -> Any:
            return self.usual

        def handle_request(self, request: Any) -> Any:
            self.work += 1
            return self.chosen(request).handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            self.work += 1
            return await self.chosen(request).handle_async_request(request)

    return Wrapping


def one_of_many(wrapper: Any, request: Any) -> Any:
    return wrapper.further[0]


def made_for_each_request(wrapper: Any, request: Any) -> Any:
    return wrapper.network()


def host_rewritten(wrapper: Any, request: Any) -> Any:
    request.url = request.url.copy_with(host="localhost")
    return wrapper.usual


def host_rewritten_for_one_of_many(wrapper: Any, request: Any) -> Any:
    request.url = request.url.copy_with(host="localhost")
    return wrapper.further[0]


CHOICES = [
    one_of_many,
    made_for_each_request,
    host_rewritten,
    host_rewritten_for_one_of_many,
]


@pytest.mark.parametrize("chosen", CHOICES)
def test_a_wrapper_does_its_work_and_does_not_get_out(
    library: Any, mode: str, chosen: Callable[[Any, Any], Any]
) -> None:
    """It may choose a transport or rewrite the host for each request: the client's URL counts."""
    network = network_of(library, mode)
    transport = type("Choosing", (wrapping(library),), {"chosen": chosen})(network)
    with real_server() as (base_url, came):
        with FilesMock(base_url=base_url) as mock:
            answer = get(getattr(library, mode)(transport=transport), f"{base_url}/files")
            assert ({"object": "list", "data": []}, [], 1) == (answer.json(), came, transport.work)
            assert 1 == len(mock.calls)
        assert "real" == get(getattr(library, mode)(transport=transport), base_url).json()


def test_a_frozen_wrapper_does_its_work(library: Any, mode: str) -> None:
    """None of its attributes can be set, so its inner transport must not be exchanged."""
    works: list[str] = []

    @dataclass(frozen=True)
    class Frozen(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        inner: Any

        def handle_request(self, request: Any) -> Any:
            works.append("sync")
            return self.inner.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            works.append("async")
            return await self.inner.handle_async_request(request)

    inner = network_of(library, mode)()
    transport = Frozen(inner)
    with real_server() as (base_url, came), FilesMock(base_url=base_url):
        answer = get(getattr(library, mode)(transport=transport), f"{base_url}/files")
        assert (200, [], 1) == (answer.status_code, came, len(works))
        assert inner is transport.inner


def test_a_client_that_chooses_its_transport_itself_does_not_get_out(
    library: Any, mode: str
) -> None:
    """It overrides the method that we patch; the library's own transports are patched too."""

    class Choosing(getattr(library, mode)):  # type: ignore[misc]
        def _transport_for_url(self, url: Any) -> Any:
            return self._transport

    with real_server() as (base_url, came), FilesMock(base_url=base_url):
        answer = get(Choosing(verify=False), f"{base_url}/files")
        assert (200, []) == (answer.status_code, came)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_extends_the_librarys_own_transport_does_its_work(
    library: Any, mode: str, wrapped: bool
) -> None:
    """Its `super()` call leads to the mock: it meets both 503s, and tries again."""
    kind: Any = network_of(library, mode).func  # type: ignore[attr-defined]

    class Retrying(kind):  # type: ignore[misc]
        tries = 0

        def handle_request(self, request: Any) -> Any:
            self.tries += 1
            response = super().handle_request(request)
            return response if response.status_code != 503 else self.handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            self.tries += 1
            response = await super().handle_async_request(request)
            if response.status_code != 503:
                return response
            return await self.handle_async_request(request)

    retrying = Retrying(verify=False)
    transport = wrapping(library)(lambda: retrying) if wrapped else retrying
    with real_server() as (base_url, came), FilesMock(base_url=base_url) as mock:
        mock.inject(faults.unavailable(), on="list", times=2)
        answer = get(getattr(library, mode)(transport=transport), f"{base_url}/files")
        assert (200, [], 3) == (answer.status_code, came, retrying.tries)


def test_what_a_wrapper_asks_elsewhere_for_goes_there(library: Any, mode: str) -> None:
    """As one that fetches a token first, with a client of its own."""
    network = network_of(library, mode)
    tokens: list[str] = []

    class Authenticating(wrapping(library)):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            with library.Client(verify=False) as client:
                tokens.append(client.get(elsewhere).json())
            return super().handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            async with library.AsyncClient(verify=False) as client:
                tokens.append((await client.get(elsewhere)).json())
            return await super().handle_async_request(request)

    with (
        real_server() as (elsewhere, _),
        real_server() as (base_url, came),
        FilesMock(base_url=base_url) as mock,
    ):
        client = getattr(library, mode)(transport=Authenticating(network))
        assert 200 == get(client, f"{base_url}/files").status_code
        assert (["real"], [], 1) == (tokens, came, len(mock.calls))


def test_a_wrapper_that_turns_to_another_host_on_failure_gets_there(
    library: Any, mode: str
) -> None:
    """The new URL isn't ours, although it is sent while our own request is under way."""
    network = network_of(library, mode)

    class Turning(wrapping(library)):  # type: ignore[misc]
        def turned(self, request: Any) -> Any:
            return library.Request("GET", elsewhere)

        def handle_request(self, request: Any) -> Any:
            response = self.usual.handle_request(request)
            return response if response.is_success else self.usual.handle_request(self.turned(0))

        async def handle_async_request(self, request: Any) -> Any:
            response = await self.usual.handle_async_request(request)
            if response.is_success:
                return response
            return await self.usual.handle_async_request(self.turned(0))

    with (
        real_server() as (elsewhere, _),
        real_server() as (base_url, came),
        FilesMock(base_url=base_url) as mock,
    ):
        mock.inject(faults.unavailable(), on="list")
        client = getattr(library, mode)(transport=Turning(network))
        assert "real" == get(client, f"{base_url}/files").json()
        assert ([], 1) == (came, len(mock.calls))


def test_a_transport_without_a_client_does_not_get_out(library: Any, mode: str) -> None:
    """No client's method runs then; the method of the transport itself is patched."""

    async def ask() -> Any:
        async with network_of(library, mode)() as transport:
            return await transport.handle_async_request(request)

    with real_server() as (base_url, came), FilesMock(base_url=base_url):
        request = library.Request("GET", f"{base_url}/files", headers=AUTH)
        if mode == "Client":
            with network_of(library, mode)() as transport:
                answer = transport.handle_request(request)
        else:
            answer = anyio.run(ask)
        assert (200, []) == (answer.status_code, came)


def test_a_body_that_dribbles_without_a_pause_comes_in_pieces(library: Any, mode: str) -> None:
    """Ten bytes at a time: in one piece, the fault could not be seen."""

    async def pieces() -> list[bytes]:
        async with (
            library.AsyncClient(verify=False) as client,
            client.stream("GET", f"{mock.base_url}/files", headers=AUTH) as answer,
        ):
            return [piece async for piece in answer.aiter_raw()]

    with FilesMock() as mock:
        mock.inject(faults.dribble(10, 0.0), on="list")
        if mode == "AsyncClient":
            came = anyio.run(pieces)
        else:
            url = f"{mock.base_url}/files"
            with library.stream("GET", url, headers=AUTH, verify=False) as answer:
                came = list(answer.iter_raw())
    assert [10, 10, 7] == [len(piece) for piece in came]
