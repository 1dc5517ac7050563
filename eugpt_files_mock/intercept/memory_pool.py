"""What replaces httpcore's pool under a transport: connections in memory.

httpcore's own connection does its work over them: retries of a failed connect, time-outs, traces,
the checks of h11. Each request has a connection of its own, so that none outlives the mock.
"""

import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

from ..model.messages import Outcome
from .memory_connection import MemoryConnection, RefusedLate
from .registry import Resolved
from .senders import sender_of


def in_memory(
    transport: Any,
    request: Any,
    found: Resolved,
    outcome: Outcome | None = None,
    body: Iterable[bytes] | None = None,
) -> Any:
    """A twin of the transport, which is the library's own or extends it, that sends over a
    connection in memory. On the short way the outcome has been decided, and the body read, already.
    """
    if isinstance(transport._pool, _MemoryPool):
        # A twin already: a tracer's wrapper lies between two replacements of ours.
        return transport
    # httpcore or its fork httpcore2, whichever this transport uses.
    core = sys.modules[type(transport._pool).__module__.partition(".")[0]]
    library = type(request).__module__.partition(".")[0]

    def connect() -> MemoryConnection:
        nonlocal outcome
        decided, outcome = outcome, None
        timeouts = request.extensions.get("timeout") or {}
        patience = timeouts.get("read")
        client = transport if hasattr(transport, "handle_async_request") else None
        sender = partial(sender_of, request.url.scheme, client, has_timeout=patience is not None)
        return MemoryConnection(lambda _: found, library, patience, decided, sender=sender)

    # No constructor runs: that of a subclass may need arguments, and httpx's own makes a pool.
    twin = object.__new__(type(transport))
    twin.__dict__ |= transport.__dict__
    twin._pool = _MemoryPool(core, transport._pool, connect, body)
    return twin


class _MemoryPool:
    def __init__(self, core: Any, replaced: Any, connect: Any, body: Any) -> None:
        self._core = core
        self._replaced = replaced
        self._connect = connect
        self._body = body

    def handle_request(self, request: Any) -> Any:
        core, kept = self._core, self._kept(request)
        # The two halves of `HTTPConnection.handle_request()`, which respx may have replaced.
        for refusals in count():
            connection = self._new(core.HTTPConnection, _Backend, refusals, request)
            stream = connection._connect(kept)
            # Once more from the start after a late refusal: httpcore's own `retries` carry it to
            # the next attempt, or it raises `ConnectError`.
            with suppress(RefusedLate):
                return core.HTTP11Connection(request.url.origin, stream).handle_request(kept)
        raise AssertionError

    async def handle_async_request(self, request: Any) -> Any:
        core, kept = self._core, self._kept(request)
        for refusals in count():
            connection = self._new(core.AsyncHTTPConnection, _AsyncBackend, refusals, request)
            stream = await connection._connect(kept)
            connected = core.AsyncHTTP11Connection(request.url.origin, stream)
            with suppress(RefusedLate):
                return await connected.handle_async_request(kept)
        raise AssertionError

    def _kept(self, request: Any) -> Any:
        request.stream = _KeptBody(request.stream if self._body is None else self._body)
        return request

    def _new(self, kind: Any, backend: Any, refusals: int, request: Any) -> Any:
        return kind(
            origin=request.url.origin,
            ssl_context=self._replaced._ssl_context,
            retries=self._replaced._retries,
            network_backend=backend(self._core, self._connect, refusals),
        )


class _KeptBody:
    """A body that can be sent again: a refused connection is only known after it was sent."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._pieces: list[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        if self._pieces is None:
            self._pieces = []
            for piece in self._body:
                yield self._keep(piece)
        else:
            yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # What the short way has read is a list, also for the async client.
        if self._pieces is not None or not hasattr(self._body, "__aiter__"):
            for piece in self:
                yield piece
        else:
            self._pieces = []
            async for piece in self._body:
                yield self._keep(piece)

    def _keep(self, piece: bytes) -> bytes:
        # A copy, as the user's generator may use its buffer again for the next piece.
        kept = bytes(piece)
        self._pieces.append(kept)  # type: ignore[union-attr]
        return kept


class _Backend:
    """httpcore's network; the first `refusals` attempts to connect fail."""

    def __init__(self, core: Any, connect: Any, refusals: int) -> None:
        self._core = core
        self._connect = connect
        self._refusals = refusals

    def _connected(self, stream: Any) -> Any:
        if self._refusals:
            self._refusals -= 1
            raise self._core.ConnectError("[Errno 111] Connection refused")
        return stream(self._core, self._connect())

    def connect_tcp(self, *_: Any, **__: Any) -> Any:
        return self._connected(_Stream)

    connect_unix_socket = connect_tcp

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _AsyncBackend(_Backend):
    async def connect_tcp(self, *_: Any, **__: Any) -> Any:
        return self._connected(_AsyncStream)

    connect_unix_socket = connect_tcp

    async def sleep(self, seconds: float) -> None:  # type: ignore[override]
        await _sleep(seconds)


class _Stream:
    """httpcore's network stream; it acts as if TLS were there."""

    def __init__(self, core: Any, connection: MemoryConnection) -> None:
        self._core = core
        self._connection = connection

    def read(self, max_bytes: int, **_: Any) -> Any:
        while not self._connection.can_be_read:
            pause = self._advance()
            if pause:
                time.sleep(pause)
        return self._connection.take(max_bytes)

    def _advance(self) -> float:
        try:
            return self._connection.advance()
        # It is an OSError too, and the pool waits for it.
        except RefusedLate:
            raise
        except TimeoutError as error:
            raise self._core.ReadTimeout("The read operation timed out") from error
        except OSError as error:
            raise self._core.ReadError(str(error)) from error

    def write(self, buffer: bytes, **_: Any) -> Any:
        self._connection.send(buffer)

    def start_tls(self, *_: Any, **__: Any) -> Any:
        return self

    def close(self) -> None:
        self._connection.end()

    def get_extra_info(self, _: str) -> None:
        """There is no socket and no TLS to describe."""


class _AsyncStream(_Stream):
    async def read(self, max_bytes: int, **_: Any) -> bytes:
        while not self._connection.can_be_read:
            pause = self._advance()
            if pause:
                await _sleep(pause)
        return self._connection.take(max_bytes)

    async def write(self, buffer: bytes, **_: Any) -> None:
        self._connection.send(buffer)

    async def start_tls(self, *_: Any, **__: Any) -> Any:
        return self

    async def aclose(self) -> None:
        self.close()


async def _sleep(seconds: float) -> None:
    # Under trio asyncio.sleep() would fail. httpx and httpx2 depend on anyio, so it is there; late,
    # as the sync clients don't need it.
    import anyio

    await anyio.sleep(seconds)
