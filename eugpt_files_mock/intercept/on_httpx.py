"""httpx and its fork httpx2: requests to our URLs are answered before they reach the network.

Two methods are replaced. Where a client chooses its transport, what is plain is answered at once
(`short_transport`); this also catches clients made earlier. Where the library's own transports
send, everything else is: it does its own work, over a connection in memory (`memory_pool`). Between
the two lie the transports that a user wraps around others, and the wrappers of tracers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any
from uuid import uuid4

from ..errors import hide_from_traceback
from ..model.base_urls import origin
from . import registry
from .memory_connection import client_name
from .memory_pool import in_memory
from .patches import Patch, bound, give_back, is_wrapper, own_function
from .registry import Resolved
from .short_transport import transport_class

__all__ = ["patches"]

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

_SENDING = {"HTTPTransport": "handle_request", "AsyncHTTPTransport": "handle_async_request"}
"""The library's own transports, and the method by which each sends."""

_asked: ContextVar[Resolved | None] = ContextVar("eugpt_files_mock_asked", default=None)
"""Whom the client asked for, until the answer is there. A transport of the user's may rewrite the
URL on the way, as one that pins a host's address does."""


@lru_cache  # what is found once needn't be looked up at each start
def patches(library: Any) -> list[Patch]:
    """What is replaced in one of the two libraries."""
    name, by = library.__name__, _by_respx if "httpx" in sys.modules else None
    sending = [
        Patch(f"{name}._transports.default.{kind}.{method}", partial(replacing, library), by)
        for (kind, method), replacing in zip(_SENDING.items(), (_sending, _sending_async))  # noqa: B905 - twice two
    ]
    choosing = partial(_choosing, library, sending)
    clients = (f"{name}._client.{kind}._transport_for_url" for kind in ("Client", "AsyncClient"))
    return [*(Patch(target, choosing, by) for target in clients), *sending]


def _by_respx(target: str, replacement: Any) -> Any:
    """Respx does the patching; its `Mocker` is made for further targets."""
    mocker = _mocker(target, id(sys.modules[target.partition(".")[0]]))
    mocker.replacement = replacement
    return mocker


@lru_cache
def _mocker(target: str, module_id: int) -> Any:
    """One for each module: a library may be imported anew in a process, as it is under pytester."""
    from respx.mocks import Mocker

    owner, _, method = target.rpartition(".")
    members = {
        "name": f"eugpt_files_mock.{target}.{uuid4().hex}",  # unique, also if we are imported anew
        "targets": [owner],
        "target_methods": [method],
        "mock": classmethod(lambda cls, **_: cls.replacement),
    }
    return type("FilesMockMocker", (Mocker,), members)


def _choosing(library: Any, sending: list[Patch], original: Any) -> Any:
    own = own_function(original, f"{library.__name__}._client")
    short = transport_class(library)

    def _transport_for_url(client: Any, url: Any) -> Any:
        found = _resolve(url)
        if found is None:
            give_back()
            transport = bound(original, client)(url)
            return transport if _asked.get() is None else _Asking(None, transport, library)
        transport = bound(own, client)(url)
        sends = _own_sender(type(transport), library)  # first: it is so nearly always
        if sends is not None and not is_wrapper(sends):
            return short(found, transport, sends)
        if _is_left_alone(transport):
            return transport
        for patch in sending:
            patch.renew()
        return _Asking(found, transport, library)

    return _transport_for_url


def _own_sender(kind: type, library: Any) -> Any:
    """How the library's own transport sends, wrapped as it is by tracers; None for another."""
    method = _SENDING.get(kind.__name__)
    if method is None or getattr(library, kind.__name__) is not kind:
        return None
    return own_function(vars(kind)[method], f"{library.__name__}._transports.default")


def _sending(library: Any, original: Any) -> Any:
    own = own_function(original, f"{library.__name__}._transports.default")

    def handle_request(transport: Any, request: Any) -> Any:
        found = _taken_over(request.url)
        if found is None:
            give_back()
            return bound(original, transport)(request)
        return bound(own, in_memory(transport, request, found))(request)

    return handle_request


def _sending_async(library: Any, original: Any) -> Any:
    own = own_function(original, f"{library.__name__}._transports.default")

    async def handle_async_request(transport: Any, request: Any) -> Any:
        found = _taken_over(request.url)
        if found is None:
            give_back()
            return await bound(original, transport)(request)
        return await bound(own, in_memory(transport, request, found))(request)

    return handle_async_request


def _resolve(url: Any) -> Resolved | None:
    return registry.find(origin(url.host, url.port), url.path)


def _taken_over(url: Any) -> Resolved | None:
    """Who answers a request that is about to leave.

    A transport that asks for one of our URLs rewrites nothing: what else it asks for is as it says.
    """
    found = _resolve(url)
    if found is None:
        return _asked.get()
    _asked.set(None)
    return found


def _is_left_alone(transport: Any) -> bool:
    """Whether the transport is one of the user's own test doubles."""
    return any(
        isinstance(transport, kind)
        for module, name in _IN_PROCESS
        if (kind := getattr(sys.modules.get(module), name, None)) is not None
    )


class _Asking:
    """A transport whose requests are for this mock; None: not for the one that was asked for."""

    def __init__(self, found: Resolved | None, transport: Any, library: Any) -> None:
        self._found = found
        self._transport = transport
        self._library = library.__name__

    def handle_request(self, request: Any) -> Any:
        with self._asked():
            return self._transport.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        with self._asked():
            return await self._transport.handle_async_request(request)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        asked, name = _asked.set(self._found), client_name.set(self._library)
        try:
            yield
        finally:
            _asked.reset(asked)
            client_name.reset(name)
