"""httpx and its fork httpx2: requests to our URLs are answered before they reach a transport.

respx patches the clients for us: `Mocker` is its seam for further targets. Its own target lies
below the transport and so misses aiohttp and other custom transports, and all of httpx2; ours is
`_transport_for_url`, where a client chooses its transport. Clients made earlier are caught too.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from abc import ABC
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, ClassVar

from respx.mocks import Mocker

from ..base_urls import origin
from ..errors import SeamLost
from ..service.messages import Headers, Reply, Request, Severed
from . import doors
from .doors import Found
from .hook import Hook
from .httpx_failures import Failure, failure_of
from .pacing import Body, body_of
from .wrapped_transports import is_left_alone, release, spliced


def hooks() -> list[Hook]:
    """How to intercept each of the two libraries that is installed."""
    return [Hook(mocker.install, mocker.uninstall) for mocker in _mockers()]


def _mockers() -> list[type[_ClientMocker]]:
    httpx: Any = importlib.import_module("httpx")
    mockers = [_mocker_for(httpx)]
    if _httpx2_is_installed():
        httpx2: Any = importlib.import_module("httpx2")
        if httpx2.Client is not httpx.Client:  # httpx2.alias_httpx() makes them one
            mockers.append(_mocker_for(httpx2))
    return mockers


@lru_cache
def _httpx2_is_installed() -> bool:
    return importlib.util.find_spec("httpx2") is not None


class _ClientMocker(Mocker, ABC):
    """respx's patching, aimed at where a client chooses its transport."""

    target_methods: ClassVar[list[str]] = ["_transport_for_url"]
    library: ClassVar[ModuleType]

    @classmethod
    def install(cls) -> None:
        cls.start()
        if len(cls._patches) < len(cls.targets):  # respx passes over what it cannot find
            cls.stop()
            raise SeamLost(f"{cls.library.__name__}.Client._transport_for_url")

    @classmethod
    def uninstall(cls) -> None:
        cls.stop()
        release()

    @classmethod
    def mock(cls, spec: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        ours = _transport_class(cls.library)
        usual = (cls.library.HTTPTransport, cls.library.AsyncHTTPTransport)

        def _transport_for_url(client: Any, url: Any) -> Any:
            transport = spec(client, url)
            found = _find(url)
            if found is not None and type(transport) in usual:
                return ours(found, transport)
            if found is None or is_left_alone(transport):
                return transport
            return spliced(transport, cls.library, _find, ours) or ours(found, transport)

        return _transport_for_url


@lru_cache
def _mocker_for(library: ModuleType) -> type[_ClientMocker]:
    """One for each module: a library may be imported anew in a process, as it is under pytester,
    and respx wants a name that is unique in it.
    """
    name = library.__name__
    members = {
        "name": f"eugpt_files_mock.{name}.{id(library)}",
        "targets": [f"{name}._client.Client", f"{name}._client.AsyncClient"],
        "library": library,
    }
    return type(f"{name.title()}Mocker", (_ClientMocker,), members)


def _find(url: Any) -> Found | None:
    return doors.find(origin(url.scheme, url.host, url.port), url.path)


@lru_cache
def _transport_class(library: Any) -> Callable[[Found, Any], Any]:  # noqa: C901 - a class in there
    """A transport of this library that answers from the mock."""
    paced = _stream_class(library)

    class FilesTransport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        """Sync and async; they differ in how a body is read and a delay is spent."""

        def __init__(self, found: Found, replaced: Any) -> None:
            self._found = found
            self._replaced = replaced

        def handle_request(self, request: Any) -> Any:
            __tracebackhide__ = True
            reply = self._exchange(request, b"".join(request.stream))
            if reply.delay:
                time.sleep(reply.delay)
            return self._response(request, reply)

        async def handle_async_request(self, request: Any) -> Any:
            __tracebackhide__ = True
            reply = self._exchange(request, b"".join([part async for part in request.stream]))
            if reply.delay:
                await _sleep(reply.delay)
            return self._response(request, reply)

        def _exchange(self, request: Any, body: bytes) -> Reply:
            __tracebackhide__ = True
            door, resource = self._found
            outcome = door.ask(_request(library, request, resource, body), _patience(request))
            if isinstance(outcome, Severed):
                raise self._failure(outcome.kind)
            return outcome

        def _response(self, request: Any, reply: Reply) -> Any:
            body = body_of(reply, _patience(request))
            plain = body.ending == "complete" and not body.pause
            stream = library.ByteStream(body.data) if plain else paced(body, reply, self._failure)
            return library.Response(
                reply.status,
                headers=reply.headers,
                stream=stream,
                extensions={"http_version": b"HTTP/1.1"},
            )

        @property
        def _failure(self) -> Failure:
            return failure_of(library, self._replaced)

    return FilesTransport


@lru_cache
def _stream_class(library: Any) -> Callable[[Body, Reply, Failure], Any]:  # noqa: C901 - a class in there
    """A body that comes in pieces, or breaks off."""

    class PacedStream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, body: Body, reply: Reply, failure: Failure) -> None:
            self._body = body
            self._announced = max(1, len(reply.body))
            self._failure = failure

        def __iter__(self) -> Iterator[bytes]:
            __tracebackhide__ = True
            for pause, data in self._body.pieces():
                if pause:
                    time.sleep(pause)
                yield data
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            __tracebackhide__ = True
            for pause, data in self._body.pieces():
                if pause:
                    await _sleep(pause)
                yield data
            self._end()

        def _end(self) -> None:
            __tracebackhide__ = True
            if self._body.ending != "complete":
                raise self._failure(
                    self._body.ending, sent=len(self._body.data), announced=self._announced
                )

    return PacedStream


def _request(library: ModuleType, request: Any, resource: str | None, body: bytes) -> Request:
    url = request.url
    return Request(
        method=request.method.upper(),
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
        client=library.__name__,
    )


def _patience(request: Any) -> float | None:
    """Seconds that the client waits for bytes."""
    timeouts = request.extensions.get("timeout") or {}
    seconds: float | None = timeouts.get("read")
    return seconds


async def _sleep(seconds: float) -> None:
    import anyio  # httpx and httpx2 depend on it

    await anyio.sleep(seconds)
