"""Transports that a user of httpx brings along: which are left alone, and how one that wraps
another keeps its work.

A transport that retries, caches or logs, and hands requests on to an inner one, must go on doing
so under test. Its inner transport is replaced by a switch, until the last mock is left: our URLs
are answered by the mock, all others go where they went before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from types import ModuleType
from typing import Any

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
_replaced: list[tuple[Any, str, Any, Any]] = []


def is_left_alone(transport: Any) -> bool:
    """Whether the transport is one of the user's own doubles."""
    return any(
        isinstance(transport, kind)
        for module, name in _IN_PROCESS
        if (kind := getattr(sys.modules.get(module), name, None)) is not None
    )


def spliced(
    transport: Any,
    library: ModuleType,
    find: Callable[[Any], Any],
    ours: Callable[[Any, Any], Any],
) -> Any:
    """The transport itself when it wraps another one, which is now a switch; else None."""

    def switched(inner: Any) -> Any:
        return _switch_class(library)(inner, find, ours)

    with _lock:
        return transport if _splice(transport, library, switched, {id(transport)}) else None


def release() -> None:
    """Give every wrapped transport back to its wrapper, unless it took another one meanwhile."""
    with _lock:
        while _replaced:
            wrapper, name, inner, switch = _replaced.pop()
            if getattr(wrapper, name, None) is switch:
                setattr(wrapper, name, inner)


def _splice(wrapper: Any, library: Any, switched: Callable[[Any], Any], seen: set[int]) -> bool:
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
        if isinstance(value, _switch_class(library)) or is_left_alone(value):
            continue
        if not _splice(value, library, switched, seen):
            switch = switched(value)
            _replaced.append((wrapper, name, value, switch))
            setattr(wrapper, name, switch)
    return bool(inner)


@lru_cache
def _switch_class(library: Any) -> Any:
    class Switch(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        """Answers for our URLs, and hands all others on."""

        def __init__(
            self, inner: Any, find: Callable[[Any], Any], ours: Callable[[Any, Any], Any]
        ) -> None:
            self.inner = inner
            self._find = find
            self._ours = ours

        def _chosen(self, request: Any) -> Any:
            found = self._find(request.url)
            return self.inner if found is None else self._ours(found, self.inner)

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

    return Switch
