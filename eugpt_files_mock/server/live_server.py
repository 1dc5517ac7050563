"""A server on a port. It is bound when it is made, and stops at once, even if a client hangs."""

import errno
import selectors
import socket
import ssl
import threading
from collections.abc import Callable

from ..errors import AddressInUse, OptionError, quoted
from ..model.messages import Outcome
from ..protocol.received import ReceivedRequest, UnreadableRequest
from .connection import Answer, Connection
from .connections import Connections

_BACKLOG = 512

_RETRY_SECONDS = 0.1
"""How long not to accept when the process has no descriptor or no thread left."""

_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class LiveServer:
    """A port that answers; `answer` may be replaced while it runs."""

    def __init__(
        self,
        answer: Answer,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None,
        *,
        start_thread: Callable[[threading.Thread], None] = threading.Thread.start,
    ) -> None:
        self.answer = answer
        self._host = host
        self._ssl_context = ssl_context
        self._listening = _bound(host, port)
        self.port: int = self._listening.getsockname()[1]
        # A byte wakes the thread that accepts; closing the socket would not.
        self._waker, self._woken = socket.socketpair()
        self._stopping = threading.Event()
        self._connections = Connections(start_thread)
        self._thread = threading.Thread(
            target=self._accept_all, name=f"eugpt-files-mock {host}:{self.port}", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._ssl_context else 'http'}://{host}:{self.port}"

    def stop(self) -> None:
        """Stop accepting, end every connection, wait for the threads. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._waker.send(b"x")
        self._thread.join()
        self.abandon()
        self._connections.close()

    def abandon(self) -> None:
        """Close the inherited sockets in a forked child: the server has no threads there, and goes
        on in the parent.
        """
        for end in (self._listening, self._waker, self._woken):
            end.close()

    def end_connections(self) -> None:
        """End every open connection and every wait, and go on serving."""
        self._connections.end()

    def end_waits(self) -> None:
        """End the connections that a fault keeps waiting, and go on serving."""
        self._connections.end(lambda connection: connection.waits_for == "fault")

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if not self._stopping.is_set():
                    self._accept()

    def _accept(self) -> None:
        try:
            connected, _ = self._listening.accept()
        except OSError as error:
            # Any other error says that the client has gone again already.
            if error.errno in _OUT_OF_DESCRIPTORS:
                self._make_room()
            return
        # On Windows, macOS and BSD it inherits that the listening socket doesn't block.
        connected.settimeout(None)
        connection = Connection(connected, self._answer_now, self._note_wait, self._ssl_context)
        try:
            self._connections.take(connection)
        # No thread can be started.
        except RuntimeError:
            connection.turn_away()
            self._stopping.wait(_RETRY_SECONDS)

    def _make_room(self) -> None:
        """Close the kept connections that are idle. A client opens another one when it needs it."""
        self._connections.end(lambda connection: connection.waits_for == "client")
        self._stopping.wait(_RETRY_SECONDS)

    def _answer_now(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        # Looked up at each request: a connection may be older than what answers.
        return self.answer(request)

    def _note_wait(self, outcome: Outcome, is_gone: bool | None) -> None:  # noqa: FBT001 - three states
        # `answer` may be a plain function.
        note = getattr(self.answer, "note_wait", None)
        if note is not None:
            note(outcome, is_gone)


_REBINDING: int = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
"""The option with which a port that was served a moment ago can be bound again at once.

On Windows SO_REUSEADDR would let a second server take the port of one that still listens.
"""

_OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)
"""Errors of binding that another port could avoid."""


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket, bound in the caller's thread, so that a busy port is an error there."""
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise OptionError(
            f"port must be an integer from 0 to 65535, got {quoted(port)}.", word=port
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, _REBINDING, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
        # A client that has gone again must not block accept().
        listening.settimeout(0)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        advice = ". Port 0 takes a free one" if error.errno in _OF_THE_PORT else ""
        raise AddressInUse(host, port, reason + advice) from error
    return listening
