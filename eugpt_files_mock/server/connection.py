"""One connection to a client: the protocol on a socket, and what a fault does to the socket."""

import contextlib
import errno
import select
import socket
import ssl
import struct
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Literal

from ..model.messages import Outcome, PortConnection, Reply, WaitState
from ..protocol import Close, Hang, Reset, Send, Wait, deliver, response_head
from ..protocol.server_protocol import ReceivedRequest, ServerProtocol, UnreadableRequest
from ..real_clock import real_seconds

Respond = Callable[[ReceivedRequest | UnreadableRequest], Outcome]

_RECEIVE_BYTES = 65_536

_LINGER_SECONDS = 1.0
_LINGER_BYTES = 10_000_000
"""How long, and how much, is read from a client that goes on sending after its answer."""


class Connection:
    """Serves one client until either side ends the connection.

    `waits_for` is `"client"` while no request is under way, `"rest"` while one has come in part,
    `"reader"` while the client takes an answer, `"fault"` while a fault lets time pass. `heard_at`
    is when something came last, by `real_seconds`.
    `note_wait` is called when a fault begins to keep the client waiting, and when that is over.
    `bytes_wanted` is that of `ServerProtocol`.
    """

    def __init__(
        self,
        connected: socket.socket,
        answer: Respond,
        note_wait: Callable[[Outcome, WaitState], None],
        ssl_context: ssl.SSLContext | None,
        bytes_wanted: Callable[[ReceivedRequest], int | None] = lambda _: None,
    ) -> None:
        self.waits_for: Literal["client", "rest", "reader", "fault"] | None = None
        self.heard_at = real_seconds()
        self._noted = PortConnection()
        self._socket = connected
        self._answer = answer
        self._note_wait = note_wait
        self._outcome: Outcome = _FAILED
        self._ssl_context = ssl_context
        self._bytes_wanted = bytes_wanted
        self._is_ended = False

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request of which not a byte has come; asked by another thread."""
        return self.waits_for == "client" and not _peek(self._socket)

    def serve(self) -> None:
        """Answer what comes, and close. A client that breaks off isn't an error of ours."""
        try:
            self._begin()
            self._answer_all()
        except Exception as error:  # noqa: BLE001 - one connection that fails must not end a thread
            if not (self._is_ended or _is_the_clients(error)):
                traceback.print_exc(file=sys.stderr)
        finally:
            self._noted.close()
            self._socket.close()

    def shut_down(self) -> None:
        """End it from another thread: whatever waits for the client there wakes up."""
        self._is_ended = True
        # The client, or a fault, may have ended it already.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it from another thread where `shut_down` didn't wake what waits there."""
        self._is_ended = True
        self._socket.close()

    def note_gone(self) -> None:
        """Note the end of the connection, if the client has closed it: its own thread may not have
        seen that yet.
        """
        # Else its thread is at work, and will see it.
        if self.waits_for is not None and _peek(self._socket) == b"":
            self._noted.close()

    def turn_away(self) -> None:
        """Say that there is no thread to serve it, and close."""
        # Not over TLS: its handshake could block the thread that accepts.
        with contextlib.suppress(OSError):
            if self._ssl_context is None:
                self._socket.sendall(_NO_THREAD)
        self._socket.close()

    def _begin(self) -> None:
        # Small answers leave at once, without waiting for others (Nagle). macOS refuses it on a
        # connection that the client has reset.
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake runs in the worker thread, so that a silent client cannot block accept().
        if self._ssl_context is not None:
            encrypted = self._ssl_context.wrap_socket(
                self._socket, server_side=True, do_handshake_on_connect=False
            )
            self._socket = encrypted
            self.waits_for = "rest"
            encrypted.do_handshake()
            self.waits_for = None

    def _answer_all(self) -> None:
        protocol = ServerProtocol(self._noted, self._bytes_wanted)
        while not protocol.is_closed:
            request = protocol.next_request()
            if request is None:
                self._receive(protocol)
                continue
            self._outcome = self._answered(request)
            actions = deliver(self._outcome, request, now=time.time())
            # An action that returns False ends the connection, and all() asks for no other.
            if not all(_CARRY_OUT[type(action)](self, action) for action in actions):
                return

    def _receive(self, protocol: ServerProtocol) -> None:
        if protocol.is_closed:
            return
        if interim := protocol.data_to_send():
            self._socket.sendall(interim)
        self.waits_for = "client" if protocol.is_idle else "rest"
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        # Half an upload is a call, whichever way the client broke it off.
        except ConnectionError:
            data = b""
        self.waits_for = None
        self.heard_at = real_seconds()
        protocol.receive_data(data)

    def _answered(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        try:
            return self._answer(request)
        except Exception:  # noqa: BLE001 - one request that fails must not end the server
            traceback.print_exc(file=sys.stderr)
            return _FAILED

    def _send(self, action: Send) -> bool:
        self.waits_for = "reader"
        self._socket.sendall(action.data)
        self.waits_for = None
        return True

    def _wait(self, action: Wait | Hang) -> bool:
        seconds = action.seconds if isinstance(action, Wait) else None
        is_gone = _goes_within(self._socket, seconds, self._begin_to_wait)
        self.waits_for = None
        # Whose connection we have ended hasn't given up: for the verdict, it waits still.
        if not self._is_ended:
            self._note_wait(self._outcome, "gave_up" if is_gone else "answered")
        if is_gone:
            self._noted.close()
        return not is_gone and isinstance(action, Wait)

    def _begin_to_wait(self) -> None:
        self.waits_for = "fault"
        self._note_wait(self._outcome, "waiting")

    def _close(self, _: Close) -> bool:
        self._noted.close()
        # Closing while something is unread resets the connection, and the reset may overtake what
        # was sent (RFC 9112, 9.6): so the rest is read first.
        self._socket.shutdown(socket.SHUT_WR)
        ends_at = real_seconds() + _LINGER_SECONDS
        read = 0
        while (left := ends_at - real_seconds()) > 0 and read < _LINGER_BYTES:
            self._socket.settimeout(left)
            data = self._socket.recv(_RECEIVE_BYTES)
            read += len(data)
            if not data:
                break
        return False

    def _reset(self, _: Reset) -> bool:
        # Lingering for no time makes the kernel send a reset instead of an orderly end.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        return False


_CARRY_OUT: dict[type, Callable[[Connection, Any], bool]] = {
    Send: Connection._send,
    Wait: Connection._wait,
    Hang: Connection._wait,
    Close: Connection._close,
    Reset: Connection._reset,
}

_FAILED = Reply(
    status=500,
    headers=(("Content-Type", "text/plain; charset=utf-8"),),
    body=b"The mock failed. Its standard error has the traceback.\n",
)

_NO_THREAD_TEXT = b"The mock cannot start a thread for one more connection now.\n"
_NO_THREAD = (
    response_head(503, [("Content-Length", str(len(_NO_THREAD_TEXT)))], is_persistent=False)
    + _NO_THREAD_TEXT
)


def _peek(connection: socket.socket) -> bytes | None:
    """A byte that has come and isn't read, `b""` at the end, None where there is nothing or the
    system (Windows) can't tell. It never waits, though another thread may be reading.
    """
    if not hasattr(socket, "MSG_DONTWAIT"):
        return None
    try:
        # The plain socket's recv: one of TLS takes no flags.
        return socket.socket.recv(connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return None


_NO_LINGERING = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger` has two shorts on Windows, two ints elsewhere."""

_GONE = (errno.ENOTCONN, errno.EINVAL, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN)
"""What the system says when the client has gone, beside Python's ConnectionError."""


def _is_the_clients(error: Exception) -> bool:
    """Whether the client, or the way to it, ended the connection; anything else is our mistake."""
    # A socket that doesn't block, which would be one, raises these two.
    if isinstance(error, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):
        return False
    if isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError)):
        return True
    return isinstance(error, OSError) and error.errno in _GONE


_LONGEST_WAIT = 2_000_000.0
"""Seconds; `poll` takes milliseconds in 32 bits."""

_LOOK_SECONDS = 0.2
"""How often to look whether the client is there, where the system can't tell by itself."""


def _goes_within(
    connection: socket.socket, seconds: float | None, begun: Callable[[], None] = lambda: None
) -> bool:
    """Wait, and say whether the client went away meanwhile; None: for ever, until it does.

    A client may close its end of the connection right after its request and still wait for the
    answer (RFC 9112, 9.6). So an end that was there before doesn't count, but one that comes
    later does: from when `begun` is called.
    """
    # Only Linux can tell that the other end was closed, without reading.
    if sys.platform != "linux" or not hasattr(select, "POLLRDHUP"):
        return _goes_within_looking(connection, seconds, begun)
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    # Then only a reset or an error ends the wait, which poll always reports.
    if any(event == select.POLLRDHUP for _, event in poll.poll(0)):
        poll.modify(connection, 0)
    begun()
    longest = _LONGEST_WAIT if seconds is None else min(seconds, _LONGEST_WAIT)
    return bool(poll.poll(longest * 1000))


def _goes_within_looking(
    connection: socket.socket, seconds: float | None, begun: Callable[[], None] = lambda: None
) -> bool:
    """The same by looking now and then, for Windows, macOS and BSD."""
    ends_at = real_seconds() + (_LONGEST_WAIT if seconds is None else seconds)
    closed_before = _state_of(connection) == "closed"
    begun()
    while (left := ends_at - real_seconds()) > 0:
        time.sleep(min(left, _LOOK_SECONDS))
        state = _state_of(connection)
        if state == "broken" or (state == "closed" and not closed_before):
            return True
    return False


def _state_of(connection: socket.socket) -> Literal["open", "closed", "broken"]:
    """Whether the client has closed its end, or broken the connection; nothing is read."""
    connection.settimeout(0)
    try:
        # A reset after the end can't be read any more.
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return "broken"
        # The plain socket's recv: one of TLS takes no flags.
        return "open" if socket.socket.recv(connection, 1, socket.MSG_PEEK) else "closed"
    except BlockingIOError:
        return "open"
    except OSError:
        return "broken"
    finally:
        # Another thread may have closed it.
        with contextlib.suppress(OSError):
            connection.settimeout(None)
