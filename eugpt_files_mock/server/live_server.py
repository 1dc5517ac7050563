"""A server on a port. It is bound when it is made, and stops at once, even if a client hangs.

Each open connection has a thread; one that is done waits for the next. To start a thread takes
longer than to answer (see `benchmarks/`), so a few of them are kept.
"""

import errno
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from itertools import islice
from queue import SimpleQueue
from threading import Condition, Thread, current_thread, local
from weakref import WeakSet

from ..errors import AddressInUse, OptionError, quoted
from ..locks import free_after_fork
from ..model.messages import Outcome, WaitState
from ..protocol.server_protocol import ReceivedRequest, UnreadableRequest
from ..real_clock import real_seconds
from .connection import Connection, Respond

_BACKLOG = 512

_RETRY_SECONDS = 0.1
"""How long not to accept when the process has no descriptor or no thread left."""

_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_LEAST_DESERVING = ("rest", "reader")
"""What a connection waits for that may be ended to make room, after those that are idle."""

_END_SECONDS = 1.0
"""How long to wait for all threads whose connections were ended; it takes microseconds."""

_SHUT_SECONDS = 0.2
"""After that a connection which was shut down is closed: not every system (wine) wakes the thread
that waits for its client. Not at once, as another thread could then get the same descriptor.
"""

_MOST_LOOKED_AT = 50
"""Connections that are looked at when another one comes."""

_SPARE_THREADS = 8
"""Threads that are kept when they have nothing to do; the others end."""


class LiveServer:
    """A port that answers; `answer` may be replaced while it runs."""

    def __init__(
        self,
        answer: Respond,
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
        _running.add(self)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._ssl_context else 'http'}://{host}:{self.port}"

    def stop(self) -> None:
        """Stop accepting, end every connection, wait for the threads. Idempotent."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        _running.discard(self)
        self._waker.send(b"x")
        self._thread.join()
        self._close_sockets()
        self._connections.close()

    def forget(self) -> None:
        """In a forked child: close what was inherited. The server goes on in the parent.

        To stop it here, or to end its connections, has no effect from now on. No lock is taken: a
        thread that only the parent has may hold it.
        """
        self._close_sockets()
        self._connections.forget()
        self._stopping = threading.Event()
        self._stopping.set()

    def _close_sockets(self) -> None:
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
            if error.errno in _OUT_OF_DESCRIPTORS and not self._connections.make_room():
                self._stopping.wait(_RETRY_SECONDS)
            return
        # On Windows, macOS and BSD it inherits that the listening socket doesn't block.
        connected.settimeout(None)
        self._connections.note_gone()
        connection = Connection(
            connected, self._answer_now, self._note_wait, self._ssl_context, self._bytes_wanted
        )
        try:
            self._take(connection)
        # No thread can be started.
        except RuntimeError:
            connection.turn_away()
            self._stopping.wait(_RETRY_SECONDS)

    def _take(self, connection: Connection) -> None:
        try:
            self._connections.take(connection)
        except RuntimeError:
            if not self._connections.make_room():
                raise
            self._connections.take(connection, free_within=_END_SECONDS)

    def _answer_now(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        # Looked up at each request: a connection may be older than what answers.
        return self.answer(request)

    def _bytes_wanted(self, request: ReceivedRequest) -> int | None:
        wanted = getattr(self.answer, "bytes_until_reset", None)
        return None if wanted is None else wanted(request)

    def _note_wait(self, outcome: Outcome, state: WaitState) -> None:
        # `answer` may be a plain function.
        note = getattr(self.answer, "note_wait", None)
        if note is not None:
            note(outcome, state)


class Connections:
    """Those that are open now."""

    def __init__(self, start_thread: Callable[[Thread], None] = Thread.start) -> None:
        self._start_thread = start_thread
        self._changed = free_after_fork(Condition())
        self._open: set[Connection] = set()
        self._threads: set[Thread] = set()
        self._free = 0
        self._waiting: SimpleQueue[Connection | None] = SimpleQueue()
        # Its attribute `connection` is the one that this thread serves.
        self._here = local()

    def take(self, connection: Connection, *, free_within: float = 0.0) -> None:
        """Serve the connection in a thread that is free within so many seconds, or in a new one.

        A RuntimeError says that none can be started: the connection is still the caller's.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._free, free_within)
            # First of all, so that a child which is forked meanwhile finds it (`forget`).
            self._open.add(connection)
            if self._free:
                self._free -= 1
                self._waiting.put(connection)
            else:
                # Daemons: the process must be able to end while a client hangs.
                thread = Thread(
                    target=self._work,
                    args=(connection,),
                    name="eugpt-files-mock connection",
                    daemon=True,
                )
                # Not added before: starting can fail, and `close` can only join what has started.
                try:
                    self._start_thread(thread)
                except RuntimeError:
                    self._open.discard(connection)
                    raise
                self._threads.add(thread)

    def end(self, choose: Callable[[Connection], bool] = lambda _: True) -> None:
        """Shut down those that are chosen, and wait until their threads have let go of them."""
        with self._changed:
            chosen = {connection for connection in self._open if choose(connection)}
        for connection in chosen:
            connection.shut_down()
        # A function of the test author may ask for it, in the thread of one that is chosen.
        chosen.discard(getattr(self._here, "connection", None))
        if not self._are_let_go(chosen, _SHUT_SECONDS):
            for connection in chosen:
                connection.close()
            self._are_let_go(chosen, _END_SECONDS - _SHUT_SECONDS)

    def note_gone(self) -> None:
        """Note which clients have gone: the next one may be one of them again, for the verdict."""
        with self._changed:
            looked_at = list(islice(self._open, _MOST_LOOKED_AT))
        for connection in looked_at:
            connection.note_gone()

    def make_room(self) -> bool:
        """End what somebody else needs the place of; whether there was something.

        First all that are idle: a client opens another connection when it needs one. Then the one
        that has been silent longest, among those with half a request, or a client that reads
        nothing.
        """
        with self._changed:
            chosen = {one for one in self._open if one.is_idle}
            half = [one for one in self._open if one.waits_for in _LEAST_DESERVING]
        if not chosen and half:
            chosen = {min(half, key=lambda one: one.heard_at)}
        self.end(chosen.__contains__)
        return bool(chosen)

    def forget(self) -> None:
        """In a forked child: close the inherited sockets, and have none any more."""
        inherited, self._changed = self._open, Condition()
        self._open, self._threads, self._free = set(), set(), 0
        self._waiting = SimpleQueue()
        for connection in inherited:
            connection.close()

    def _are_let_go(self, chosen: set[Connection], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: chosen.isdisjoint(self._open), seconds)

    def close(self) -> None:
        """End the connections and the threads. No other may be taken meanwhile."""
        ends_at = real_seconds() + _END_SECONDS
        self.end()
        with self._changed:
            threads = list(self._threads)
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            if thread is not current_thread():
                thread.join(max(0.0, ends_at - real_seconds()))

    def _work(self, connection: Connection | None) -> None:
        while connection is not None:
            self._here.connection = connection
            try:
                connection.serve()
            finally:
                self._here.connection = None
                self._let_go(connection)
            connection = self._waiting.get() if self._is_spare() else None

    def _let_go(self, connection: Connection) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def _is_spare(self) -> bool:
        """Whether this thread waits for another connection, or ends."""
        with self._changed:
            is_spare = self._free < _SPARE_THREADS
            if is_spare:
                self._free += 1
                self._changed.notify_all()
            else:
                self._threads.discard(current_thread())
            return is_spare


_running: WeakSet[LiveServer] = WeakSet()
"""The servers of this process; none of them is that of a forked child."""


def _forget_all() -> None:
    for server in tuple(_running):
        server.forget()
    _running.clear()


# Else a child would keep connections open that the parent closes, and wake the parent's threads.
# Windows doesn't fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)

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
