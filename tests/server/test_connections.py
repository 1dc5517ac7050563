"""The open connections of a server, and the threads that serve them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from eugpt_files_mock.server.live_server import Connections

from ..conftest import wait_until


class Echo:
    """A connection that sends back what comes, until the client ends."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.thread: int | None = None

    def serve(self) -> None:
        self.thread = threading.get_ident()
        with self._connection:
            while data := self._connection.recv(100):
                if data == b"leave":
                    raise SystemExit
                self._connection.sendall(data)

    def shut_down(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def connections() -> Iterator[Connections]:
    connections = Connections()
    yield connections
    connections.close()


@contextmanager
def client_of(
    connections: Connections, echoes: list[Echo] | None = None
) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    echo = Echo(theirs)
    if echoes is not None:
        echoes.append(echo)
    connections.take(echo)
    with ours:
        yield ours


def answer(client: socket.socket, question: bytes = b"hello") -> bytes:
    client.sendall(question)
    return client.recv(100)


def test_a_thread_that_is_done_takes_the_next_connection(connections: Connections) -> None:
    """To start one costs more than to answer."""
    echoes: list[Echo] = []
    for _ in range(50):
        with client_of(connections, echoes) as client:
            assert answer(client) == b"hello"
        connections.end()
    assert len({echo.thread for echo in echoes}) <= 5  # one that is just finishing isn't free yet


def test_no_connection_waits_for_another(connections: Connections) -> None:
    """Each has a thread of its own."""
    echoes: list[Echo] = []
    with client_of(connections, echoes) as first, client_of(connections, echoes) as second:
        assert answer(second) == b"hello"
        assert answer(first) == b"hello"
        assert len({echo.thread for echo in echoes}) == 2


def test_ending_shuts_what_is_open_and_goes_on(connections: Connections) -> None:
    """The client reads the end of its connection; only `close` ends the threads as well."""
    with client_of(connections) as client:
        assert answer(client) == b"hello"
        connections.end()
        assert client.recv(100) == b""
    with client_of(connections) as client:
        assert answer(client) == b"hello"


def test_closing_leaves_no_thread() -> None:
    """Neither that of an open connection, nor one that waits for the next."""
    before = threading.active_count()
    connections = Connections()
    with client_of(connections) as busy, client_of(connections) as idle:
        assert answer(busy) == answer(idle) == b"hello"
        idle.close()
        connections.close()
    assert threading.active_count() == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_takes_no_other_connection_with_it(connections: Connections) -> None:
    """`SystemExit` ends only that thread; the next connection gets another one."""
    with client_of(connections) as client:
        assert answer(client, b"leave") == b""
    connections.end()
    with client_of(connections) as client:
        assert answer(client) == b"hello"


class Watched(Connections):
    """Keeps whether the number of its free threads was changed under the lock."""

    changes: list[bool]

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_free" and "_free" in self.__dict__:
            self.changes.append(self._changed._is_owned())  # type: ignore[attr-defined]
        super().__setattr__(name, value)


def test_the_number_of_free_threads_changes_under_the_lock_only() -> None:
    """Two threads that change it at once would lose one, and a connection would wait for ever."""
    connections = Watched()
    connections.changes = []
    for changed in (1, 3):
        with client_of(connections) as client:
            assert answer(client) == b"hello"
        wait_until(lambda changed=changed: len(connections.changes) >= changed)
    connections.close()
    assert all(connections.changes)


@pytest.mark.parametrize("action", ["take", "let_go"])
def test_the_set_of_open_connections_changes_under_the_lock_only(action: str) -> None:
    """`end` goes through it meanwhile."""
    connections, seen = Connections(), []

    class Seen(set):  # type: ignore[type-arg]
        def add(self, one: object) -> None:
            seen.append(("take", connections._changed._is_owned()))  # type: ignore[attr-defined]
            super().add(one)

        def discard(self, one: object) -> None:
            seen.append(("let_go", connections._changed._is_owned()))  # type: ignore[attr-defined]
            super().discard(one)

    connections._open = Seen()
    with client_of(connections) as client:
        assert answer(client) == b"hello"
    connections.close()
    assert [(action, True)] == [one for one in seen if one[0] == action]
