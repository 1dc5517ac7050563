"""What the server does where the system is another one; the gate runs the suite like that, too."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import freezegun
import httpx
import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.server import connection
from eugpt_files_mock.server.connection import Connection
from eugpt_files_mock.server.live_server import Connections

from ..portable import reset_on_close
from ..robustness.sockets import PATIENCE, address

Wait = Callable[[socket.socket, float | None], bool]

by_each_means = pytest.mark.parametrize(
    "goes_within", [connection._goes_within, connection._goes_within_looking], ids=["any", "looks"]
)
"""How to wait for the end of a client: as this system can, and as every system can."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection over TCP: the server's, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    with ours, theirs:
        yield ours, theirs


@by_each_means
def test_a_client_that_waits_is_not_taken_for_gone(
    goes_within: Wait, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Neither when it is silent, nor when it has sent its next request already."""
    ours, theirs = pair
    began = time.monotonic()
    assert not goes_within(ours, 0.3)
    assert time.monotonic() - began > 0.29
    theirs.sendall(b"GET")
    assert not goes_within(ours, 0.3)
    assert b"GET" == ours.recv(10)


def test_a_late_answer_comes_on_every_system_while_time_is_frozen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Freezegun stops the clocks that it finds, also for the threads of the server."""
    monkeypatch.setattr(connection, "_goes_within", connection._goes_within_looking)
    with FilesMock().serve() as mock, freezegun.freeze_time("2030-01-01"):
        mock.inject(faults.delay(0.3), on="list")
        key = {"Authorization": f"Bearer {mock.api_key}"}
        answer = httpx.get(f"{mock.base_url}/files", headers=key, timeout=PATIENCE)
        assert 200 == answer.status_code


@by_each_means
@pytest.mark.parametrize("ending", [socket.socket.close, reset_on_close])
def test_a_client_that_goes_meanwhile_is_seen(
    goes_within: Wait, pair: tuple[socket.socket, socket.socket], ending: Callable[..., None]
) -> None:
    """In order or not; nobody waits for it any more."""
    ours, theirs = pair

    def end() -> None:
        ending(theirs)
        theirs.close()

    timer = threading.Timer(0.3, end)
    timer.start()
    assert goes_within(ours, None)
    timer.join()


@by_each_means
def test_a_client_that_had_closed_its_end_before_is_waited_for(
    goes_within: Wait, pair: tuple[socket.socket, socket.socket]
) -> None:
    """It still listens (RFC 9112, 9.6)."""
    ours, theirs = pair
    theirs.shutdown(socket.SHUT_WR)
    assert not goes_within(ours, 0.5)
    ours.sendall(b"late")
    assert b"late" == theirs.recv(10)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows doesn't tell; it is waited for")
@by_each_means
def test_one_that_had_closed_its_end_and_then_resets_is_seen(
    goes_within: Wait, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Then it listens no longer."""
    ours, theirs = pair
    theirs.shutdown(socket.SHUT_WR)

    def end() -> None:
        reset_on_close(theirs)
        theirs.close()

    timer = threading.Timer(0.3, end)
    timer.start()
    assert goes_within(ours, None)
    timer.join()


def test_looking_leaves_the_socket_blocking(pair: tuple[socket.socket, socket.socket]) -> None:
    """What follows is sent with it."""
    ours, _ = pair
    connection._goes_within_looking(ours, 0.1)
    assert ours.getblocking()


def test_a_failure_that_is_not_the_clients_is_said(
    pair: tuple[socket.socket, socket.socket], capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as a socket that doesn't block, which would look like a client that broke off."""
    ours, _ = pair
    ours.settimeout(0)
    Connection(ours, lambda _: pytest.fail("asked"), lambda *_: None, None).serve()
    assert "BlockingIOError" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ssl.SSLWantReadError(), OSError(5, "Input/output error")])
def test_such_a_failure_is_known_by_its_kind(error: OSError) -> None:
    """TLS has errors of its own for a socket that doesn't block."""
    assert not connection._is_the_clients(error)


def test_a_client_that_breaks_off_a_download_is_not_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may do what it likes, and standard error stays empty."""
    with FilesMock().serve() as mock:
        file = mock.add_file("large.bin", bytes(20_000_000))
        for end in (socket.socket.close, reset_on_close):
            with socket.create_connection(address(mock)) as client:
                head = f"GET /v1/files/{file.id}/content HTTP/1.1\r\nHost: localhost\r\n"
                client.sendall(f"{head}Authorization: Bearer {mock.api_key}\r\n\r\n".encode())
                assert client.recv(100)
                end(client)
    assert "" == capsys.readouterr().err


class Deaf:
    """A connection whose thread doesn't wake up when it is shut down, as under wine."""

    waits_for = "client"

    def __init__(self) -> None:
        self._closed = threading.Event()

    def serve(self) -> None:
        self._closed.wait(60)

    def shut_down(self) -> None:
        pass

    def close(self) -> None:
        self._closed.set()


def test_a_connection_that_does_not_wake_up_is_closed() -> None:
    """All of them together take as long as one; no thread is left."""
    before = threading.active_count()
    connections = Connections()
    for _ in range(30):
        connections.take(Deaf())  # type: ignore[arg-type]
    began = time.monotonic()
    connections.close()
    assert 10 > time.monotonic() - began  # a second for each would be 30
    assert before == threading.active_count()


def test_a_port_that_is_served_cannot_be_taken() -> None:
    """On Windows SO_REUSEADDR would let a second server take it, and answer now and then."""
    with FilesMock().serve() as mock:
        host, port = address(mock)
        with pytest.raises(OSError, match="Port 0 takes a free one"):
            FilesMock().serve(host, port).start()
    with FilesMock().serve(host, port) as again, suppress(OSError):
        assert mock.base_url == again.base_url
