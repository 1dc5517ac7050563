"""The open connections of a server, and the threads that serve them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eugpt_files_mock.server.connections import Connections


class Echo:
    """Sends back what comes, until the client ends; knows the threads that it ran in."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def __call__(self, connection: socket.socket, address: object) -> None:
        self.threads.add(threading.get_ident())
        with connection:
            while data := connection.recv(100):
                if data == b"leave":
                    raise SystemExit
                connection.sendall(data)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def connections(echo: Echo) -> Iterator[Connections]:
    connections = Connections(echo)
    yield connections
    connections.close()


@contextmanager
def client_of(connections: Connections) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    connections.take(theirs, "an address")
    with ours:
        yield ours


def answer(client: socket.socket, question: bytes = b"hello") -> bytes:
    client.sendall(question)
    return client.recv(100)


def test_a_thread_that_is_done_takes_the_next_connection(
    connections: Connections, echo: Echo
) -> None:
    for _ in range(50):
        with client_of(connections) as client:
            assert answer(client) == b"hello"
        connections.end()
    assert len(echo.threads) <= 5  # one that is just finishing is not free yet


def test_no_connection_waits_for_another(connections: Connections, echo: Echo) -> None:
    with client_of(connections) as first, client_of(connections) as second:
        assert answer(second) == b"hello"
        assert answer(first) == b"hello"
    assert len(echo.threads) == 2


def test_ending_shuts_what_is_open_and_goes_on(connections: Connections) -> None:
    with client_of(connections) as client:
        assert answer(client) == b"hello"
        connections.end()
        assert client.recv(100) == b""
    with client_of(connections) as client:
        assert answer(client) == b"hello"


def test_closing_leaves_no_thread() -> None:
    before = threading.active_count()
    connections = Connections(Echo())
    with client_of(connections) as busy, client_of(connections) as idle:
        assert answer(busy) == answer(idle) == b"hello"
        idle.close()
        connections.close()
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_takes_no_other_connection_with_it(connections: Connections) -> None:
    with client_of(connections) as client:
        assert answer(client, b"leave") == b""
    connections.end()
    with client_of(connections) as client:
        assert answer(client) == b"hello"
