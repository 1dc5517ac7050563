"""Werkzeug's server in a thread: bound at once, and stopped at once, whatever clients do."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Iterable
from io import BufferedIOBase
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ..errors import AddressInUse, hide_from_traceback
from .chunked import ChunkedBody
from .connections import Connections
from .wsgi import PAUSE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__tracebackhide__ = hide_from_traceback

_POLL_SECONDS = 0.01
"""How often the accepting loop looks whether it is to stop."""

_BACKLOG = 512


class LiveServer:
    """A WSGI application on a port.

    Args:
        app: what to serve; may be replaced while the server runs.
        host: the address to bind.
        port: 0 takes a free one.
        ssl_context: serves HTTPS when given.
    """

    def __init__(
        self, app: WSGIApplication, host: str, port: int, ssl_context: ssl.SSLContext | None
    ) -> None:
        self.app = app
        self._stopping = threading.Event()
        self._stopped = False
        self._server = _Server(self._serve, _bound(host, port), host, ssl_context)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name=f"eugpt-files-mock {host}:{self.port}",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._server.port

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{'https' if self._server.ssl_context else 'http'}://{host}:{self.port}"

    def stop(self) -> None:
        """Stop accepting, end every connection, wait for the threads. Twice is as good as once."""
        if self._stopped:
            return
        self._stopped = True
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.connections.close()
        self._thread.join()

    def end_connections(self) -> None:
        """End every open connection and every wait, and go on serving."""
        self._stopping.set()
        self._server.connections.end()
        self._stopping = threading.Event()

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        stopping = self._stopping

        def pause(seconds: float) -> bool:
            return not stopping.wait(min(seconds, threading.TIMEOUT_MAX))

        environ[PAUSE] = pause
        return self.app(environ, start_response)


class _Server(ThreadedWSGIServer):
    """Werkzeug's threaded server, which knows its open connections."""

    request_queue_size = _BACKLOG

    def __init__(
        self,
        app: WSGIApplication,
        bound: socket.socket,
        host: str,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.connections = Connections(self.process_request_thread)
        with bound:  # Werkzeug takes a duplicate of the descriptor
            port = bound.getsockname()[1]
            super().__init__(host, port, app, _Handler, fd=bound.fileno())
        self.host = host
        self.port = port
        if ssl_context is not None:
            self._encrypt(ssl_context)

    def _encrypt(self, ssl_context: ssl.SSLContext) -> None:
        """Hands are shaken at the first read, in the connection's own thread: in the accepting
        one, a client that says nothing would keep all others out.
        """
        self.ssl_context = ssl_context
        self.socket = ssl_context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.take(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is the client's affair; all else is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    """Answers in HTTP/1.1, and says nothing on standard error."""

    protocol_version = "HTTP/1.1"

    def parse_request(self) -> bool:
        """A head that breaks off is no request: `http.server` takes it for a whole one."""
        connection, head = self.rfile, _Head(self.rfile, self.raw_requestline)
        self.rfile = head  # type: ignore[assignment]  # lines are all that is read of it
        try:
            return super().parse_request() and head.is_whole
        finally:
            self.rfile = connection

    def make_environ(self) -> WSGIEnvironment:
        """With a chunked body read by a reader that notices its end."""
        environ = super().make_environ()
        if environ.get("wsgi.input_terminated"):
            environ["wsgi.input"] = ChunkedBody(self.rfile)
        return environ

    def handle_expect_100(self) -> bool:
        """Werkzeug sends the `100 Continue`; one is enough."""
        return True

    def log(self, type: str, message: str, *args: Any) -> None:
        """The journal has it."""


class _Head:
    """The lines of a request's head as they are read, and whether the last one is whole."""

    def __init__(self, connection: BufferedIOBase, request_line: bytes) -> None:
        self._connection = connection
        self._line = request_line

    def readline(self, limit: int = -1) -> bytes:
        self._line = self._connection.readline(limit)
        return self._line

    @property
    def is_whole(self) -> bool:
        return self._line.endswith(b"\n")


_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)
"""Reasons why an address cannot be bound that another port would not have."""


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket, bound in the caller's thread, so that a busy port is an error there."""
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise AddressInUse(host, port, "a port is 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        advice = ". Port 0 takes a free one" if error.errno in _OF_THE_PORT else ""
        raise AddressInUse(host, port, reason + advice) from error
    return listening
