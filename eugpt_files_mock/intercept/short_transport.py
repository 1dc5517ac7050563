"""The short way of httpx and httpx2: what is plain is answered in place of the transport.

Plain is a request that the whole way would send and read without anything to observe: headers
without a need for h11's checks, a body that can be read at once, a 200 that arrives as a whole.
For the rest the client's own stack does its work. If that is known only when the request was
answered, the outcome is kept, and the client's stack meets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeGuard

from ..errors import hide_from_traceback
from ..model.messages import Headers, Outcome, Reply, Request
from ..protocol import http_date
from .memory_pool import in_memory, read_timeout
from .patches import bound
from .registry import Resolved

__all__ = ["is_plain_outcome", "transport_class"]

__tracebackhide__ = hide_from_traceback

_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})

_HEADERS = re.compile(
    rb"(?i:(?!expect:|upgrade:|transfer-encoding:|connection:(?!keep-alive\n))"
    rb"[!#$%&'*+.^_`|~0-9a-z-]+:(?:[!-~](?:[ -~]*[!-~])?)?\n)*"
)
"""Those that h11 sends as they are, and that ask for nothing else of the connection."""

_MOST_BYTES, _MOST_HEADERS = 60_000, 100
"""Far enough below the limits of the protocol."""

_LARGE = 1_000_000
"""Bytes from which a body is handed on in its pieces."""

_PLAIN_HEADERS = frozenset({"Content-Type", "Content-Length", "X-Request-Id"})


@lru_cache
def transport_class(library: Any) -> Callable[[Resolved, Any, Any], Any]:  # noqa: C901 - a class
    """A transport of this library that answers from the mock."""

    class FilesTransport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        """Sync and async; they differ in how a body is read."""

        def __init__(self, found: Resolved, replaced: Any, sends: Any) -> None:
            self._found = found
            self._replaced = replaced
            self._sends = sends

        def handle_request(self, request: Any) -> Any:
            if not _is_plain(request, library):
                return self._send(request)
            pieces = list(request.stream)
            outcome = self._outcome(request, pieces)
            return self._response(outcome) or self._send(request, outcome, pieces)

        async def handle_async_request(self, request: Any) -> Any:
            if not _is_plain(request, library):
                return await self._send(request)
            pieces = [piece async for piece in request.stream]
            outcome = self._outcome(request, pieces)
            return self._response(outcome) or await self._send(request, outcome, pieces)

        def _outcome(self, request: Any, pieces: list[bytes]) -> Outcome | None:
            """None if the body isn't as long as announced, which h11 refuses to send."""
            length = sum(map(len, pieces))
            if request.headers.get("content-length", "0") != str(length):
                return None
            body = b"".join(pieces) if length < _LARGE else pieces
            return self._found.mock.dispatch(
                _request(library.__name__, request, self._found.resource, body)
            )

        def _response(self, outcome: Outcome | None) -> Any:
            if outcome is None or not is_plain_outcome(outcome):
                return None
            return library.Response(
                200,
                headers=(*outcome.headers, ("Date", http_date())),
                stream=library.ByteStream(outcome.body),
                extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
            )

        def _send(self, request: Any, outcome: Any = None, pieces: Any = None) -> Any:
            twin = in_memory(self._replaced, request, self._found, outcome, pieces)
            return bound(self._sends, twin)(request)

    return FilesTransport


def is_plain_outcome(outcome: Outcome) -> TypeGuard[Reply]:
    """Whether it is an answer that arrives as a whole, at once."""
    return (
        isinstance(outcome, Reply)
        and outcome.status == 200
        and not outcome.delay
        and outcome.piece is None
        and outcome.cut_after is None
        and all(name in _PLAIN_HEADERS for name, _ in outcome.headers)
    )


def _is_plain(request: Any, library: Any) -> bool:
    raw = request.headers.raw
    head = b"".join([b"%b:%b\n" % pair for pair in raw])
    return (
        request.method in _METHODS
        and len(raw) == head.count(b"\n") <= _MOST_HEADERS
        and len(head) + len(request.url.raw_path) < _MOST_BYTES
        and _HEADERS.fullmatch(head) is not None
        and _can_be_read_at_once(request.stream, library)
    )


def _can_be_read_at_once(stream: Any, library: Any) -> bool:
    """A generator or a file of the user's is read by the client's own stack."""
    return isinstance(stream, library.ByteStream) or type(stream).__name__ == "MultipartStream"


def _request(client: str, request: Any, resource: str | None, body: Any) -> Request:
    url = request.url
    return Request(
        method=request.method,
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
        client=client,
        read_timeout=read_timeout(request),
    )
