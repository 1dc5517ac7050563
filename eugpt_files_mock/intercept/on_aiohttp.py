"""aiohttp: for our host, the connector makes a connection in memory.

aiohttp's own protocol, parser, timeouts and retries work over it, also for those that stand on
aiohttp, such as transports of httpx.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import lru_cache, partial
from math import inf
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from ..model.base_urls import Origin, origin
from . import registry
from .memory import FOR_EVER, LONGEST_WAIT, MemoryConnection, NotConnected
from .patches import InheritedPatch, MethodPatch, give_back
from .registry import sender_of


def patches(_: Any) -> list[MethodPatch]:
    """What is replaced: where a session asks, and where a connector connects."""
    *always, of_tcp = _places()
    return [*always, of_tcp] if of_tcp.is_needed else always


@lru_cache  # what is found once needn't be looked up at each start
def _places() -> tuple[MethodPatch, MethodPatch, InheritedPatch]:
    connecting = MethodPatch("aiohttp.connector.BaseConnector.connect", _connecting)
    requesting = partial(_requesting, connecting)
    return (
        MethodPatch("aiohttp.client.ClientSession._request", requesting),
        connecting,
        InheritedPatch("aiohttp.connector.TCPConnector.connect", _connecting, connecting),
    )


def _requesting(connecting: MethodPatch, original: Any, own: Any) -> Any:
    # aioresponses replaces this method and refuses what it doesn't know. It isn't asked for our
    # URLs.
    async def _request(session: Any, method: str, url: Any, **words: Any) -> Any:
        if not _is_ours(session, url):
            give_back()
            return await original(session, method, url, **words)
        # Another tool that was stopped since may have taken ours off.
        connecting.renew()
        try:
            return await own(session, method, url, **words)
        except NotConnected as late:
            # aiohttp tells such an error while it connects, before it would try again.
            raise _as_of_connecting(late) from late.error

    return _request


def _as_of_connecting(late: Any) -> Exception:
    """What aiohttp makes of an error from below while it connects."""
    error, key, timeout = late.error, late.key, late.timeout
    if isinstance(error, TimeoutError):
        limits = [limit for limit in (timeout.connect, timeout.sock_connect) if limit is not None]
        if timeout.total is not None and timeout.total < min(limits, default=inf):
            return TimeoutError()
        # Older releases have no error of its own for it.
        kind = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
        return kind(f"Connection timeout to host {late.url}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return aiohttp.ClientConnectorCertificateError(key, error)
    if isinstance(error, socket.gaierror):
        kind = getattr(aiohttp, "ClientConnectorDNSError", aiohttp.ClientConnectorError)
        return kind(key, error)
    return aiohttp.ClientConnectorError(key, error)


def _is_ours(session: Any, url: Any) -> bool:
    try:
        url = session._build_url(url)
        return url.host is not None and registry.owner_of(origin(url.host, url.port)) is not None
    except (TypeError, ValueError):
        return False


def _connecting(original: Any, own: Any) -> Any:
    async def connect(connector: Any, req: Any, traces: Any, timeout: Any) -> Any:
        if registry.find(_place(req), req.url.path) is None:
            give_back()
            return await original(connector, req, traces=traces, timeout=timeout)
        # aiohttp's own function still counts connections, and tells a user's TraceConfig of them.
        return await own(_twin(connector), req, traces=traces, timeout=timeout)

    return connect


def _place(req: Any) -> Origin:
    return origin(req.url.host or "", req.url.port)


def _twin(connector: Any) -> Any:
    """The same connector, which makes its connections in memory, and keeps none."""
    kind: Any = type(connector)
    twin = object.__new__(_twin_class(kind))
    twin.__dict__ |= connector.__dict__
    twin.twin_of = connector
    # It may have kept connections to a real server at our address, from before the mock.
    kept = twin._conns.copy()
    kept.clear()
    twin._conns = kept
    return twin


@lru_cache
def _twin_class(kind: Any) -> Any:
    class MemoryConnector(kind):  # type: ignore[misc]
        async def _create_connection(self, req: Any, _: Any, timeout: Any) -> Any:
            protocol = _MemoryProtocol(asyncio.get_running_loop())
            transport = _MemoryTransport(protocol, req, timeout, _place(req), self.twin_of)
            protocol.connection_made(transport)
            return protocol

        def __del__(self, *_: Any) -> None:
            """Nothing is its own: aiohttp's would close what the connector holds."""

    MemoryConnector.__name__ = MemoryConnector.__qualname__ = kind.__name__
    return MemoryConnector


class _MemoryProtocol(ResponseHandler):
    """aiohttp's own; it isn't kept for the next request, so that it doesn't outlive the mock."""

    timer: Any = None

    @property
    def should_close(self) -> bool:
        return True

    def set_response_params(self, *, timer: Any = None, **words: Any) -> None:
        super().set_response_params(timer=timer, **words)
        # aiohttp calls this right before it sends the request: from now on an answer is waited for.
        self.timer = timer
        if self.transport is not None:
            self.transport.answer()  # type: ignore[attr-defined]


class _Connection(MemoryConnection):
    def _starve(self) -> float:
        """The body may still be on its way, as it is sent by a task of its own."""
        return _STARVED


_STARVED = -1.0
"""No pause, but a wait for more of the request."""


class _MemoryTransport(asyncio.Transport):
    """What the protocol writes to. The far end works in a task, once it is asked for an answer."""

    def __init__(
        self, protocol: _MemoryProtocol, req: Any, timeout: Any, place: Any, connector: Any
    ) -> None:
        super().__init__({"peername": place})
        self._protocol = protocol
        self._key, self._url, self._timeout = req.connection_key, req.url, timeout
        # aiohttp has no other limit on reading: a read timeout, and one for the whole request.
        limits = [limit for limit in (timeout.sock_read, timeout.total) if limit is not None]
        # aiohttp has an exception for each of the two limits.
        self._is_read_timeout = timeout.sock_read is not None and timeout.sock_read == min(limits)
        find = partial(registry.find, place)
        # Asked here, in the task of the author: the answer is given in a task of ours.
        sender = sender_of(
            req.url.scheme,
            connector,
            has_timeout=bool(limits),
            # Its limit on connecting still runs.
            own_deadlines=1 if timeout.connect else 0,
        )
        self._connection = _Connection(
            find, "aiohttp", min(limits, default=None), sender=lambda: sender
        )
        self._is_closing = False
        self._is_paused = False
        self._is_late = False
        self._is_lost = False
        self._loop = asyncio.get_running_loop()
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def answer(self) -> None:
        # A task, as the answer may need pauses while aiohttp still sends the body in a task of its
        # own.
        self._task = self._task or self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        try:
            while not self._is_closing:
                await self._go_on()
        except TimeoutError:
            self._time_out()
        except ConnectionResetError as error:
            self._lose(error)
        except NotConnected as late:
            vars(late).update(key=self._key, timeout=self._timeout, url=self._url)
            self._protocol.set_exception(late)
        # These end the run.
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
            self._pass_on(error)

    def _pass_on(self, error: BaseException) -> None:
        """Let it be raised where the client waits, if that hasn't gone."""
        is_cancelled = isinstance(error, asyncio.CancelledError)
        if not (is_cancelled and self._is_closing):
            self._protocol.set_exception(error)
        if is_cancelled:
            raise error

    async def _go_on(self) -> None:
        """One step of the far end, and the wait after it."""
        # Before the step: aiohttp may close, or go on reading, amid it.
        self._stirred.clear()
        pause = _STARVED if self._is_paused else self._step()
        if pause == FOR_EVER:
            # A deadline of the application may cancel it, which closes the connection.
            await self._wait(LONGEST_WAIT)
            if not self._is_closing:
                raise self._connection.waits_for_ever()
        elif pause > 0:
            await self._wait(pause)
        elif pause == _STARVED or self._is_paused:
            await self._stirred.wait()

    async def _wait(self, seconds: float) -> None:
        self._is_late = True
        await self._connection.waited(seconds, asyncio.sleep)
        self._is_late = False

    def _step(self) -> float:
        connection = self._connection
        pause = connection.advance()
        data = connection.take(_MOST_BYTES)
        if data:
            self._protocol.data_received(data)
        elif connection.can_be_read:
            self._protocol.eof_received()
            self._lose(None)
        return pause

    def _lose(self, error: Exception | None) -> None:
        """Tell the protocol that there is no connection any more, once, as asyncio promises."""
        self._is_closing = True
        if not self._is_lost:
            self._is_lost = True
            self._protocol.connection_lost(error)

    def _time_out(self) -> None:
        """As aiohttp does when the time is over."""
        if self._is_read_timeout:
            self._protocol._on_read_timeout()
        else:
            self._protocol.timer.timeout()

    def write(self, data: Any) -> None:
        # As asyncio's: what is written to a connection that is lost is dropped.
        if not self._is_closing:
            with suppress(ConnectionResetError):
                self._connection.send(data)
        self._stirred.set()

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._stirred.set()

    def is_reading(self) -> bool:
        return not (self._is_paused or self._is_closing)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        """See `MemoryConnection.end`."""
        if self._is_late:
            self._connection.note_wait("gave_up")
            # Nobody waits for the answer any more, so the task needn't wait to give it.
            assert self._task is not None  # noqa: S101 - it is what is late
            self._task.cancel()
        if not self._is_closing:
            self._connection.end()
            self._is_closing = True
            self._stirred.set()
            # Not at once: asyncio calls it when whoever closes has gone on.
            self._loop.call_soon(self._lose, None)

    abort = close


_MOST_BYTES = 262_144
"""As many as a socket gives asyncio at most at once."""
