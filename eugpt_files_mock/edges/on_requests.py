"""requests: its own adapter does its own work, over a connection of ours.

responses patches requests for us: its target can be chosen. Its own target is `HTTPAdapter.send`,
where only the mock that was started last is asked; ours are one step before it, where a session
chooses an adapter, and one step behind it, where an adapter chooses a connection. So requests'
own code still reads timeouts, retries, and turns urllib3's errors into its own.
"""

from __future__ import annotations

import http.client
import io
import sys
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from ..base_urls import origin
from ..errors import ClientHasNoTimeout, SeamLost
from ..service.handle import handle
from ..service.messages import Headers, Reply, Request, Severed
from . import doors
from .doors import Found
from .hook import Hook
from .pacing import Body, body_of, within_patience

_send: Callable[..., requests.Response] = responses._real_send
"""`HTTPAdapter.send` as it was before anybody patched it."""


def hooks() -> list[Hook]:
    """How to intercept requests: in front of the adapter, and behind it."""
    return [
        _hook("requests.sessions.Session.get_adapter", _get_adapter),
        _hook("requests.adapters.HTTPAdapter.get_connection_with_tls_context", _get_connection),
    ]


class _Patch(responses.RequestsMock):
    """responses' patching, with a replacement of ours."""

    def __init__(self, target: str, replacement: Callable[..., Any]) -> None:
        super().__init__(assert_all_requests_are_fired=False, target=target)
        self._replacement = replacement

    def unbound_on_send(self) -> Any:
        return self._replacement


def _hook(target: str, replacing: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Hook:
    owner_name, attribute = target.rsplit(".", 1)
    owner = requests.Session if owner_name.endswith("Session") else HTTPAdapter
    original = getattr(owner, attribute, None)
    if original is None:
        raise SeamLost(target)
    patch = _Patch(target, replacing(original))
    return Hook(patch.start, patch.stop)


def _get_adapter(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_adapter(session: requests.Session, url: str) -> Any:
        adapter = original(session, url)
        if isinstance(adapter, HTTPAdapter) and HTTPAdapter.send is _send:
            return adapter  # it will ask for a connection
        if _is_left_alone(adapter) or _find(url) is None:
            return adapter
        return _unpatched(adapter if isinstance(adapter, HTTPAdapter) else HTTPAdapter())

    return get_adapter


def _get_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_connection_with_tls_context(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        found = _find(request.url or "")
        if found is None:
            return original(adapter, request, *args, **kwargs)
        return _Connection(found, request)

    return get_connection_with_tls_context


def _is_left_alone(adapter: Any) -> bool:
    """A double of the user's own, mounted on purpose."""
    double = getattr(sys.modules.get("requests_mock.adapter"), "Adapter", None)
    return double is not None and isinstance(adapter, double)


def _unpatched(adapter: HTTPAdapter) -> HTTPAdapter:
    """The same adapter, with the same state, whose `super().send` is requests' own.

    Another mock has patched `HTTPAdapter.send`, and would refuse our URLs.
    """
    kind: Any = type(adapter)
    twin: HTTPAdapter = object.__new__(_unpatched_class(kind))
    twin.__dict__ = adapter.__dict__
    return twin


class _Unpatched(HTTPAdapter):
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        __tracebackhide__ = True
        return _send(self, *args, **kwargs)


@lru_cache
def _unpatched_class(kind: type[HTTPAdapter]) -> type[HTTPAdapter]:
    if kind is HTTPAdapter:
        return _Unpatched
    return type(kind.__name__, (kind, _Unpatched), {})


def _find(url: str) -> Found | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # an address of another kind, for an adapter of the user's own
        return None
    if host is None:
        return None
    return doors.find(origin(parts.scheme, host, port), unquote(parts.path))


class _Connection:
    """Stands where urllib3's connection pool does: `urlopen` sends, retries and receives."""

    def __init__(self, found: Found, request: requests.PreparedRequest) -> None:
        self._found = found
        self._parts = urlsplit(request.url or "")

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
        **_: Any,
    ) -> urllib3.HTTPResponse:
        """As in urllib3's pool, with its own rules for retries."""
        __tracebackhide__ = True
        request = self._request(method, headers, _read(body))
        while True:
            try:
                response = self._exchange(request, timeout.read_timeout, retries)
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
        self, request: Request, patience: Any, retries: urllib3.Retry
    ) -> urllib3.HTTPResponse:
        __tracebackhide__ = True
        patience = patience if isinstance(patience, (int, float)) else None
        outcome = handle(self._found.door.service, request)
        try:
            outcome = within_patience(outcome, patience)
        except ClientHasNoTimeout as complaint:
            self._found.door.complaints.append(complaint)
            raise
        if isinstance(outcome, Severed):
            raise SEVERED[outcome.kind](self)
        if outcome.delay:
            time.sleep(outcome.delay)
        return _response(self, outcome, body_of(outcome, patience), retries)


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


def _response(
    pool: _Connection, reply: Reply, body: Body, retries: urllib3.Retry
) -> urllib3.HTTPResponse:
    plain = body.ending == "complete" and not body.pause
    return urllib3.HTTPResponse(
        body=io.BytesIO(body.data) if plain else _PacedFile(pool, body),
        headers=dict(reply.headers),
        status=reply.status,
        version=11,
        reason=http.client.responses.get(reply.status),
        preload_content=False,
        decode_content=False,
        retries=retries,
    )


class _PacedFile(io.RawIOBase):
    """A body that comes in pieces, or breaks off; urllib3 itself notices what is missing."""

    def __init__(self, pool: _Connection, body: Body) -> None:
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
    if isinstance(body, (bytes, bytearray, str)):
        return _bytes(body)
    if isinstance(body, Iterable):
        return b"".join(_bytes(piece) for piece in body)
    raise TypeError(f"requests cannot send a body of type {type(body).__name__}")


def _bytes(value: bytes | bytearray | str) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else bytes(value)


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
