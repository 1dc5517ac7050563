"""The API as a WSGI application, for any server and any test client.

A fault that ends the connection needs the socket, which WSGI doesn't give: it is an error that
says so. `serve()` has no such limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request as WsgiRequest

from ..errors import FaultUnavailable
from ..model.messages import NOT_CONNECTED, Headers, Reply, Request, Severed
from ..protocol.actions import reason_phrase
from ..service.handle import handle
from ..service.service import Service
from .application import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


_ASCII = "".join(map(chr, range(128)))


class WsgiApp:
    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        outcome = handle(self._service, _request(environ))
        if isinstance(outcome, Severed):
            raise FaultUnavailable(
                f"A connection cannot be {_ENDINGS[outcome.kind]} by this WSGI server.\n"
                "To fix it: use FilesMock().serve(), or the mock in process; or take a fault that "
                "is an answer, such as server_error()."
            )
        status = f"{outcome.status} {reason_phrase(outcome.status)}"
        start_response(status, list(outcome.headers))
        return _pieces(outcome)


_ENDINGS = {
    **dict.fromkeys(NOT_CONNECTED, "refused"),
    "reset": "reset",
    "empty": "closed without an answer",
    "garbage": "filled with garbage",
    "timeout": "left hanging",
}


def _request(environ: WSGIEnvironment) -> Request:
    request = WsgiRequest(environ)
    # As sent, and decoded as on a port; werkzeug's `path` has one slash at its beginning.
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    return Request(
        method=request.method,
        path=path,
        resource=path[len(PREFIX) :] if path.startswith(PREFIX + "/") else None,
        # Bytes beyond ASCII are sent by some clients as they were typed, here decoded as Latin-1.
        query=quote(environ.get("QUERY_STRING", ""), safe=_ASCII, encoding="latin-1"),
        headers=Headers(request.headers.items()),
        body=_body(request),
        client="wsgi",
    )


def _body(request: WsgiRequest) -> bytes:
    # A body that breaks off counts as empty, so that half an upload is never stored.
    try:
        return request.get_data(cache=False)
    except (HTTPException, OSError, ValueError):
        return b""


def _pieces(reply: Reply) -> Iterator[bytes]:
    """The server notices by itself that a truncated body is shorter than announced."""
    for step in reply.delivery.steps(b"", reply.body):
        if isinstance(step, float):
            # time.sleep() raises OverflowError beyond that.
            time.sleep(min(step, TIMEOUT_MAX))
        else:
            yield bytes(step)
