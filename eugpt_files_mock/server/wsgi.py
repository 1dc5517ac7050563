"""WSGI: the fake as an application for any server, and on a socket of Werkzeug's server.

Faults of the connection need the socket, which Werkzeug's server gives in the environment; under
another server they are an error that says so.
"""

from __future__ import annotations

import http.client
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request as WsgiRequest

from ..errors import FaultUnavailable, hide_from_traceback
from ..model.messages import Headers, Reply, Request, Severed
from ..service.handle import handle
from ..service.service import Service
from ..service.timing import body_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__tracebackhide__ = hide_from_traceback

PREFIX = "/v1"
"""Where the API lies on a port, whatever base URLs are intercepted."""

PAUSE = "eugpt_files_mock.pause"
"""Where our live server puts a function into the environment that waits, and is cut short when
the server stops: it returns False then."""

_LOOK_SECONDS = 0.2
"""How often a hanging connection looks whether its client is still there."""

Pause = Callable[[float], bool]


class WsgiApp:
    """The WSGI application of one fake service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        pause: Pause = environ.get(PAUSE, _sleep)
        outcome = handle(self._service, _request(environ))
        if isinstance(outcome, Severed):
            return _sever(outcome, environ, start_response, pause)
        if outcome.delay and not pause(outcome.delay):
            raise ConnectionAbortedError("the server stops")
        return _respond(outcome, environ, start_response, pause)


def _request(environ: WSGIEnvironment) -> Request:
    request = WsgiRequest(environ)
    path = request.path
    return Request(
        method=request.method,
        path=path,
        resource=path[len(PREFIX) :] if path.startswith(PREFIX + "/") else None,
        query=environ.get("QUERY_STRING", ""),
        headers=Headers(request.headers.items()),
        body=_body(request),
        client="wsgi",
    )


def _body(request: WsgiRequest) -> bytes:
    """The whole body; of one that breaks off nothing, which no operation takes for an upload."""
    try:
        return request.get_data(cache=False)
    except (HTTPException, OSError, ValueError):
        return b""


def _respond(
    reply: Reply, environ: WSGIEnvironment, start_response: StartResponse, pause: Pause
) -> Iterable[bytes]:
    start_response(_status_line(reply.status), list(reply.headers))
    return _pieces(body_of(reply).pieces(), pause)


def _pieces(pieces: Iterable[tuple[float, bytes]], pause: Pause) -> Iterator[bytes]:
    for seconds, data in pieces:
        if seconds and not pause(seconds):
            return
        yield data


def _status_line(status: int) -> str:
    return f"{status} {http.client.responses.get(status, 'Unknown')}"


def _sever(
    severed: Severed, environ: WSGIEnvironment, start_response: StartResponse, pause: Pause
) -> Iterable[bytes]:
    connection = environ.get("werkzeug.socket")
    if connection is None or severed.kind == "refused":
        raise FaultUnavailable(
            f"A connection cannot be {_ENDINGS[severed.kind]} by this WSGI server.\n"
            "To fix it: use FilesMock().serve(), or the mock in process; or take a fault that is "
            "an answer, such as server_error()."
        )
    SEVER[severed.kind](connection, pause)
    raise ConnectionAbortedError("severed by a fault")  # Werkzeug's server then lets go quietly


_ENDINGS = {
    "refused": "refused",
    "reset": "reset",
    "empty": "closed without an answer",
    "garbage": "filled with garbage",
    "timeout": "left hanging",
}


def _reset(connection: Any, pause: Pause) -> None:
    """Lingering for no time makes the kernel send a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def _close(connection: Any, pause: Pause) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _send_garbage(connection: Any, pause: Pause) -> None:
    connection.sendall(b"garbage\r\n\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def _hang(connection: Any, pause: Pause) -> None:
    """Until the server stops, or the client has gone."""
    while pause(_LOOK_SECONDS) and not _is_gone(connection):
        continue


def _is_gone(connection: Any) -> bool:
    """Whether the client has closed its end; not known where the system has no `poll`."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(connection, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
    return bool(poll.poll(0))


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return True


SEVER: dict[str, Callable[[Any, Pause], None]] = {
    "reset": _reset,
    "empty": _close,
    "garbage": _send_garbage,
    "timeout": _hang,
}
"""What is done to the socket for each way to end a connection."""
