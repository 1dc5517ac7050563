"""A process that was forked while a mock is served: it has a copy, and disturbs nobody."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.shared_server import SharedServer

from ..portable import fork, needs_fork
from ..robustness.sockets import PATIENCE, address, connect

pytestmark = [
    needs_fork,
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]

AUTH = {"Authorization": "Bearer eugpt_fork"}


@pytest.fixture
def shared() -> Iterator[SharedServer]:
    server = SharedServer()
    yield server
    server.stop()


def in_a_child(function: Callable[[], object]) -> int:
    """0 when it returned, -9 when it hung."""
    child = fork()
    if not child:  # pragma: no cover - in the child
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    timer = threading.Timer(PATIENCE, os.kill, (child, 9))
    timer.start()
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        timer.cancel()


def statuses(mock: FilesMock, number: int = 2) -> list[int]:
    return [
        httpx.get(f"{mock.base_url}/files", headers=AUTH, timeout=PATIENCE).status_code
        for _ in range(number)
    ]


def used_by_the_processor(seconds: float) -> float:
    began = time.process_time()
    time.sleep(seconds)
    return time.process_time() - began


def test_a_server_that_nobody_asks_takes_no_time_of_the_processor(shared: SharedServer) -> None:
    """The thread that accepts waits; it doesn't look again and again."""
    with shared.serve(FilesMock()):
        assert 0.3 > used_by_the_processor(0.6)


def test_a_child_that_stops_the_servers_of_its_parent_disturbs_nobody(
    shared: SharedServer,
) -> None:
    """Neither wakes it a thread there, nor does it end a connection."""
    own = FilesMock().serve()
    with shared.serve(FilesMock()) as mock, own as other, connect(mock) as kept:
        kept.sendall(b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert kept.recv(65_536).startswith(b"HTTP/1.1 401")

        for stop in (shared.stop, own.stop, mock.stop, mock.reset, other.reset):
            assert 0 == in_a_child(stop)

        assert 0.3 > used_by_the_processor(0.6)
        kept.sendall(b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert kept.recv(65_536).startswith(b"HTTP/1.1 401")
        assert [200, 200] == statuses(mock)
        assert [200, 200] == statuses(other)


def test_a_child_may_lend_the_shared_server_to_a_mock_of_its_own(shared: SharedServer) -> None:
    """As a test does that runs in a process of its own (pytest-forked)."""

    def serve() -> None:
        with shared.serve(FilesMock()) as mine:
            assert [200, 200] == statuses(mine)
            assert 2 == len(mine.calls)

    with shared.serve(FilesMock()) as mock:
        assert 0 == in_a_child(serve)
        assert [200, 200] == statuses(mock)
        assert 2 == len(mock.calls)


def test_a_child_keeps_no_connection_open(shared: SharedServer) -> None:
    """What the parent closes or resets is closed for the client, while a child lives on."""
    with shared.serve(FilesMock()) as mock, connect(mock) as client:
        client.sendall(b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 401")
        reading, writing = os.pipe()
        child = fork()
        if not child:  # pragma: no cover - in the child
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        try:
            mock.inject(faults.connection_reset(), on="list")
            client.sendall(b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        finally:
            os.close(writing)
            os.close(reading)
            os.waitpid(child, 0)


def test_no_child_waits_for_a_lock_of_a_server(shared: SharedServer) -> None:
    """Another thread of the parent may hold one while it forks."""
    with shared.serve(FilesMock()) as mock:
        done = threading.Event()

        def connect_and_leave() -> None:
            while not done.is_set():
                with socket.create_connection(address(mock)):
                    pass

        others = [threading.Thread(target=connect_and_leave) for _ in range(3)]
        for other in others:
            other.start()
        try:
            stops = (shared.stop, mock.reset, mock.stop)
            assert [0] * 30 == [in_a_child(stops[number % 3]) for number in range(30)]
        finally:
            done.set()
            for other in others:
                other.join()
        assert [200] == statuses(mock, 1)
