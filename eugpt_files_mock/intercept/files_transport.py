"""The transport that answers in place of httpx's and httpx2's own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any

from ..errors import hide_from_traceback
from ..model.messages import Headers, Reply, Request, Severed
from ..service.timing import Body, body_of
from .httpx_failures import Failure, failure_of
from .registry import Resolved

__tracebackhide__ = hide_from_traceback


@lru_cache
def transport_class(library: Any) -> Callable[[Resolved, Any], Any]:  # noqa: C901 - a class in there
    """A transport of this library that answers from the mock."""
    paced = _stream_class(library)

    class FilesTransport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        """Sync and async; they differ in how a body is read and a delay is spent."""

        def __init__(self, found: Resolved, replaced: Any) -> None:
            self._found = found
            self._replaced = replaced

        def handle_request(self, request: Any) -> Any:
            reply = self._exchange(request, list(request.stream))
            if reply.delay:
                time.sleep(reply.delay)
            return self._response(request, reply)

        async def handle_async_request(self, request: Any) -> Any:
            reply = self._exchange(request, [piece async for piece in request.stream])
            if reply.delay:
                await _sleep(reply.delay)
            return self._response(request, reply)

        def _exchange(self, request: Any, pieces: list[bytes]) -> Reply:
            door, resource = self._found
            body = _gathered(pieces)
            outcome = door.ask(_request(library, request, resource, body), _read_timeout(request))
            if isinstance(outcome, Severed):
                raise self._failure(outcome.kind)
            return outcome

        def _response(self, request: Any, reply: Reply) -> Any:
            body = body_of(reply, _read_timeout(request))
            plain = body.ending == "complete" and body.piece is None
            stream = library.ByteStream(body.data) if plain else paced(body, reply, self._failure)
            return library.Response(
                reply.status,
                headers=reply.headers,
                stream=stream,
                extensions={"http_version": b"HTTP/1.1"},
            )

        @property
        def _failure(self) -> Failure:
            return failure_of(library, self._replaced)

    return FilesTransport


@lru_cache
def _stream_class(library: Any) -> Callable[[Body, Reply, Failure], Any]:  # noqa: C901 - a class in there
    """A body that comes in pieces, or breaks off."""

    class PacedStream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, body: Body, reply: Reply, failure: Failure) -> None:
            self._body = body
            self._announced = max(1, len(reply.body))
            self._failure = failure

        def __iter__(self) -> Iterator[bytes]:
            for pause, data in self._body.pieces():
                if pause:
                    time.sleep(pause)
                yield data
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for pause, data in self._body.pieces():
                if pause:
                    await _sleep(pause)
                yield data
            self._end()

        def _end(self) -> None:
            if self._body.ending != "complete":
                raise self._failure(
                    self._body.ending, sent=len(self._body.data), announced=self._announced
                )

    return PacedStream


_LARGE = 1_000_000
"""Bytes from which a body is handed on in its pieces."""


def _gathered(pieces: list[bytes]) -> bytes | list[bytes]:
    """A small body is read faster in one piece; of a large one no copy is made."""
    return b"".join(pieces) if sum(map(len, pieces)) < _LARGE else pieces


def _request(
    library: ModuleType, request: Any, resource: str | None, body: bytes | list[bytes]
) -> Request:
    url = request.url
    return Request(
        method=request.method.upper(),
        path=url.path,
        resource=resource,
        query=url.query.decode("ascii"),
        headers=Headers(
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in request.headers.raw
            ]
        ),
        body=body,
        client=library.__name__,
    )


def _read_timeout(request: Any) -> float | None:
    """Seconds that the client waits for bytes."""
    timeouts = request.extensions.get("timeout") or {}
    seconds: float | None = timeouts.get("read")
    return seconds


async def _sleep(seconds: float) -> None:
    import anyio  # httpx and httpx2 depend on it

    await anyio.sleep(seconds)
