"""httpx and its fork httpx2: requests to our URLs are answered before they reach the network.

Two methods are replaced. Where a client chooses its transport, what is plain is answered at once
(`plain`); this also catches clients made earlier. Where the library's own transports send,
everything else is: it does its own work, over a connection in memory (`memory_pool`). Between the
two lie the transports that a user wraps around others, and the wrappers of tracers.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from itertools import chain
from typing import Any
from uuid import uuid4

from ..model.base_urls import origin
from ..model.messages import Headers, Request
from . import registry
from .memory_connection import client_name
from .memory_pool import in_memory
from .patches import Patch, bound, give_back, is_wrapper, own_function
from .plain import METHODS, MOST_BYTES, plain_answer, plain_headers
from .registry import Resolved
from .senders import sender_of

_IN_PROCESS = (
    ("httpx", "MockTransport"),
    ("httpx", "ASGITransport"),
    ("httpx", "WSGITransport"),
    ("httpx2", "MockTransport"),
    ("httpx2", "ASGITransport"),
    ("httpx2", "WSGITransport"),
    ("starlette.testclient", "_TestClientTransport"),
)
"""Transports that reach no network. A test that uses one of them has chosen it on purpose."""

_SENDING = {"HTTPTransport": "handle_request", "AsyncHTTPTransport": "handle_async_request"}
"""The library's own transports, and the method by which each sends."""

_asked: ContextVar[Resolved | None] = ContextVar("eugpt_files_mock_asked", default=None)
"""The mock that the client's URL belongs to, until the answer is there: a transport of the user's
may rewrite the URL on the way, as one that pins a host's address does."""


@lru_cache  # what is found once needn't be looked up at each start
def patches(library: Any) -> list[Patch]:
    """What is replaced in one of the two libraries."""
    # respx imports httpx. Where only httpx2 is used, that would cost 100 ms for nothing.
    name, by = library.__name__, _by_respx if "httpx" in sys.modules else None
    sending = [
        Patch(f"{name}._transports.default.{kind}.{method}", partial(_sending, library, method), by)
        for kind, method in _SENDING.items()
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
        # respx registers each Mocker by its name. Ours is unique even if we are imported anew.
        "name": f"eugpt_files_mock.{target}.{uuid4().hex}",
        "targets": [owner],
        "target_methods": [method],
        "mock": classmethod(lambda cls, **_: cls.replacement),
    }
    return type("FilesMockMocker", (Mocker,), members)


def _choosing(library: Any, sending: list[Patch], original: Any) -> Any:
    own = own_function(original, f"{library.__name__}._client")
    short = _transport_class(library)

    def _transport_for_url(client: Any, url: Any) -> Any:
        found = registry.find(origin(url.host, url.port), url.path)
        if found is None:
            give_back()
            # A transport of the user's may send a request of its own within ours, such as one for a
            # token, with another client: that isn't for the mock, unless its URL says so.
            transport = bound(original, client)(url)
            return transport if _asked.get() is None else _Asking(None, transport, library)
        transport = bound(own, client)(url)
        kind = type(transport)
        method = _SENDING.get(kind.__name__)
        # The short way is for the library's own transport, exactly: a subclass may do more in its
        # method, and what a tracer has wrapped there must be called, so that it sees the request.
        if method is not None and getattr(library, kind.__name__) is kind:
            sends = own_function(vars(kind)[method], f"{library.__name__}._transports.default")
            if not is_wrapper(sends):
                return short(found, transport, sends)
        if _is_left_alone(transport):
            return transport
        # The request will leave by these. Another tool that was stopped since may have taken ours
        # off.
        for patch in sending:
            patch.renew()
        return _Asking(found, transport, library)

    return _transport_for_url


@lru_cache
def _transport_class(library: Any) -> Callable[[Resolved, Any, Any], Any]:  # noqa: C901 - a class
    """A transport of this library that answers from the mock, sync and async."""

    class FilesTransport(library.BaseTransport, library.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, found: Resolved, replaced: Any, sends: Any) -> None:
            self._found = found
            self._replaced = replaced
            self._sends = sends

        def handle_request(self, request: Any) -> Any:
            headers = _plain(request, library)
            if headers is None:
                return self._send(request)
            return self._answer(request, headers, list(request.stream))

        async def handle_async_request(self, request: Any) -> Any:
            headers = _plain(request, library)
            if headers is None:
                return await self._send(request)
            answer = self._answer(request, headers, [piece async for piece in request.stream])
            return answer if isinstance(answer, library.Response) else await answer

        def _answer(self, request: Any, headers: Headers, pieces: list[bytes]) -> Any:
            size = sum(map(len, pieces))
            # h11 refuses to send a body of another length than is announced.
            if headers.by_name.get("content-length", "0") != str(size):
                return self._send(request, None, pieces)
            mock, resource, path = self._found
            patience = (request.extensions.get("timeout") or {}).get("read")
            replaced = self._replaced
            client = replaced if isinstance(replaced, library.AsyncBaseTransport) else None
            outcome = mock.dispatch(
                Request(
                    method=request.method,
                    path=path,
                    resource=resource,
                    query=request.url.query.decode("ascii"),
                    headers=headers,
                    body=b"".join(pieces) if size < _LARGE else pieces,
                    client=library.__name__,
                    read_timeout=patience,
                    sender=sender_of(request.url.scheme, client, has_timeout=patience is not None),
                )
            )
            plain = plain_answer(outcome)
            if plain is None:
                return self._send(request, outcome, pieces)
            return library.Response(
                200,
                headers=plain.headers,
                stream=library.ByteStream(plain.body),
                extensions={"http_version": b"HTTP/1.1", "reason_phrase": b"OK"},
            )

        def _send(self, request: Any, outcome: Any = None, pieces: Any = None) -> Any:
            twin = in_memory(self._replaced, request, self._found, outcome, pieces)
            return bound(self._sends, twin)(request)

    return FilesTransport


_LARGE = 1_000_000
"""Bytes from which a body is passed on in its pieces: joined, it would be in memory twice."""


def _plain(request: Any, library: Any) -> Headers | None:
    """The headers of a plain request; a generator or a file of the user's is read by the client's
    own stack.
    """
    # httpx doesn't export MultipartStream, so it is known by its name.
    kind = type(request.stream)
    is_at_hand = kind is library.ByteStream or kind.__name__ == "MultipartStream"
    is_short = len(request.url.raw_path) < MOST_BYTES
    if not (is_at_hand and is_short and request.method in METHODS):
        return None
    raw = request.headers.raw
    # latin-1 decodes any bytes. What isn't ASCII counts as not plain, there.
    return plain_headers(b"\n".join(chain.from_iterable(raw)).decode("latin-1"), len(raw))


def _sending(library: Any, method: str, original: Any) -> Any:
    own = own_function(original, f"{library.__name__}._transports.default")

    # Both for sync and async: of the async method it returns what is to be awaited.
    def send(transport: Any, request: Any) -> Any:
        found = _taken_over(request.url)
        if found is None:
            give_back()
            return bound(original, transport)(request)
        return bound(own, in_memory(transport, request, found))(request)

    send.__name__ = method
    return send


def _taken_over(url: Any) -> Resolved | None:
    """The mock that answers a request which is about to leave, or None."""
    found = registry.find(origin(url.host, url.port), url.path)
    if found is None:
        return _asked.get()
    # The transport has kept our URL. So what it sends to other URLs meanwhile, such as a request
    # for a token, isn't a rewritten request of ours, and goes to the network.
    _asked.set(None)
    return found


def _is_left_alone(transport: Any) -> bool:
    """Whether the transport reaches no network, as those of test clients do."""
    return any(
        isinstance(transport, kind)
        for module, name in _IN_PROCESS
        if (kind := getattr(sys.modules.get(module), name, None)) is not None
    )


class _Asking:
    """Around another transport: says for which mock its requests are, or that they are for none."""

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
