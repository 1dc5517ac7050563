"""Connections by hand: what no client would send, and what no client would leave undone."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

from eugpt_files_mock import FilesMock

from ..portable import reset_on_close

PATIENCE = 10.0
"""Seconds; longer than anything here takes, so that a hang fails its test."""


def address(mock: FilesMock) -> tuple[str, int]:
    """Host and port of a mock that serves."""
    parts = urlsplit(mock.base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def connect(mock: FilesMock) -> socket.socket:
    """A connection to a mock that serves."""
    connection = socket.create_connection(address(mock), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or resets."""
    received = bytearray()
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass  # what came before is what is asked for
    return bytes(received)


def exchange(mock: FilesMock, *pieces: bytes) -> bytes:
    """Send the pieces, say that no more comes, and take the answer; it may come before the end."""
    with connect(mock) as connection:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        return answer(connection)


def status_of(raw: bytes) -> int | None:
    """The status of a raw answer; None when there is none."""
    words = raw.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") else None


def reset(connection: socket.socket) -> None:
    """Break the connection off, instead of closing it."""
    reset_on_close(connection)
    connection.close()
