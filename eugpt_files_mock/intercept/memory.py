"""A connection in memory: the client's own stack on one side, the server's protocol on the other.

A client that is given this instead of a socket does all of its own work: it checks and frames
requests, retries, waits, reads and closes, and raises its own exceptions. The far end is the same
protocol that serves a port. It is driven when the client reads; no thread is needed, and waiting
for an answer that never comes takes no time: the client's timeout is raised at once.
"""

import io
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from itertools import chain
from threading import TIMEOUT_MAX, Timer
from typing import Any
from urllib.parse import unquote

from ..errors import ClientHasNoTimeout
from ..model.messages import (
    NOT_CONNECTED,
    Outcome,
    Request,
    Sender,
    Severed,
    WaitState,
)
from ..protocol import Action, Close, Hang, Reset, Send, Wait, deliver
from ..protocol.server_protocol import ReceivedRequest, ServerProtocol, UnreadableRequest
from ..service.fault_effects import bytes_until_reset
from ..service.handle import refuse_unreadable
from .registry import ActiveMock, Find, Resolved, call_soon

client_name: ContextVar[str | None] = ContextVar("eugpt_files_mock_client", default=None)
"""The library that the code under test called, if that uses another, as httpx may use aiohttp."""


class NotConnected(Exception):
    """No connection is made.

    A client gets such an error while it connects. But which fault hits a request is only known once
    the request was sent. So each edge turns this into what its client raises earlier; `error` is
    what the client gets from below.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.error: OSError = _NOT_CONNECTED[kind]()


def _not_verified() -> OSError:
    # Late, as few tests come here.
    import ssl

    reason = "certificate verify failed: unable to get local issuer certificate"
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {reason}")
    error.verify_code, error.verify_message = 20, reason.partition(": ")[2]
    return error


# The numbers and the texts of Linux, on every platform, so that messages are the same.
_NOT_CONNECTED: dict[str, Callable[[], OSError]] = {
    "refused": partial(ConnectionRefusedError, 111, "Connection refused"),
    "connect_timeout": partial(TimeoutError, "timed out"),
    "dns": partial(socket.gaierror, -2, "Name or service not known"),
    "tls": _not_verified,
}


class MemoryConnection:
    """One connection, seen from the client; how it waits is left to the subclasses and edges.

    The client waits `read_timeout` seconds for bytes, None means for ever. `outcome` is that of the
    first request, if it has been decided already. `sender` is asked when a request is answered.
    """

    def __init__(
        self,
        find: Find,
        client: str,
        read_timeout: float | None,
        outcome: Outcome | None = None,
        *,
        sender: Callable[[], Sender],
    ) -> None:
        self._find = find
        self._client = client_name.get() or client
        self._outcome = outcome
        self._sender = sender
        self._waits_for: tuple[ActiveMock, Outcome] | None = None
        self._protocol = ServerProtocol()
        self._actions: Iterator[Action] = iter(())
        self._received = bytearray()
        self._is_at_end = False
        self._is_reset = False
        self.read_timeout = read_timeout

    @property
    def can_be_read(self) -> bool:
        """Whether there are bytes, or their end, without another `advance`."""
        return bool(self._received) or self._is_at_end

    def send(self, data: Any) -> None:
        if self._is_reset:
            raise ConnectionResetError(104, "Connection reset by peer")
        # A copy, as the client may use its buffer again for the next piece.
        self._protocol.receive_data(bytes(data))
        # A client that is still sending is told of a reset.
        if self._may_be_reset_amid():
            self._answer()

    def take(self, count: int) -> bytes:
        """At most `count` of the bytes that have arrived; none at the end of the connection."""
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def advance(self) -> float:
        """Let the far end do one thing; the seconds to wait before the next, or `FOR_EVER`.

        Raises `TimeoutError`, at once, if the client waits no longer than that.
        """
        action = self._next_action()
        if isinstance(action, Send):
            self._received += action.data
        elif isinstance(action, Wait):
            return self._checked(action.seconds)
        elif isinstance(action, Hang):
            # A client without a timeout can only be cancelled.
            return FOR_EVER if self.read_timeout is None else self._checked(FOR_EVER)
        elif action is None:
            return self._starve()
        elif isinstance(action, Reset):
            raise ConnectionResetError(104, "Connection reset by peer")
        else:
            self._is_at_end = True
        return 0.0

    def waits_for_ever(self) -> ClientHasNoTimeout:
        """The error of a client that has no timeout, and that nobody has cancelled."""
        assert self._waits_for is not None  # noqa: S101 - the far end hangs for no other reason
        mock, outcome = self._waits_for
        return mock.waits_for_ever(outcome)

    def note_wait(self, state: WaitState) -> None:
        """Note how the client waits for a late answer, if it does."""
        if self._waits_for is not None:
            mock, outcome = self._waits_for
            mock.service.note_wait(outcome, state)

    async def waited(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Wait for a late answer; that the client is cancelled meanwhile is noted."""
        self.note_wait("waiting")
        state: WaitState = "gave_up"
        try:
            await (_sleep_while_frozen if _is_time_frozen() else sleep)(seconds)
            state = "answered"
        finally:
            self.note_wait(state)

    def end(self) -> None:
        """The client closes the connection."""
        # As on a port, a request of which only a part was sent is a call too.
        self._protocol.receive_data(b"")
        request = self._protocol.next_request()
        if isinstance(request, ReceivedRequest):
            # The client has gone and expects no error; ours are reported by the exit checks.
            with suppress(Exception):
                self._decided(request)
        # A client may keep the connection in a cycle, such as that of a response and its stream.
        # The answer stays: http.client reads it although it has closed its end.
        self._protocol.forget()
        self._outcome = None

    def _starve(self) -> float:
        """The far end waits for the rest of a request; a client that reads won't send it."""
        return self._checked(FOR_EVER)

    def _next_action(self) -> Action | None:
        action = next(self._actions, None)
        if action is None:
            self._answer()
            action = next(self._actions, None)
        if action is not None:
            return action
        # `100 Continue`, which a client may wait for before it sends the body.
        interim = self._protocol.data_to_send()
        if interim:
            return Send(interim)
        return Close() if self._protocol.is_closed else None

    def _answer(self) -> None:
        """Decide what becomes of the next request, if it has come as a whole."""
        request = self._next_request()
        if request is None:
            return
        outcome = self._decided(request)
        # No bytes can say it.
        if isinstance(outcome, Severed) and outcome.kind in NOT_CONNECTED:
            raise NotConnected(outcome.kind)
        if isinstance(request, ReceivedRequest):
            # The answer may be under way for long, and needs only the head.
            request = replace(request, body=b"")
        self._actions = chain(self._actions, deliver(outcome, request, now=time.time()))

    def _next_request(self) -> ReceivedRequest | UnreadableRequest | None:
        """The next request that has come as a whole, or as far as a fault lets it come."""
        request = self._protocol.next_request()
        if not self._may_be_reset_amid():
            return request
        head = self._protocol.head if request is None else request
        if not isinstance(head, ReceivedRequest) or self._outcome is not None:
            return request
        path = unquote(head.path)
        found = self._find(path)
        limit = found and bytes_until_reset(found.mock.service, self._as_request(head, path, found))
        if limit is None:
            return request
        broken_off = self._protocol.broken_off(head, limit)
        self._is_reset = broken_off is not None
        return broken_off or request

    def _may_be_reset_amid(self) -> bool:
        found = self._find("")
        return found is not None and found.mock.may_reset_amid

    def _decided(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        # A request that can't be read may have no path: then the host alone finds the mock.
        path = unquote(request.path) if isinstance(request, ReceivedRequest) else ""
        found = self._find(path)
        outcome, self._outcome = self._outcome, None
        outcome = outcome or self._asked(request, path, found)
        self._waits_for = found and (found.mock, outcome)
        return outcome

    def _asked(
        self, request: ReceivedRequest | UnreadableRequest, path: str, found: Resolved | None
    ) -> Outcome:
        # The mock has been stopped meanwhile, and the client kept the connection.
        if found is None:
            return Severed(kind="empty")
        if isinstance(request, UnreadableRequest):
            return refuse_unreadable(
                found.mock.service,
                status=request.status,
                message=request.message,
                method=request.method,
                client=self._client,
            )
        return found.mock.dispatch(self._as_request(request, path, found))

    def _as_request(self, request: ReceivedRequest, path: str, found: Resolved) -> Request:
        return Request(
            method=request.method,
            path=path,
            resource=found.resource,
            query=request.query,
            headers=request.fields,
            body=request.body,
            client=self._client,
            read_timeout=self.read_timeout,
            sender=self._sender(),
            is_complete=not request.is_broken_off,
        )

    def _checked(self, seconds: float) -> float:
        """Raises the client's timeout at once if it waits no longer than that."""
        if self.read_timeout is not None:
            if seconds >= self.read_timeout:
                raise TimeoutError("timed out")
        elif seconds == FOR_EVER:
            raise ClientHasNoTimeout(
                "The client waits for an answer to a request that it has not sent as a whole: "
                "it would wait for ever.\n"
                "To fix it: send as many bytes as the headers announce, or give the client a "
                "timeout."
            )
        elif seconds > TIMEOUT_MAX:
            # Python can't wait longer: it raises OverflowError.
            raise self.waits_for_ever()
        return seconds


FOR_EVER = float("inf")

LONGEST_WAIT = 3.0
"""Seconds that an async client without a timeout waits for the application to cancel it."""


def _is_time_frozen() -> bool:
    """Whether freezegun has stopped the clocks, with those of event loops: no sleep would end."""
    return getattr(time.monotonic, "__module__", None) == "freezegun.api"


async def _sleep_while_frozen(seconds: float) -> None:
    """Until so much time has really passed, or was set forward meanwhile."""
    import anyio

    woken = anyio.Event()
    timer = Timer(seconds, call_soon(), (woken.set,))
    timer.name, timer.daemon = "eugpt-files-mock sleep", True
    timer.start()
    try:
        with anyio.move_on_after(seconds):
            await woken.wait()
    finally:
        timer.cancel()


class MemorySocket(MemoryConnection):
    """What http.client and urllib3 use of a socket, over a connection in memory."""

    def __init__(self, *words: Any, peer: tuple[str, int], sender: Callable[[], Sender]) -> None:
        super().__init__(*words, sender=sender)
        self._peer = peer

    def settimeout(self, seconds: float | None) -> None:
        self.read_timeout = seconds

    def gettimeout(self) -> float | None:
        return self.read_timeout

    def sendall(self, data: Any) -> None:
        self.send(data)
        # Decided as soon as the request is whole: our connection of urllib3 turns a refusal into
        # one that is met while connecting only where it sends.
        self._answer()

    def recv(self, count: int) -> bytes:
        while not self.can_be_read:
            pause = self.advance()
            if pause == FOR_EVER:
                raise self.waits_for_ever()
            if pause:
                time.sleep(pause)
        return self.take(count)

    def recv_into(self, buffer: Any) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        # http.client reads heads by the line, which a raw stream gives byte by byte only.
        return io.BufferedReader(_Reader(self))

    def getpeername(self) -> tuple[str, int]:
        return self._peer

    getsockname = getpeername

    def fileno(self) -> int:
        # As a closed socket: there is nothing that select() could wait for.
        return -1

    def setsockopt(self, *_: Any) -> None:
        """Nothing can be set, and nothing is there to shut down."""

    shutdown = setsockopt

    def close(self) -> None:
        self.end()


class _Reader(io.RawIOBase):
    def __init__(self, connection: MemorySocket) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.recv_into(buffer)
