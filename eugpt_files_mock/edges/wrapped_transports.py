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

_replaced: list[tuple[Any, str, Any]] = []


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
    switch = _switch_class(library)
    inner = [
        (name, value)
        for name, value in getattr(transport, "__dict__", {}).items()
        if isinstance(value, (library.BaseTransport, library.AsyncBaseTransport))
    ]
    for name, value in inner:
        if isinstance(value, switch) or is_left_alone(value):
            continue
        if spliced(value, library, find, ours) is None:
            _replaced.append((transport, name, value))
            setattr(transport, name, switch(value, find, ours))
    return transport if inner else None


def release() -> None:
    """Give every wrapped transport back to its wrapper."""
    while _replaced:
        wrapper, name, value = _replaced.pop()
        setattr(wrapper, name, value)


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
