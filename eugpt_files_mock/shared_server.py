"""One server for many tests, lent to one mock after the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .lifecycle import ServerContext, serve_on
from .mock import FilesMock
from .model.messages import Reply
from .server.live_server import LiveServer

if TYPE_CHECKING:
    from .server.connection import Respond

__all__ = ["SharedServer"]


def _nobody(_: object) -> Reply:
    return Reply(status=503, headers=(), body=b"No test is using this mock now.\n")


class SharedServer:
    """A server on a free port of the loopback address."""

    def __init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self._process = os.getpid()
        self._server = LiveServer(_nobody, host="127.0.0.1", port=0, ssl_context=None)

    def serve(self, mock: FilesMock) -> ServerContext[FilesMock]:
        return serve_on(mock, self._lend)

    def stop(self) -> None:
        self._server.stop()

    def _lend(self, answer: Respond) -> _Lease:
        # A forked child has no threads of the parent's server: it needs one of its own.
        if self._process != os.getpid():
            self._open()
        self._server.answer = answer
        return _Lease(self._server)


class _Lease:
    def __init__(self, server: LiveServer) -> None:
        self._server = server

    @property
    def url(self) -> str:
        return self._server.url

    def end_waits(self) -> None:
        self._server.end_waits()

    def stop(self) -> None:
        self._server.answer = _nobody
        self._server.end_connections()
