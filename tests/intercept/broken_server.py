"""A real server that is broken in a chosen way: a raw socket, and nothing of ours.

It shows what each client library makes of the real thing, so that the mock can be held to it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import trustme

from ..portable import is_reset_on_close, reset_on_close

Script = Callable[[socket.socket], None]
"""What is done to a connection whose request was read."""

HANG_SECONDS = 5.0


def reset(connection: socket.socket) -> None:
    reset_on_close(connection)


def empty(connection: socket.socket) -> None:
    """Close in good order, without a byte."""


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"this is not HTTP\r\n\r\n")


def hang(connection: socket.socket) -> None:
    """Keep silent until the client has gone."""
    connection.settimeout(HANG_SECONDS)
    connection.recv(1)


def replying(
    status: int,
    body: bytes,
    *,
    announced: int | None = None,
    kind: str = "application/json",
    location: str | None = None,
) -> Script:
    """An answer; `announced` is the length that it claims to have."""
    place = "" if location is None else f"Location: {location}\r\n"
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nx-should-retry: false\r\n{place}"
        f"Content-Length: {len(body) if announced is None else announced}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()

    def reply(connection: socket.socket) -> None:
        connection.sendall(head + body)

    return reply


def first_piece(body: bytes) -> Script:
    """The head and one byte, then silence."""

    def dribble(connection: socket.socket) -> None:
        replying(200, body[:1], announced=len(body))(connection)
        hang(connection)

    return dribble


@contextmanager
def broken_server(script: Script, *, reads: bool = True) -> Iterator[str]:
    """The base URL of a server that does this to every connection, once a request was read."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=_accept, args=(listening, script, stopping, reads))
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            stopping.set()
            # On some systems neither closing nor shutting down wakes a thread that accepts.
            with socket.create_connection(listening.getsockname()):
                accepting.join()


@contextmanager
def nobody() -> Iterator[str]:
    """The base URL of a port where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/v1"


@contextmanager
def nowhere() -> Iterator[str]:
    """The base URL of a host that isn't found."""
    yield "http://no-such-host.invalid/v1"


@contextmanager
def full() -> Iterator[str]:
    """The base URL of a port that answers no connection, as its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as waiting:
        # Linux takes one more than it was told.
        for _ in range(2):
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


@contextmanager
def untrusted() -> Iterator[str]:
    """The base URL of a server whose certificate no client trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def shake_hands(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as shaken:
            shaken.recv(1)

    with broken_server(shake_hands, reads=False) as base_url:
        yield base_url.replace("http:", "https:")


def _accept(
    listening: socket.socket, script: Script, stopping: threading.Event, reads: bool
) -> None:
    while True:
        connection, _ = listening.accept()
        if stopping.is_set():
            connection.close()
            return
        with connection, suppress(_ClientGone):
            if reads:
                _read_request(connection)
            script(connection)
            _close_in_order(connection)


class _ClientGone(Exception):
    """It closed the connection before it had sent a request."""


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise _ClientGone
    return data


def _read_request(connection: socket.socket) -> None:
    """Head and body, so that an orderly end is not turned into a reset by unread bytes."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _received(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    missing = int(fields.get(b"content-length", 0)) - len(body)
    chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
    while missing > 0 or (chunked and not body.endswith(b"0\r\n\r\n")):
        piece = _received(connection)
        body += piece
        missing -= len(piece)


def _close_in_order(connection: socket.socket) -> None:
    try:
        if not is_reset_on_close(connection):
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
