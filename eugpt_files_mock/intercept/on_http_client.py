"""http.client, and urllib.request above it: a connection to our host is one in memory."""

import socket
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPSConnection  # as they are before vcrpy replaces them
from typing import Any

from ..model.base_urls import origin
from . import registry
from .memory_connection import MemorySocket
from .patches import Patch, bound, give_back
from .senders import sender_of

_DEFAULT = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]


@lru_cache  # what is found once needn't be looked up at each start
def patches() -> list[Patch]:
    """What is replaced: where a connection is made."""
    return [
        Patch(f"http.client.{kind.__name__}.connect", _connecting, owner=kind)
        for kind in (HTTPConnection, HTTPSConnection)
    ]


def _connecting(original: Any) -> Any:
    def connect(connection: Any) -> None:
        # A proxy isn't asked: what it would be asked for is ours.
        host = connection._tunnel_host or connection.host
        port = connection._tunnel_port if connection._tunnel_host else connection.port
        place = origin(host, port)
        if registry.owner_of(place) is None:
            give_back()
            bound(original, connection)()
            return
        timeout = connection.timeout
        connection.sock = MemorySocket(
            lambda path: registry.find(place, path),
            "http.client",
            socket.getdefaulttimeout() if timeout is _DEFAULT else timeout,
            peer=(host, port),
            sender=partial(
                sender_of, "https" if isinstance(connection, HTTPSConnection) else "http"
            ),
        )

    return connect
