"""Calls a WSGI application (PEP 3333) for a request that came over the port."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ..model.messages import Reply
from ..protocol import ReceivedRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

__all__ = ["call_wsgi"]


def call_wsgi(app: WSGIApplication, request: ReceivedRequest) -> Reply:
    """The whole answer of the application."""
    answer = _Answer()
    pieces = app(_environ(request), answer.start)
    try:
        body = b"".join((*answer.written, *pieces))
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return Reply(status=answer.status, headers=answer.headers, body=body)


class _Answer:
    """What the application said through `start_response`, and through `write`."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: tuple[tuple[str, str], ...] = ()
        self.written: list[bytes] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], _: object = None, /
    ) -> Callable[[bytes], object]:
        """See PEP 3333, `start_response`."""
        self.status, self.headers = int(status[:3]), tuple(headers)
        return self.written.append


class _BrokenBody(io.RawIOBase):
    """A body that did not come as a whole."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError("The body of the request is incomplete.")


def _environ(request: ReceivedRequest) -> WSGIEnvironment:
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    name, _, port = request.host.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body) if request.is_complete else _BrokenBody(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    _add_headers(environ, request)
    return environ


def _add_headers(environ: dict[str, Any], request: ReceivedRequest) -> None:
    """A header that comes again is joined (RFC 9110, 5.3). A name with an underscore is dropped:
    it would pass for another one with a hyphen.
    """
    for name, value in request.headers:
        if "_" not in name:
            key = name.upper().replace("-", "_")
            key = key if key in _WITHOUT_PREFIX else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value


_WITHOUT_PREFIX = {"CONTENT_TYPE", "CONTENT_LENGTH"}
