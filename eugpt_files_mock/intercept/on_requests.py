"""requests: what is plain is answered in place of urllib3's pool; the rest goes through the pool,
over a connection in memory (`on_urllib3`).

responses patches requests for us: its target can be chosen. Its own target is `HTTPAdapter.send`,
where only the mock that was started last is asked. Ours lie before it, where a session chooses an
adapter, and behind it, where an adapter chooses a connection. So requests' own code still reads
time-outs and turns urllib3's errors into its own.
"""

import http.client
import io
from collections.abc import Callable
from functools import lru_cache, partial
from inspect import signature
from itertools import chain
from types import FunctionType
from typing import Any
from urllib.parse import unquote

import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter

from ..model.base_urls import Origin
from ..model.messages import Headers, Outcome, Request
from . import registry
from .on_urllib3 import opener, place_of, read_timeout, urlopen_in_memory
from .patches import Patch, bound, give_back, is_wrapper, own_function
from .plain import METHODS, MOST_BYTES, PlainAnswer, plain_answer, plain_headers
from .registry import Resolved
from .senders import sender_of

_send: Callable[..., requests.Response] = responses._real_send
"""`HTTPAdapter.send` as it was before anybody patched it."""


@lru_cache  # what is found once needn't be looked up at each start
def patches(_: Any) -> list[Patch]:
    """What is replaced: in front of the adapter, and behind it."""
    connection = "requests.adapters.HTTPAdapter.get_connection_with_tls_context"
    session, owner = "requests.sessions.Session", _session_class()
    return [
        Patch(f"{session}.send", _sending, _ResponsesPatch, owner),
        Patch(f"{session}.get_adapter", _choosing, _ResponsesPatch, owner),
        Patch(connection, _connecting, _ResponsesPatch),
    ]


def _session_class() -> Any:
    """Requests' own; requests-cache may have put one that is derived from it in its place."""
    kinds = requests.sessions.Session.__mro__
    return next(kind for kind in kinds if kind.__module__ == "requests.sessions")


class _ResponsesPatch(responses.RequestsMock):
    """responses' patching, with a replacement of ours."""

    def __init__(self, target: str, replacement: Callable[..., Any]) -> None:
        super().__init__(assert_all_requests_are_fired=False, target=target)
        self._replacement = replacement

    def unbound_on_send(self) -> Any:
        return self._replacement


def _sending(original: Any) -> Any:
    # requests-mock replaces `Session.send` to use an adapter of its own. If it was started before
    # us, we answer all the same: its module keeps requests' own function under this name.
    own = getattr(original, "__globals__", {}).get("_original_send", original)

    def send(session: Any, request: Any, **words: Any) -> Any:
        ours = _find(request.url) is not None
        if not ours:
            give_back()
        return bound(own if ours else original, session)(request, **words)

    return send


def _choosing(original: Any) -> Any:
    own = own_function(original, "requests.sessions")

    def get_adapter(session: requests.Session, url: str) -> Any:
        if _find(url) is None:
            give_back()
            return bound(original, session)(url)
        adapter = bound(own, session)(url)
        asks = getattr(type(adapter), "get_connection_with_tls_context", None)
        uses_ours = asks is HTTPAdapter.get_connection_with_tls_context
        if uses_ours and HTTPAdapter.send is _send:
            return adapter
        # Other adapters, such as one for a WSGI application, are the user's own test doubles.
        return _twin(adapter) if isinstance(adapter, HTTPAdapter) else adapter

    return get_adapter


def _connecting(original: Any) -> Any:
    own = own_function(original, "requests.adapters")

    def get_connection_with_tls_context(
        adapter: HTTPAdapter, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        place = place_of(request.url or "")
        if place is None or registry.find(*place) is None:
            give_back()
            return bound(original, adapter)(request, verify, proxies=proxies, cert=cert)
        # Made only for the whole way. A proxy isn't asked: what it would be asked for is ours.
        pool = partial(bound(own, adapter), request, verify, proxies=None, cert=cert)
        scheme = request.url.partition(":")[0].lower()
        return _Connection(place[0], pool, scheme, is_verified=verify is not False)

    return get_connection_with_tls_context


def _find(url: Any) -> Resolved | None:
    place = place_of(url) if isinstance(url, str) else None
    return None if place is None else registry.find(*place)


def _twin(adapter: HTTPAdapter) -> HTTPAdapter:
    """The same adapter, with the same state, whose `super().send` is requests' own, and which asks
    for a connection where all do.

    Another mock may have patched `HTTPAdapter.send`, and would refuse our URLs; a subclass may
    make connections of its own, and would reach the real service.
    """
    kind: Any = type(adapter)
    twin: HTTPAdapter = object.__new__(_twin_class(kind))
    # Shared, not copied: an adapter may count, or keep cookies, and the user looks at the original.
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
    # First ours, so that a subclass can't make a connection of its own; last ours, where its
    # `super().send` leads to.
    return type(kind.__name__, (_Asking, kind, _Unpatched), {})


class _Connection:
    """What an adapter gets instead of a pool."""

    def __init__(
        self, place: Origin, pool: Callable[[], Any], scheme: str, *, is_verified: bool
    ) -> None:
        self._scheme = scheme
        self._place = place
        self._pool = pool
        self._is_verified = is_verified

    def urlopen(self, **words: Any) -> Any:
        """As urllib3's; the short way if nothing of it can be observed."""
        headers = outcome = None
        # Without verification, urllib3 warns (InsecureRequestWarning): so it must see the request.
        if self._is_verified and not _is_traced():
            headers = _plain(words)
        if headers is not None:
            outcome = self._outcome(headers, words)
        answer = None if outcome is None else plain_answer(outcome)
        # Retry(status_forcelist=[200]) makes of a 200 a failure, which only urllib3 can tell.
        if answer is not None and not words["retries"].is_retry(words["method"], 200):
            return _response(answer, words)
        find = partial(registry.find, self._place)
        return urlopen_in_memory(self._pool(), find, "requests", outcome=outcome, **words)

    def _outcome(self, headers: Headers, words: dict[str, Any]) -> Outcome | None:
        path, _, query = words["url"].partition("?")
        found = registry.find(self._place, unquote(path))
        if found is None:
            return None
        host, port = self._place
        sent = ("Host", host if port is None else f"{host}:{port}")
        return found.mock.dispatch(
            Request(
                method=words["method"],
                path=found.path,
                resource=found.resource,
                query=query,
                headers=Headers((sent, *headers.pairs)),
                body=_bytes(words["body"]),
                client="requests",
                read_timeout=read_timeout(words["timeout"]),
                sender=sender_of(self._scheme),
            )
        )


def _plain(words: dict[str, Any]) -> Headers | None:
    """The headers of a plain request."""
    if (
        words["method"] not in METHODS
        or not words["url"].startswith("/")
        or len(words["url"]) > MOST_BYTES
        or words["chunked"]
        or not isinstance(words["body"], (bytes, str, type(None)))
    ):
        return None
    sent = words["headers"].items()
    try:
        headers = plain_headers("\n".join(chain.from_iterable(sent)), len(sent))
    except TypeError:
        # Names or values of bytes, which requests allows.
        return None
    if headers is None:
        return None
    by_name = headers.by_name
    # Where one of these two is missing, urllib3 adds its own.
    is_whole = "user-agent" in by_name and "accept-encoding" in by_name
    length = by_name.get("content-length", "0")
    is_plain = is_whole and "host" not in by_name and length == str(len(_bytes(words["body"])))
    return headers if is_plain else None


def _bytes(body: bytes | str | None) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else body or b""


def _is_traced() -> bool:
    """Whether a tracer wraps what the short way leaves out: urllib3, or methods of http.client."""
    # Sentry replaces these two methods of http.client by functions of its own.
    return is_wrapper(opener()) or not all(
        type(function) is FunctionType and function.__globals__["__name__"] == "http.client"
        for function in map(vars(http.client.HTTPConnection).get, ("putrequest", "getresponse"))
    )


# Older releases of urllib3 know no `version_string`.
_VERSION: dict[str, Any] = (
    {"version_string": "HTTP/1.1"}
    if "version_string" in signature(urllib3.HTTPResponse).parameters
    else {}
)


def _response(answer: PlainAnswer, words: dict[str, Any]) -> Any:
    return urllib3.HTTPResponse(
        body=_Body(answer.body),
        headers=urllib3.HTTPHeaderDict(answer.headers),
        status=200,
        reason="OK",
        version=11,
        preload_content=words["preload_content"],
        decode_content=words["decode_content"],
        retries=words["retries"],
        request_method=words["method"],
        request_url=words["url"],
        **_VERSION,
    )


class _Body(io.BytesIO):
    """Closes at its end, as http.client's does; caches store a body then."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._length = len(data)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() == self._length:
            self.close()
        return data
