"""httpx and its fork httpx2: requests to our URLs are answered before they reach the network.

respx patches the clients for us: `Mocker` is its seam for further targets. Its own target lies
below the transport and so misses aiohttp and other custom transports, and all of httpx2; ours is
`_transport_for_url`, where a client chooses its transport. Clients made earlier are caught too.
Behind it lies a net, where the library's own transports send: it catches what was not chosen there.
"""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC
from functools import lru_cache
from types import ModuleType
from typing import Any

from ..errors import hide_from_traceback
from . import claims, registry
from .files_transport import transport_class
from .hook import Hook
from .patches import Method, Patching
from .wrapped_transports import answering, release

__tracebackhide__ = hide_from_traceback


def hooks() -> list[Hook]:
    """How to intercept each of the two libraries that is installed."""
    hooks = [Hook(mocker.install, mocker.stop) for mocker in _mockers()]
    return [Hook(lambda: None, release), *hooks]


def _mockers() -> list[type[Patching]]:
    httpx: Any = importlib.import_module("httpx")
    mockers = _mockers_for(httpx)
    if _httpx2_is_installed():
        httpx2: Any = importlib.import_module("httpx2")
        if httpx2.Client is not httpx.Client:  # httpx2.alias_httpx() makes them one
            mockers += _mockers_for(httpx2)
    return list(mockers)


@lru_cache
def _httpx2_is_installed() -> bool:
    return importlib.util.find_spec("httpx2") is not None


class _ClientPatching(Patching, ABC):
    """Where a client chooses its transport."""

    @classmethod
    def replacing(cls, original: Method) -> Method:
        ours = transport_class(cls.library)
        usual = (cls.library.HTTPTransport, cls.library.AsyncHTTPTransport)

        def _transport_for_url(client: Any, url: Any) -> Any:
            transport = original(client, url)
            found = claims.resolve_url(url)
            if found is not None:
                if type(transport) in usual:
                    return ours(found, transport)
                return answering(transport, found, cls.library)
            if not registry.any_is_active():
                cls.clear()
            return claims.OriginalUrlTransport(None, transport) if claims.is_made() else transport

        return _transport_for_url


class _TransportPatching(Patching, ABC):
    """Where the library's own transports send."""

    @classmethod
    def replacing(cls, original: Method) -> Method:
        ours = transport_class(cls.library)
        method = cls.target_methods[0]

        def handle(transport: Any, request: Any) -> Any:
            found = claims.resolve_request(request.url)
            if found is not None:
                return getattr(ours(found, transport), method)(request)
            if not registry.any_is_active():
                cls.clear()
            return original(transport, request)

        return handle


@lru_cache
def _mockers_for(library: ModuleType) -> tuple[type[Patching], ...]:
    """For each module: a library may be imported anew in a process, as it is under pytester."""
    return tuple(_mocker(library, *seam) for seam in _SEAMS)


def _mocker(
    library: ModuleType, kind: type[Patching], module: str, method: str, *owners: str
) -> type[Patching]:
    """A mocker of its own; respx wants a name that is unique in the process."""
    name = library.__name__
    members = {
        "name": f"eugpt_files_mock.{name}.{id(library)}.{method}",
        "targets": [f"{name}.{module}.{owner}" for owner in owners],
        "target_methods": [method],
        "library": library,
        "owners": tuple(getattr(library, owner) for owner in owners),
    }
    return type(f"{name.title()}{kind.__name__}", (kind,), members)


_SEAMS: tuple[tuple[Any, ...], ...] = (
    (_ClientPatching, "_client", "_transport_for_url", "Client", "AsyncClient"),
    (_TransportPatching, "_transports.default", "handle_request", "HTTPTransport"),
    (_TransportPatching, "_transports.default", "handle_async_request", "AsyncHTTPTransport"),
)
"""What replaces which method of which classes of a module."""
