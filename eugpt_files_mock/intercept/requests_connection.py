"""Where urllib3's connection pool stands under requests: a connection to the mock.

It sends, retries and receives as the pool does, by urllib3's own rules, and raises urllib3's own
errors; requests' adapter makes its own of them.
"""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from ..errors import hide_from_traceback
from ..model.messages import Headers, Reply, Request, Severed
from ..service.timing import Body, body_of
from .registry import Resolved

__tracebackhide__ = hide_from_traceback


class Connection:
    """To one mock, for one URL: `urlopen` sends, retries and receives."""

    def __init__(self, found: Resolved, url: str) -> None:
        self._found = found
        self._parts = urlsplit(url)

    def __str__(self) -> str:
        return f"eugpt-files-mock for {self._parts.netloc}"

    def urlopen(
        self,
        *,
        method: str,
        url: str,
        body: Any,
        headers: Any,
        retries: urllib3.Retry,
        timeout: urllib3.Timeout,
        **reading: Any,
    ) -> urllib3.HTTPResponse:
        """As in urllib3's pool, with its own rules for retries."""
        request = self._request(method, headers, _read(body))
        while True:
            try:
                response = self._exchange(request, timeout, retries, reading)
            except HTTPError as error:
                retries = retries.increment(method, url, error=error, _pool=self)  # type: ignore[arg-type]
                retries.sleep()
                continue
            if not retries.is_retry(method, response.status, "Retry-After" in response.headers):
                return response
            try:
                retries = retries.increment(method, url, response=response, _pool=self)  # type: ignore[arg-type]
            except urllib3.exceptions.MaxRetryError:
                if retries.raise_on_status:
                    raise
                return response
            retries.sleep(response)

    def _request(self, method: str, headers: Any, body: bytes) -> Request:
        return Request(
            method=method.upper(),
            path=unquote(self._parts.path),
            resource=self._found.resource,
            query=self._parts.query,
            headers=Headers([(_text(name), _text(value)) for name, value in headers.items()]),
            body=body,
            client="requests",
        )

    def _exchange(
        self,
        request: Request,
        timeout: urllib3.Timeout,
        retries: urllib3.Retry,
        reading: dict[str, Any],
    ) -> urllib3.HTTPResponse:
        read_timeout = _read_timeout(timeout)
        outcome = self._found.door.ask(request, read_timeout)
        if isinstance(outcome, Severed):
            raise SEVERED[outcome.kind](self)
        if outcome.delay:
            time.sleep(outcome.delay)
        return urllib3.HTTPResponse(
            body=self._body(outcome, read_timeout),
            status=outcome.status,
            version=11,
            reason=http.client.responses.get(outcome.status),
            preload_content=reading.get("preload_content", True),
            decode_content=reading.get("decode_content", True),
            retries=retries,
            request_method=request.method,
            **_headers(outcome),
        )

    def _body(self, reply: Reply, read_timeout: float | None) -> io.IOBase:
        body = body_of(reply, read_timeout)
        plain = body.ending == "complete" and not body.pause
        return io.BytesIO(body.data) if plain else _PacedFile(self, body)


SEVERED: dict[str, Callable[[Any], HTTPError]] = {
    "refused": lambda pool: NewConnectionError(
        pool, "Failed to establish a new connection: [Errno 111] Connection refused"
    ),
    "reset": lambda _pool: _aborted(ConnectionResetError(104, "Connection reset by peer")),
    "empty": lambda _pool: _aborted(
        http.client.RemoteDisconnected("Remote end closed connection without response")
    ),
    "garbage": lambda _pool: _aborted(http.client.BadStatusLine("garbage")),
    "timeout": lambda pool: ReadTimeoutError(pool, None, "Read timed out."),
}
"""What urllib3 raises when a real server does it; requests' adapter makes its own of it."""


def _aborted(cause: Exception) -> ProtocolError:
    return ProtocolError("Connection aborted.", cause)


def _read_timeout(timeout: urllib3.Timeout) -> float | None:
    """Seconds that the client waits for bytes; a total includes the time to connect."""
    timeout = timeout.clone()
    timeout.start_connect()
    seconds = timeout.read_timeout
    return seconds if isinstance(seconds, (int, float)) else None


def _headers(reply: Reply) -> dict[str, Any]:
    """As `HTTPResponse` takes them; requests reads cookies from the response that urllib3 read."""
    headers = urllib3.HTTPHeaderDict(reply.headers)
    original = _Head(headers) if "Set-Cookie" in headers else None
    return {"headers": headers, "original_response": original}


class _Head:
    """What urllib3 and requests use of the `http.client` response beneath theirs."""

    def __init__(self, message: urllib3.HTTPHeaderDict) -> None:
        self.msg = message

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""


class _PacedFile(io.RawIOBase):
    """A body that comes in pieces, or breaks off; urllib3 itself notices what is missing."""

    def __init__(self, pool: Connection, body: Body) -> None:
        super().__init__()
        self._pool = pool
        self._ending = body.ending
        self._pieces = body.pieces()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            pause, self._rest = next(self._pieces, (0.0, b""))
            if pause:
                time.sleep(pause)
        if not self._rest and self._ending == "timeout":
            raise SEVERED["timeout"](self._pool)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _read(body: Any) -> bytes:
    """Whatever requests can send: nothing, bytes, text, a file, or an iterable of pieces."""
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, (bytes, bytearray, memoryview, str)):
        return _bytes(body)
    if isinstance(body, Iterable):
        return b"".join(_bytes(piece) for piece in body)
    raise TypeError(f"requests cannot send a body of type {type(body).__name__}")


def _bytes(value: bytes | bytearray | memoryview | str) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else bytes(value)


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
