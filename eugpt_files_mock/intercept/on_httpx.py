"""httpx and its fork httpx2: requests to our URLs are answered before they reach the network.

Two methods are replaced. Where a client chooses its transport, the fast path answers at once
(`fast_path`); this also catches clients made earlier. Where the library's own transports send,
the full path begins: they do their own work, over connections in memory that stand in the place of
httpcore's pool. Between the two lie the transports that a user wraps around others, and the
wrappers of tracers.
"""

import io
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any

from ..model.base_urls import origin
from ..model.messages import Outcome
from . import registry
from .fast_path import MOST_BYTES, PlainAnswer, answer
from .memory import FOR_EVER, LONGEST_WAIT, MemoryConnection, NotConnected, client_name
from .patches import MethodPatch, bound, give_back, own_class
from .registry import Resolved, seconds_to_deadline, sender_of

_IN_PROCESS = (
    ("httpx", "MockTransport"),
    ("httpx", "ASGITransport"),
    ("httpx", "WSGITransport"),
    ("httpx2", "MockTransport"),
    ("httpx2", "ASGITransport"),
    ("httpx2", "WSGITransport"),
    ("starlette.testclient", "_TestClientTransport"),
)
"""Transports that reach no network. A test that uses one of them has chosen it on purpose."""

_SENDING = {"HTTPTransport": "handle_request", "AsyncHTTPTransport": "handle_async_request"}
"""The library's own transports, and the method by which each sends."""

_addressee: ContextVar[Resolved | None] = ContextVar("eugpt_files_mock_addressee", default=None)
"""The mock that the client's URL belongs to, until the answer is there: a transport of the user's
may rewrite the URL on the way, as one that pins a host's address does."""


@lru_cache  # what is found once needn't be looked up at each start
def patches(library: Any) -> list[MethodPatch]:
    """What is replaced in one of the two libraries."""
    name = library.__name__
    sending = [
        MethodPatch(f"{name}._transports.default.{kind}.{method}", making)
        for (kind, method), making in zip(_SENDING.items(), (_sending, _sending_async), strict=True)
    ]
    choosing = partial(_choosing, library, sending)
    clients = (f"{name}._client.{kind}._transport_for_url" for kind in ("Client", "AsyncClient"))
    return [*(MethodPatch(target, choosing) for target in clients), *sending]


def _choosing(library: Any, sending: list[MethodPatch], original: Any, own: Any) -> Any:
    transport_class = _transport_class(library)

    def _transport_for_url(client: Any, url: Any) -> Any:
        found = registry.find(origin(url.host, url.port), url.path)
        if found is None:
            give_back()
            # A transport of the user's may send a request of its own within ours, such as one for a
            # token, with another client: that isn't for the mock, unless its URL says so.
            transport = original(client, url)
            is_within_ours = _addressee.get() is not None
            return _Addressed(None, transport, library) if is_within_ours else transport
        transport = own(client, url)
        kind = type(transport)
        for patch in sending:
            # The fast path is for the library's own transport, exactly: a subclass may do more in
            # its method.
            if patch.owner is kind and patch.is_bare():
                return transport_class(found, transport, patch.through)
        if _is_left_alone(transport):
            return transport
        # The request will leave by these. Another tool that was stopped since may have taken ours
        # off.
        for patch in sending:
            patch.renew()
        return _Addressed(found, transport, library)

    return _transport_for_url


@lru_cache
def _transport_class(library: Any) -> Callable[[Resolved, Any, Any], Any]:  # noqa: C901 - a class
    """A transport of this library that answers from the mock, sync and async."""
    # The author may have put a stub under one of these names.
    names = ("BaseTransport", "AsyncBaseTransport", "Response", "ByteStream")
    sync_class, async_class, response_class, stream_class = (
        own_class(getattr(library, name), f"{library.__name__}.{name}") for name in names
    )

    class FilesTransport(sync_class, async_class):  # type: ignore[misc, valid-type]
        def __init__(self, found: Resolved, replaced: Any, sends: Any) -> None:
            self._found = found
            self._replaced = replaced
            self._sends = sends

        def handle_request(self, request: Any) -> Any:
            if not _may_be_fast(request, stream_class):
                return self._send(request)
            return self._answered(request, list(request.stream))

        async def handle_async_request(self, request: Any) -> Any:
            if not _may_be_fast(request, stream_class):
                return await self._send(request)
            answered = self._answered(request, [piece async for piece in request.stream])
            return answered if isinstance(answered, response_class) else await answered

        def _answered(self, request: Any, pieces: list[bytes]) -> Any:
            headers = request.headers.raw
            names, values = zip(*headers, strict=True) if headers else ((), ())
            size = sum(map(len, pieces))
            replaced, url = self._replaced, request.url
            answered = answer(
                self._found,
                method=request.method,
                query=url.query.decode("ascii"),
                names=names,
                # latin-1 decodes any bytes. What isn't ASCII isn't for the fast path.
                values=b"\n".join(values).decode("latin-1"),
                body=b"".join(pieces) if size < _LARGE else pieces,
                size=size,
                client=library.__name__,
                read_timeout=(request.extensions.get("timeout") or {}).get("read"),
                scheme=url.scheme,
                async_client=replaced if isinstance(replaced, library.AsyncBaseTransport) else None,
            )
            if not isinstance(answered, PlainAnswer):
                return self._send(request, answered, pieces)
            return response_class(
                200,
                headers=answered.headers,
                stream=stream_class(answered.body),
                extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
            )

        def _send(self, request: Any, outcome: Any = None, pieces: Any = None) -> Any:
            twin = _in_memory(self._replaced, request, self._found, outcome, pieces)
            return bound(self._sends, twin)(request)

    return FilesTransport


_LARGE = 1_000_000
"""Bytes from which a body is passed on in its pieces: joined, it would be in memory twice."""


def _may_be_fast(request: Any, stream_class: type) -> bool:
    """Whether the body is read without any code of the user's, which is left to the client's stack:
    bytes, or a form whose parts are bytes or Python's own files.
    """
    stream = request.stream
    if len(request.url.raw_path) >= MOST_BYTES:
        return False
    if type(stream) is stream_class:
        return True
    # httpx doesn't export MultipartStream, so it is known by its name.
    return type(stream).__name__ == "MultipartStream" and all(
        _is_pythons_own(getattr(field, "file", b"")) for field in stream.fields
    )


def _is_pythons_own(file: Any) -> bool:
    kind = type(file)
    return kind in _IN_MEMORY or (kind is io.BufferedReader and type(file.raw) is io.FileIO)


_IN_MEMORY = frozenset({bytes, str, io.BytesIO})


def _sending(original: Any, own: Any) -> Any:
    def handle_request(transport: Any, request: Any) -> Any:
        found = _taken_over(request.url)
        if found is None:
            give_back()
            return original(transport, request)
        return own(_in_memory(transport, request, found), request)

    return handle_request


def _sending_async(original: Any, own: Any) -> Any:
    async def handle_async_request(transport: Any, request: Any) -> Any:
        found = _taken_over(request.url)
        if found is None:
            give_back()
            return await original(transport, request)
        return await own(_in_memory(transport, request, found), request)

    return handle_async_request


def _taken_over(url: Any) -> Resolved | None:
    """The mock that answers a request which is about to leave, or None."""
    found = registry.find(origin(url.host, url.port), url.path)
    if found is None:
        return _addressee.get()
    # The transport has kept our URL. So what it sends to other URLs meanwhile, such as a request
    # for a token, isn't a rewritten request of ours, and goes to the network.
    _addressee.set(None)
    return found


def _is_left_alone(transport: Any) -> bool:
    """Whether the transport reaches no network, as those of test clients do."""
    kinds: list[Any] = [
        getattr(sys.modules.get(module), name, None) for module, name in _IN_PROCESS
    ]
    # Not isinstance: the author may have put a mock under the name, which pretends to be a class.
    return isinstance(transport, tuple(kind for kind in kinds if issubclass(type(kind), type)))


class _Addressed:
    """Around another transport: notes which mock its requests are for, if they are for one."""

    def __init__(self, found: Resolved | None, transport: Any, library: Any) -> None:
        self._found = found
        self._transport = transport
        self._library = library.__name__

    def handle_request(self, request: Any) -> Any:
        with self._noted():
            return self._transport.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        with self._noted():
            return await self._transport.handle_async_request(request)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        before, name = _addressee.set(self._found), client_name.set(self._library)
        try:
            yield
        finally:
            _addressee.reset(before)
            client_name.reset(name)


# -- httpcore's pool, over connections in memory --------------------------------------------------


def _in_memory(
    transport: Any,
    request: Any,
    found: Resolved,
    outcome: Outcome | None = None,
    body: Iterable[bytes] | None = None,
) -> Any:
    """A twin of the transport, which is the library's own or extends it, that sends over a
    connection in memory. On the fast path the outcome has been decided, and the body read, already.
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
        errors: list[OSError] = []
        while True:
            connection = self._new(core.HTTPConnection, _Backend, errors, request)
            stream = connection._connect(kept)
            # Once more from the start after a late error: httpcore's own `retries` carry it to the
            # next attempt, or it raises `ConnectError`.
            try:
                answer = core.HTTP11Connection(request.url.origin, stream).handle_request(kept)
            except NotConnected as late:
                errors.append(late.error)
            else:
                kept.stream.forget()
                return answer

    async def handle_async_request(self, request: Any) -> Any:
        core, kept = self._core, self._kept(request)
        errors: list[OSError] = []
        while True:
            connection = self._new(core.AsyncHTTPConnection, _AsyncBackend, errors, request)
            stream = await connection._connect(kept)
            connected = core.AsyncHTTP11Connection(request.url.origin, stream)
            try:
                answer = await connected.handle_async_request(kept)
            except NotConnected as late:
                errors.append(late.error)
            else:
                kept.stream.forget()
                return answer

    def _kept(self, request: Any) -> Any:
        request.stream = _KeptBody(request.stream if self._body is None else self._body)
        return request

    def _new(self, kind: Any, backend: Any, errors: list[OSError], request: Any) -> Any:
        return kind(
            origin=request.url.origin,
            ssl_context=self._replaced._ssl_context,
            retries=self._replaced._retries,
            network_backend=backend(self._core, self._connect, errors),
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

    def __aiter__(self) -> AsyncIterator[bytes]:
        # What the fast path has read is a list, also for the async client; a form is both.
        if self._pieces is not None or hasattr(self._body, "__iter__"):
            return _AtHand(iter(self))
        return self._kept_on_the_way()

    async def _kept_on_the_way(self) -> AsyncIterator[bytes]:
        self._pieces = []
        async for piece in self._body:
            yield self._keep(piece)

    def forget(self) -> None:
        """Let go of it, once there is an answer: httpx's response is part of a cycle with its
        stream, and keeps the request for the collector.
        """
        self._body, self._pieces = (), []

    def _keep(self, piece: Any) -> Any:
        # A copy, as the user's generator may use its buffer again for the next piece. What isn't
        # bytes is refused by h11, as on a port.
        kept = bytes(piece) if isinstance(piece, (bytearray, memoryview)) else piece
        self._pieces.append(kept)  # type: ignore[union-attr]
        return kept


class _AtHand:
    """Pieces for an async client: no generator, of which trio warns when it is left half read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _Backend:
    """httpcore's network; the first attempts to connect fail with these errors."""

    def __init__(self, core: Any, connect: Any, errors: list[OSError]) -> None:
        self._core = core
        self._connect = connect
        self._errors = iter(tuple(errors))

    def _connected(self, stream: Any) -> Any:
        for error in self._errors:
            is_late = isinstance(error, TimeoutError)
            kind = self._core.ConnectTimeout if is_late else self._core.ConnectError
            raise kind(str(error)) from error
        return stream(self._core, self._connect())

    def connect_tcp(self, *_: Any, **__: Any) -> Any:
        return self._connected(_Stream)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _AsyncBackend(_Backend):
    async def connect_tcp(self, *_: Any, **__: Any) -> Any:
        return self._connected(_AsyncStream)

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
            if pause == FOR_EVER:
                raise self._connection.waits_for_ever()
            if pause:
                time.sleep(pause)
        return self._connection.take(max_bytes)

    def _advance(self) -> float:
        try:
            return self._connection.advance()
        except TimeoutError as error:
            raise self._core.ReadTimeout("The read operation timed out") from error
        except OSError as error:
            raise self._core.ReadError(str(error)) from error

    def write(self, buffer: bytes, **_: Any) -> Any:
        try:
            self._connection.send(buffer)
        except ConnectionResetError as error:
            raise self._core.WriteError(str(error)) from error

    def start_tls(self, *_: Any, **__: Any) -> Any:
        return self

    def close(self) -> None:
        self._connection.end()

    def get_extra_info(self, _: str) -> None:
        """There is no socket and no TLS to describe."""


_GRACE = 1.0
"""Seconds after a deadline in which the application is given the time to cancel."""


_TURNS = 5
"""Of the event loop, from a timer of asyncio that is due to the end of what it limits: in Python
3.11 and older, `wait_for()` wakes a task that cancels another."""


class _AsyncStream(_Stream):
    async def read(self, max_bytes: int, **_: Any) -> bytes:
        while not self._connection.can_be_read:
            try:
                pause = self._advance()
            except self._core.ReadTimeout:
                # The client's timeout comes at once, unless the application's deadline is nearer.
                # One that is over already cancels within some turns of the loop.
                for _turn in range(_TURNS):
                    await _sleep(0)
                left = seconds_to_deadline()
                if left is not None and left < (self._connection.read_timeout or FOR_EVER):
                    await self._connection.waited(left + _GRACE, _sleep)
                raise
            if pause == FOR_EVER:
                left = seconds_to_deadline()
                wait = LONGEST_WAIT if left is None else left + _GRACE
                await self._connection.waited(wait, _sleep)
                raise self._connection.waits_for_ever()
            if pause:
                await self._connection.waited(pause, _sleep)
        return self._connection.take(max_bytes)

    async def write(self, buffer: bytes, **_: Any) -> None:
        super().write(buffer)

    async def start_tls(self, *_: Any, **__: Any) -> Any:
        return self

    async def aclose(self) -> None:
        self.close()


async def _sleep(seconds: float) -> None:
    # Under trio asyncio.sleep() would fail. httpx and httpx2 depend on anyio, so it is there; late,
    # as the sync clients don't need it.
    import anyio

    await anyio.sleep(seconds)
