"""requests: its own adapter does its own work, over a connection of ours.

responses patches requests for us: its target can be chosen. Its own target is `HTTPAdapter.send`,
where only the mock that was started last is asked; ours are one step before it, where a session
chooses an adapter, and one step behind it, where an adapter chooses a connection. So requests'
own code still reads timeouts, retries, and turns urllib3's errors into its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import responses
from requests.adapters import HTTPAdapter

from ..base_urls import origin
from ..errors import SeamLost
from . import doors
from .doors import Found
from .hook import Hook
from .requests_connection import Connection

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
        if _will_ask_for_a_connection(adapter) or _is_left_alone(adapter) or _find(url) is None:
            return adapter
        return _ours(adapter if isinstance(adapter, HTTPAdapter) else HTTPAdapter())

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


def _is_left_alone(adapter: Any) -> bool:
    """A double of the user's own, mounted on purpose."""
    double = getattr(sys.modules.get("requests_mock.adapter"), "Adapter", None)
    return double is not None and isinstance(adapter, double)


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
        __tracebackhide__ = True
        return _send(self, *args, **kwargs)


@lru_cache
def _twin_class(kind: type[HTTPAdapter]) -> type[HTTPAdapter]:
    if kind is HTTPAdapter:
        return _Unpatched
    return type(kind.__name__, (_Asking, kind, _Unpatched), {})


def _find(url: str) -> Found | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # an address of another kind, for an adapter of the user's own
        return None
    if host is None:
        return None
    return doors.find(origin(parts.scheme, host, port), unquote(parts.path))
