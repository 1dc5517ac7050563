"""http.client, and urllib.request above it: a connection to our host is one in memory."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPSConnection  # as they are before vcrpy replaces them
from typing import Any

from ..model.base_urls import origin
from . import registry
from .memory import MemorySocket, NotConnected
from .patches import MethodPatch, give_back, is_function_of
from .registry import sender_of

_DEFAULT = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]


@lru_cache  # what is found once needn't be looked up at each start
def patches() -> list[MethodPatch]:
    """What is replaced: where a connection is made."""
    return [
        MethodPatch(f"http.client.{kind.__name__}.connect", partial(_connecting, kind), owner=kind)
        for kind in (HTTPConnection, HTTPSConnection)
    ]


def _connecting(kind: type, original: Any, own: Any) -> Any:
    def connect(connection: Any) -> None:
        # A proxy isn't asked: what it would be asked for is ours.
        host = connection._tunnel_host or connection.host
        port = connection._tunnel_port if connection._tunnel_host else connection.port
        place = origin(host, port)
        if registry.owner_of(place) is None:
            # Not found up the stack: there is urllib.request, or nothing but the author's code.
            registry.note_other(place[0], "http.client")
            give_back()
            original(connection)
            return
        timeout = connection.timeout
        there = _Socket(
            lambda path: registry.find(place, path),
            "http.client",
            socket.getdefaulttimeout() if timeout is _DEFAULT else timeout,
            peer=(host, port),
            sender=partial(
                sender_of, "https" if isinstance(connection, HTTPSConnection) else "http"
            ),
        )
        if is_function_of(own, "http.client"):
            if kind is HTTPConnection and hasattr(connection, "_context"):
                # Called by http.client's own function: another tool that was stopped since has
                # taken ours off there. TLS would be next.
                connection._context = _NoTls(connection, connection._context)
            connection.sock = there
        else:
            with _connecting_to(there, connection):
                own(connection)

    return connect


class _Socket(MemorySocket):
    def sendall(self, data: Any) -> None:
        try:
            super().sendall(data)
        except NotConnected as late:
            # http.client passes on what comes from below.
            raise late.error from None


@contextmanager
def _connecting_to(there: MemorySocket, connection: Any) -> Iterator[None]:
    """Let http.client's own function connect in memory, as a spy or a tracer that was put over it
    before the mock calls that.
    """
    create, tunnel = connection._create_connection, connection._tunnel_host
    context = getattr(connection, "_context", None)
    connection._create_connection = lambda *_, **__: there
    connection._tunnel_host = None
    connection._context = _NoTls(connection, context)
    try:
        yield
    finally:
        connection._create_connection, connection._tunnel_host = create, tunnel
        connection._context = context


class _NoTls:
    """In the place of a connection's TLS context, until that is asked once."""

    def __init__(self, connection: Any, replaced: Any) -> None:
        self._connection = connection
        self._replaced = replaced

    def wrap_socket(self, sock: Any, **_: Any) -> Any:
        self._connection._context = self._replaced
        return sock
