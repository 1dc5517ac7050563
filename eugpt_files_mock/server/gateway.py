"""Calls a WSGI application (PEP 3333) for a request that came over the port."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.test import EnvironBuilder, run_wsgi_app

from ..model.messages import Reply
from ..protocol.received import ReceivedRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


def call_wsgi(app: WSGIApplication, request: ReceivedRequest, scheme: str) -> Reply:
    """The whole answer of the application; `scheme` is that of the port."""
    pieces, status, headers = run_wsgi_app(app, _environ(request, scheme), buffered=True)
    return Reply(status=int(status[:3]), headers=tuple(headers), body=b"".join(pieces))


class _BrokenBody(io.RawIOBase):
    """A body that did not come as a whole."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError("The body of the request is incomplete.")


def _environ(request: ReceivedRequest, scheme: str) -> WSGIEnvironment:
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    name, port = _address(request.host)
    return EnvironBuilder(
        request.path,
        query_string=request.query,
        method=request.method,
        input_stream=io.BytesIO(body),
        # A name with an underscore would pass for another one with a hyphen.
        headers=[(name, value) for name, value in request.headers if "_" not in name],
        multithread=True,
        environ_overrides={
            "SERVER_NAME": name,
            "SERVER_PORT": port or {"http": "80", "https": "443"}[scheme],
            "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
            "wsgi.url_scheme": scheme,
            # Otherwise werkzeug reads no body without a Content-Length, as chunked ones are.
            "wsgi.input_terminated": True,
            **({} if request.is_complete else {"wsgi.input": _BrokenBody()}),
        },
    ).get_environ()


def _address(host: str) -> tuple[str, str]:
    """Name and port of a `Host`; of what isn't one, those of loopback."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname or "localhost", str(parts.port or "")
    except ValueError:
        return "localhost", ""
