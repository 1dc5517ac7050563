"""The network guard: clients that aren't intercepted never reach one of our hosts."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import aiohttp
import anyio
import httpcore
import httpx
import pytest
import requests
import urllib3

from eugpt_files_mock import ExpectationNotMet, FilesMock, NetworkRefused
from eugpt_files_mock.intercept import network_guard
from eugpt_files_mock.model.base_urls import parse_base_url

from ..clients import IN_PROCESS, Client, connected
from ..portable import fork
from . import broken_server as broken

HOST = "chat.eugpt.ai"


def by_a_pool_of_another_make() -> None:
    """As niquests has it, whose pools hold their connections in no queue."""

    class Police:
        def __init__(self, _: int) -> None:
            self.connections: list[Any] = []

        def __len__(self) -> int:
            return 0  # as long as nothing is connected

        def put(self, connection: Any, **_: Any) -> None:
            self.connections.append(connection)

        def get(self, **_: Any) -> Any:
            return self.connections.pop()

    with urllib3.HTTPSConnectionPool(HOST) as pool:
        pool.pool = Police(1)  # type: ignore[assignment]
        pool.pool.put(None)
        pool.urlopen("GET", "/v1/files", retries=False)


def by_plain_socket() -> None:
    with socket.socket() as sock:
        sock.connect((HOST, 443))


async def by_asyncio_streams() -> None:
    await asyncio.open_connection(HOST, 443)


async def by_anyio() -> None:
    await anyio.connect_tcp(HOST, 443)


ASKING: dict[str, Callable[[], Any]] = {
    "a plain socket": by_plain_socket,
    "create_connection": lambda: socket.create_connection((HOST, 443), timeout=1),
    "getaddrinfo": lambda: socket.getaddrinfo(HOST, "https"),
    "gethostbyname": lambda: socket.gethostbyname(HOST),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex(HOST.upper() + "."),
    "a pool of urllib3-future": by_a_pool_of_another_make,
    "httpcore used directly": lambda: httpcore.request("GET", f"https://{HOST}/v1/files"),
    "asyncio streams": lambda: asyncio.run(by_asyncio_streams()),
    "trio": lambda: anyio.run(by_anyio, backend="trio"),
}


def refusals(error: BaseException | None) -> list[NetworkRefused]:
    """The refusals among an error and what it comes from."""
    found: list[NetworkRefused] = []
    while error is not None:
        found += [error] if isinstance(error, NetworkRefused) else []
        for inner in getattr(error, "exceptions", ()):
            found += refusals(inner)
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("name", ASKING)
def test_a_client_that_is_not_intercepted_is_refused(name: str) -> None:
    """The refusal is in the client's own chain of exceptions, and the exit checks repeat it."""
    mock = FilesMock().start()
    with pytest.raises(Exception, match=r".") as raised:
        ASKING[name]()
    assert HOST == refusals(raised.value)[0].host.lower().rstrip(".")
    with pytest.raises(ExpectationNotMet, match="eugpt_files_server"):
        mock.stop()


def test_the_refusal_names_the_library_that_asked() -> None:
    """It is `httpcore`, not `socket` below it: the user must find which call to change."""
    mock = FilesMock().start()
    with pytest.raises(httpcore.ConnectError) as raised:
        httpcore.request("GET", f"https://{HOST}/v1/files")
    assert "httpcore" == refusals(raised.value)[0].library
    mock.reset()
    mock.stop()


def test_a_refusal_is_an_os_error() -> None:
    """Clients turn those into their own."""
    mock = FilesMock().start()
    with pytest.raises(OSError, match="was refused"):
        socket.getaddrinfo(HOST, 443)
    mock.reset()
    mock.stop()


def test_a_literal_address_is_refused_where_the_socket_connects() -> None:
    """Such a client looks up no name; 127.0.0.1 is refused for a mock of `localhost` too."""
    with broken.broken_server(broken.replying(200, b'"real"')) as base_url:
        address = ("127.0.0.1", int(base_url.split(":")[2].split("/")[0]))
        mock = FilesMock(base_url=base_url.replace("127.0.0.1", "localhost")).start()
        with socket.socket() as sock, pytest.raises(NetworkRefused):
            sock.connect(address)
        with socket.socket() as sock, pytest.raises(NetworkRefused):
            sock.connect_ex(address)
        mock.reset()
        mock.stop()
        with socket.socket() as sock:
            sock.connect(address)


def test_other_hosts_and_other_ports_are_reached() -> None:
    """Another server on this machine answers clients with and without interception."""
    with (
        broken.broken_server(broken.replying(200, b'"real"')) as other,
        broken.nobody() as base_url,
        FilesMock(base_url=base_url),
    ):
        url = other.replace("127.0.0.1", "localhost")
        assert b'"real"' == httpcore.request("GET", url).content
        assert "real" == httpx.get(url).json()
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert b'"real"' == answer.read()


@pytest.mark.parametrize("library", [httpx, requests])
def test_a_passthrough_path_that_nobody_took_is_refused(library: Any) -> None:
    """The message asks for the mock of that path, which was not started."""
    with broken.broken_server(broken.replying(200, b'"real"')) as base_url:
        mock = FilesMock(base_url=base_url, passthrough="/v1/responses").start()
        with pytest.raises((httpx.ConnectError, requests.ConnectionError)) as raised:
            library.get(f"{base_url}/responses", timeout=5)
        assert refusals(raised.value)
        with pytest.raises(ExpectationNotMet, match="start the mock that answers /v1/responses"):
            mock.stop()


def test_allow_network_lets_everybody_out() -> None:
    """A client that isn't intercepted then reaches the real server at our base URL."""
    with (
        broken.broken_server(broken.replying(200, b'"real"')) as base_url,
        FilesMock(base_url=base_url, allow_network=True),
    ):
        assert b'"real"' == httpcore.request("GET", f"{base_url}/files").content


def test_hosts_that_are_held_are_refused_between_mocks() -> None:
    """So a thread that outlives its test can't reach the service."""
    network_guard.hold([parse_base_url(f"https://{HOST}/v1")])
    try:
        with pytest.raises(NetworkRefused):
            socket.getaddrinfo(HOST, 443)
        with FilesMock():
            pass
        connection = http.client.HTTPSConnection(HOST, timeout=1)
        with pytest.raises(NetworkRefused):
            connection.request("GET", "/v1/files")
    finally:
        network_guard.release()


def test_nothing_is_left_of_the_guard() -> None:
    """Not even an attribute on `socket.socket`, which inherits its methods."""
    before = [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex]
    own = set(vars(socket.socket))
    with FilesMock():
        assert before[0] is not socket.getaddrinfo
    assert before == [socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex]
    assert own == set(vars(socket.socket))


# -- advice that fits the case ---------------------------------------------------------------------


def refused(host: str, port: int = 443) -> NetworkRefused:
    with pytest.raises(NetworkRefused) as raised:
        socket.getaddrinfo(host, port)
    return raised.value


@pytest.mark.parametrize("port", [80, 443, 8443, None, "https"])
def test_our_hosts_are_refused_on_any_port(port: Any) -> None:
    """A wrong port in the base URL must not send the key to the service's machine."""
    mock = FilesMock().start()
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("chat.eugpt.ai", port)
    with pytest.raises(ExpectationNotMet):
        mock.stop()


def test_another_port_is_told_which_base_url_would_match() -> None:
    """The client isn't at fault there, so no other client is recommended."""
    mock = FilesMock().start()
    message = str(refused("chat.eugpt.ai", 8443))
    assert "asked for chat.eugpt.ai:8443" in message
    assert "What would have matched: https://chat.eugpt.ai/v1" in message
    with pytest.raises(ExpectationNotMet):
        mock.stop()


def test_other_ports_of_this_machine_are_not_ours() -> None:
    """A database may listen there."""
    mock = FilesMock(base_url="http://localhost:4000/v1")
    with mock, socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(("localhost", listening.getsockname()[1])).close()


def test_a_held_host_without_a_mock_is_told_to_ask_for_the_fixture() -> None:
    """As for a fixture that uses its client after the mock was left."""
    network_guard.hold([parse_base_url(f"https://{HOST}/v1")])
    try:
        assert "no mock is active" in str(refused(HOST, 8443))
        with FilesMock().serve() as mock:
            assert f"What would have matched: {mock.base_url}." in str(refused(HOST))
        assert "no mock is active" in str(refused(HOST))
    finally:
        network_guard.release()


def test_aiohttp_shows_why_it_was_refused() -> None:
    """It shows `strerror`, and showed [None]."""

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"https://{HOST}/v1")

    network_guard.hold([parse_base_url(f"https://{HOST}/v1")])
    try:
        with pytest.raises(aiohttp.ClientConnectorError, match=r"\[.*refused: no mock is active"):
            asyncio.run(ask())
    finally:
        network_guard.release()


# -- forks -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_forked_process_is_refused_and_told_why(kind: type[Client]) -> None:
    """Its copy of the mock would answer, and the test would see nothing of it."""

    def ask(base_url: str) -> str:
        with connected(kind, base_url, "eugpt_k") as client:
            try:
                return str(client.list().status)
            except Exception as error:  # noqa: BLE001 - what is below it counts
                return " ".join(str(one) for one in refusals(error))

    with FilesMock() as mock:
        message = in_a_fork(lambda: ask(mock.base_url))
        assert "This process was forked" in message
        assert "eugpt_files_server" in message
        assert 0 == len(mock.calls)

        def ask_its_own() -> str:
            with FilesMock() as own:
                return ask(own.base_url)

        assert "200" == in_a_fork(ask_its_own)
        with connected(kind, mock.base_url, mock.api_key) as client:
            assert 200 == client.list().status


def in_a_fork(function: Callable[[], str]) -> str:
    reading, writing = os.pipe()
    child = fork()
    if not child:  # pragma: no cover - in the child
        try:
            os.write(writing, function().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as it:
        said = it.read().decode()
    os.waitpid(child, 0)
    return said
