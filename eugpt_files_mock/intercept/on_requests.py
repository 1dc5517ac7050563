"""requests: its own adapter does its own work, over a connection of ours.

responses patches requests for us: its target can be chosen. Its own target is `HTTPAdapter.send`,
where only the mock that was started last is asked; ours are one step before it, where a session
chooses an adapter, and behind it: where an adapter chooses a connection, and where urllib3, which
every connection comes from, sends. So requests' own code still reads timeouts, retries, and turns
urllib3's errors into its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from ..errors import PatchTargetMissing, hide_from_traceback
from ..model.base_urls import origin
from . import registry
from .hook import Hook
from .registry import Resolved
from .requests_connection import Connection

__tracebackhide__ = hide_from_traceback

_send: Callable[..., requests.Response] = responses._real_send
"""`HTTPAdapter.send` as it was before anybody patched it."""


_POSITIONS = (
    "body", "headers", "retries", "redirect", "assert_same_host", "timeout", "pool_timeout",
    "release_conn", "chunked", "body_pos", "preload_content", "decode_content",
)  # fmt: skip
"""What may follow method and URL in a call of urllib3's `urlopen`, in its order."""


def hooks() -> list[Hook]:
    """How to intercept requests: in front of the adapter, and twice behind it.

    The pool alone would catch all that asks for our address. But looking it up costs requests a
    twelfth of a call; and an adapter may have a connection to another address for a URL of ours,
    as those do that pin one.
    """
    return [
        _hook(requests.Session, "requests.sessions.Session.get_adapter", _get_adapter),
        _hook(
            HTTPAdapter,
            "requests.adapters.HTTPAdapter.get_connection_with_tls_context",
            _get_connection,
        ),
        _hook(HTTPConnectionPool, "urllib3.connectionpool.HTTPConnectionPool.urlopen", _urlopen),
    ]


class _Patch(responses.RequestsMock):
    """responses' patching, with a replacement of ours."""

    def __init__(self, target: str, replacement: Callable[..., Any]) -> None:
        super().__init__(assert_all_requests_are_fired=False, target=target)
        self._replacement = replacement

    def unbound_on_send(self) -> Any:
        return self._replacement


def _hook(
    owner: type, target: str, replacing: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Hook:
    attribute = target.rpartition(".")[2]
    original = getattr(owner, attribute, None)
    placeholder = getattr(HTTPConnectionPool.__bases__[-1], attribute, None)
    if original is None or original is placeholder:
        raise PatchTargetMissing(target)
    patch = _Patch(target, replacing(original))
    return Hook(patch.start, patch.stop)


def _get_adapter(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_adapter(session: requests.Session, url: str) -> Any:
        adapter = original(session, url)
        if _will_ask_for_a_connection(adapter) or _is_left_alone(adapter) or _find(url) is None:
            return adapter
        return _ours(adapter)

    return get_adapter


def _get_connection(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_connection_with_tls_context(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> Any:
        found = _find(request.url or "")
        if found is None:
            return original(adapter, request, *args, **kwargs)
        return Connection(found, request.url or "")

    return get_connection_with_tls_context


def _urlopen(original: Callable[..., Any]) -> Callable[..., Any]:
    """For adapters that make connections of their own while they send, and plain urllib3."""

    def urlopen(
        pool: HTTPConnectionPool, method: str, url: str, *arguments: Any, **words: Any
    ) -> Any:
        address = _address(pool, url)
        found = _find(address)
        if found is None:
            return original(pool, method, url, *arguments, **words)
        words |= zip(_POSITIONS, arguments)  # noqa: B905 - as many as were given
        words |= _settled(pool, **words)
        return Connection(found, address).urlopen(method=method, url=url, **words)

    return urlopen


def _address(pool: HTTPConnectionPool, url: str) -> str:
    """Where a request goes: to the host of the pool, unless that is a proxy, which is told it."""
    if not url.startswith("/"):
        return url
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    return f"{pool.scheme}://{host}:{pool.port or ''}{url}"


def _settled(
    pool: HTTPConnectionPool,
    *,
    body: Any = None,
    headers: Any = None,
    retries: Any = None,
    redirect: bool = True,
    timeout: Any = urllib3.Timeout.DEFAULT_TIMEOUT,
    **_: Any,
) -> dict[str, Any]:
    """The arguments as the pool itself completes them."""
    if not isinstance(retries, urllib3.Retry):
        retries = urllib3.Retry.from_int(retries, redirect=redirect, default=pool.retries)
    if timeout is None or isinstance(timeout, (int, float)):
        timeout = urllib3.Timeout.from_float(timeout)
    elif not isinstance(timeout, urllib3.Timeout):  # a default of one release or another
        timeout = pool.timeout
    headers = pool.headers if headers is None else headers
    return {"body": body, "headers": headers, "retries": retries, "timeout": timeout}


def _is_left_alone(adapter: Any) -> bool:
    """A double of the user's own, such as a WSGI adapter: one that could reach our host through
    urllib3 would be caught there.
    """
    return not isinstance(adapter, HTTPAdapter)


def _will_ask_for_a_connection(adapter: Any) -> bool:
    """Whether it comes to `_get_connection` by itself, as almost all do."""
    asks = getattr(type(adapter), "get_connection_with_tls_context", None)
    return HTTPAdapter.send is _send and asks is HTTPAdapter.get_connection_with_tls_context


def _ours(adapter: HTTPAdapter) -> HTTPAdapter:
    """The same adapter, with the same state, whose `super().send` is requests' own, and which asks
    for a connection where all do.

    Another mock may have patched `HTTPAdapter.send`, and would refuse our URLs; a subclass may
    make connections of its own, and would reach the real service.
    """
    kind: Any = type(adapter)
    twin: HTTPAdapter = object.__new__(_twin_class(kind))
    twin.__dict__ = adapter.__dict__
    return twin


class _Asking(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        return HTTPAdapter.get_connection_with_tls_context(self, *args, **kwargs)


class _Unpatched(HTTPAdapter):
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        return _send(self, *args, **kwargs)


@lru_cache
def _twin_class(kind: type[HTTPAdapter]) -> type[HTTPAdapter]:
    if kind is HTTPAdapter:
        return _Unpatched
    return type(kind.__name__, (_Asking, kind, _Unpatched), {})


def _find(url: str) -> Resolved | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # an address of another kind, for an adapter of the user's own
        return None
    if host is None:
        return None
    return registry.find(origin(parts.scheme, host, port), unquote(parts.path))
