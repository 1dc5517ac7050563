"""Transports that a user of httpx brings along: which are left alone, and which keep their work.

A transport that retries, caches or logs, and hands requests on, must go on doing so under test.
When it hands on to the method that it inherits from the library's own transport, the net answers
there. When it hands on to an inner transport, that one is replaced by a switch, until the last
mock is left: our URLs are answered by the mock, all others go where they went before.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from types import ModuleType
from typing import Any

from ..errors import hide_from_traceback
from .claims import OriginalUrlTransport, resolve_request
from .files_transport import transport_class
from .patches import is_ours
from .registry import Resolved

__tracebackhide__ = hide_from_traceback

_IN_PROCESS = (
    ("httpx", "MockTransport"),
    ("httpx", "ASGITransport"),
    ("httpx", "WSGITransport"),
    ("httpx2", "MockTransport"),
    ("httpx2", "ASGITransport"),
    ("httpx2", "WSGITransport"),
    ("starlette.testclient", "_TestClientTransport"),
)
"""Transports that reach no network: whoever chose one wants it."""

_lock = Lock()
_wrappers: dict[int, Callable[[], Any]] = {}
"""The transports that hold a switch, by identity; none is kept alive if it can be helped."""


def answering(transport: Any, found: Resolved, library: ModuleType) -> Any:
    """The transport that a request of ours is given to: the user's own, or ours in its place."""
    if is_left_alone(transport):
        return transport
    if _hands_on_to_the_net(transport, library) or _is_spliced(transport, library):
        return OriginalUrlTransport(found, transport)
    return transport_class(library)(found, transport)


def is_left_alone(transport: Any) -> bool:
    """Whether the transport is one of the user's own doubles."""
    return any(
        isinstance(transport, kind)
        for module, name in _IN_PROCESS
        if (kind := getattr(sys.modules.get(module), name, None)) is not None
    )


def release() -> None:
    """Give every inner transport back to its wrapper, unless it took another one meanwhile."""
    with _lock:
        while _wrappers:
            _, alive = _wrappers.popitem()
            attributes = getattr(alive(), "__dict__", {})
            for name, value in list(attributes.items()):
                if isinstance(value, _Dispatching):
                    attributes[name] = value.inner


def _hands_on_to_the_net(transport: Any, library: ModuleType) -> bool:
    """Whether it is the library's transport with a method of its own, and the net lies below it.

    Another mock that was started later lies on the net, and would refuse our URL.
    """
    for usual, method in (
        (library.HTTPTransport, "handle_request"),
        (library.AsyncHTTPTransport, "handle_async_request"),
    ):
        if isinstance(transport, usual):
            net = getattr(usual, method)
            return is_ours(net) and getattr(type(transport), method) is not net
    return False


def _is_spliced(transport: Any, library: ModuleType) -> bool:
    with _lock:
        return _wrap_inner(transport, library, {id(transport)})


def _wrap_inner(wrapper: Any, library: Any, seen: set[int]) -> bool:
    """Whether it wraps a transport that is now a switch, or one that is left alone.

    A transport of the library that goes to the network itself wraps nothing, whatever it holds.
    """
    if isinstance(wrapper, (library.HTTPTransport, library.AsyncHTTPTransport)):
        return False
    inner = [
        (name, value)
        for name, value in getattr(wrapper, "__dict__", {}).items()
        if isinstance(value, (library.BaseTransport, library.AsyncBaseTransport))
        and id(value) not in seen  # such as the wrapper itself
    ]
    for name, value in inner:
        seen.add(id(value))
        if isinstance(value, _Dispatching) or is_left_alone(value):
            continue
        if not _wrap_inner(value, library, seen):
            wrapper.__dict__[name] = _dispatch_class(library)(value)  # a frozen one too
            _remember(wrapper)
    return bool(inner)


def _remember(wrapper: Any) -> None:
    key = id(wrapper)
    try:
        _wrappers[key] = weakref.ref(wrapper, lambda _: _wrappers.pop(key, None))
    except TypeError:  # its class has slots, and none for weak references
        _wrappers[key] = lambda: wrapper


class _Dispatching:
    """What the switches of all libraries are."""

    inner: Any


@lru_cache
def _dispatch_class(library: Any) -> Any:
    class DispatchTransport(library.BaseTransport, library.AsyncBaseTransport, _Dispatching):  # type: ignore[misc]
        """Answers for our URLs, and hands all others on."""

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def _chosen(self, request: Any) -> Any:
            found = resolve_request(request.url)
            return self.inner if found is None else answering(self.inner, found, library)

        def handle_request(self, request: Any) -> Any:
            return self._chosen(request).handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            return await self._chosen(request).handle_async_request(request)

        def close(self) -> None:
            self.inner.close()

        async def aclose(self) -> None:
            await self.inner.aclose()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    return DispatchTransport
