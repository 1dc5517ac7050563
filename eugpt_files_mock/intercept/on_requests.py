"""requests: the fast path answers in place of urllib3's pool; the full path goes through the pool,
over a connection in memory (`on_urllib3`).

A session chooses an adapter, whose `send` asks for a connection, and sends over that. responses
replaces `HTTPAdapter.send`, where only the mock that was started last is asked. So ours lie before
it, at the choice of the adapter, and behind it, at the choice of the connection; and requests' own
`send` between them still reads timeouts, and turns urllib3's errors into its own.
"""

import http.client
import io
from collections.abc import Callable
from functools import lru_cache, partial
from inspect import signature
from typing import Any
from urllib.parse import unquote

from requests import adapters, structures
from urllib3._collections import HTTPHeaderDict
from urllib3.response import HTTPResponse
from urllib3.util import Retry

from ..model.base_urls import Origin
from ..model.messages import Outcome
from . import registry
from .fast_path import MOST_BYTES, PlainAnswer, answer
from .on_urllib3 import is_bare as urllib3_is_bare
from .on_urllib3 import read_timeout, urlopen_in_memory
from .patches import MethodPatch, WatchedPlace, bound, give_back, is_function_of, own_class
from .registry import Resolved, place_of

# The author may have put a stub under one of these names.
_HTTPAdapter: Any = own_class(adapters.HTTPAdapter, "requests.adapters.HTTPAdapter")
_Dict = own_class(structures.CaseInsensitiveDict, "requests.structures.CaseInsensitiveDict")

_send = WatchedPlace("requests.adapters.HTTPAdapter.send")


@lru_cache  # what is found once needn't be looked up at each start
def patches(_: Any) -> list[MethodPatch | WatchedPlace]:
    """What is replaced: in front of the adapter, and behind it."""
    connection = "requests.adapters.HTTPAdapter.get_connection_with_tls_context"
    return [
        MethodPatch("requests.sessions.Session.send", _sending),
        MethodPatch("requests.sessions.Session.get_adapter", _choosing),
        MethodPatch(connection, _connecting),
        _send,
    ]


# Each of these makes a function of ours: other hosts get `original`, which lay there, and ours get
# `own`, which is the library's (`patches.ReplacingMethod`).


def _sending(original: Any, own: Any) -> Any:
    def send(session: Any, request: Any, **words: Any) -> Any:
        # requests-mock replaces `Session.send` to use an adapter of its own. If it was started
        # before us, we answer all the same.
        is_ours = own is original or _find(request.url) is not None
        return (own if is_ours else original)(session, request, **words)

    return send


def _choosing(original: Any, own: Any) -> Any:
    def get_adapter(session: Any, url: str) -> Any:
        if _find(url) is None:
            give_back()
            return original(session, url=url)
        adapter = own(session, url=url)
        # Any other, such as one for a WSGI application, is the user's own test double.
        is_of_requests = isinstance(adapter, _HTTPAdapter)
        return _led_to_us(adapter) if is_of_requests and _leads_elsewhere(adapter) else adapter

    return get_adapter


def _connecting(original: Any, own: Any) -> Any:
    is_bare = is_function_of(own, "requests.adapters")

    def get_connection_with_tls_context(
        adapter: Any, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        place = place_of(request.url or "")
        found = None if place is None else registry.find(*place)
        if place is None or found is None:
            give_back()
            return original(adapter, request, verify, proxies=proxies, cert=cert)
        # A proxy isn't asked: what it would be asked for is ours.
        pool = partial(own, adapter, request, verify, proxies=None, cert=cert)
        # Made only for the full path, unless a spy or a tracer looks on.
        if not is_bare:
            pool = partial(_itself, pool())
        scheme = request.url.partition(":")[0].lower()
        return _Connection(found, place[0], pool, scheme, is_verified=verify is not False)

    return get_connection_with_tls_context


def _find(url: Any) -> Resolved | None:
    place = place_of(url) if isinstance(url, str) else None
    return None if place is None else registry.find(*place)


def _itself(pool: Any) -> Any:
    return pool


class _Connection:
    """What an adapter gets instead of a pool."""

    def __init__(
        self,
        found: Resolved,
        place: Origin,
        pool: Callable[[], Any],
        scheme: str,
        *,
        is_verified: bool,
    ) -> None:
        self._found = found
        self._scheme = scheme
        self._place = place
        self._pool = pool
        self._is_verified = is_verified

    def urlopen(self, **words: Any) -> Any:
        """As urllib3's; by the fast path if nothing of it can be observed."""
        answered = self._answered(words) if self._may_be_fast(words) else None
        if isinstance(answered, PlainAnswer):
            return _response(answered, words)
        find = partial(registry.find, self._place)
        return urlopen_in_memory(self._pool(), find, "requests", outcome=answered, **words)

    def _may_be_fast(self, words: dict[str, Any]) -> bool:
        return (
            # Without verification, urllib3 warns (InsecureRequestWarning): so it must see the
            # request.
            self._is_verified
            and words["url"].startswith("/")
            and len(words["url"]) < MOST_BYTES
            and not words["chunked"]
            and isinstance(words["body"], (bytes, str, type(None)))
            # Retry(status_forcelist=[200]) makes of a 200 a failure, which only urllib3 can tell.
            and isinstance(words["retries"], Retry)
            and not words["retries"].is_retry(words["method"], 200)
            and not _is_traced()
        )

    def _answered(self, words: dict[str, Any]) -> PlainAnswer | Outcome | None:
        path, _, query = words["url"].partition("?")
        found = self._found
        # An adapter of the user's may ask for another path.
        if path != found.path and unquote(path) != found.path:
            return None
        sent, (host, port) = words["headers"], self._place
        try:
            # With the `Host` that http.client adds. Two of the same name, and so another `Host`,
            # aren't for the fast path.
            values = "\n".join((host if port is None else f"{host}:{port}", *_values(sent)))
        except TypeError:
            # Values of bytes, which requests allows.
            return None
        body = words["body"]
        body = body.encode("utf-8") if isinstance(body, str) else body or b""
        return answer(
            found,
            method=words["method"],
            query=query,
            names=("Host", *sent),
            values=values,
            body=body,
            size=len(body),
            client="requests",
            read_timeout=read_timeout(words["timeout"]),
            scheme=self._scheme,
            # Where one of these is missing, urllib3 adds its own.
            needed=_ADDED,
        )


_ADDED = frozenset({"user-agent", "accept-encoding"})


def _values(sent: Any) -> list[Any]:
    # `values` of requests' own dict looks each name up again.
    kind = type(sent)
    return [value for _, value in sent.lower_items()] if kind is _Dict else list(sent.values())


def _is_traced() -> bool:
    """Whether a tracer, a spy or a stub lies on what the fast path leaves out: urllib3, or methods
    of http.client.
    """
    # Sentry replaces these two methods of http.client by functions of its own.
    methods = vars(http.client.HTTPConnection)
    return not (
        urllib3_is_bare()
        and is_function_of(methods.get("putrequest"), "http.client")
        and is_function_of(methods.get("getresponse"), "http.client")
    )


# Older releases of urllib3 know no `version_string`.
_VERSION: dict[str, Any] = (
    {"version_string": "HTTP/1.1"} if "version_string" in signature(HTTPResponse).parameters else {}
)


def _response(answered: PlainAnswer, words: dict[str, Any]) -> Any:
    headers = HTTPHeaderDict()
    # No name comes twice, so each can be set, which takes a third of the time of adding it.
    for name, value in answered.headers:
        headers[name] = value
    return HTTPResponse(
        body=_Body(answered.body),
        headers=headers,
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


# -- an adapter that would not ask `_connecting` for its connection --------------------------------


def _leads_elsewhere(adapter: Any) -> bool:
    """Whether it makes connections of its own, as a subclass may, and would reach the real service;
    or another mock has replaced `HTTPAdapter.send`, and would refuse our URLs.
    """
    asks = type(adapter).get_connection_with_tls_context
    return asks is not _HTTPAdapter.get_connection_with_tls_context or _send.is_passed_over()


def _led_to_us(adapter: Any) -> Any:
    """The same adapter, with the same state, but for these two things."""
    kind: Any = type(adapter)
    led: Any = object.__new__(_led_class(kind))
    # Shared, not copied: an adapter may count, or keep cookies, and the user looks at the original.
    led.__dict__ = adapter.__dict__
    return led


@lru_cache
def _led_class(kind: Any) -> Any:
    """Of this kind of adapter: what it overrides stays, such as a `send` that adds a header."""
    if kind is _HTTPAdapter:
        return _SendingItself
    # The first base wins over the kind's own method. To the last one its `super().send` leads.
    return type(kind.__name__, (_AskingUs, kind, _SendingItself), {})


class _AskingUs(_HTTPAdapter):  # type: ignore[misc]
    """Asks for a connection where all adapters do, and so where `_connecting` lies."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        return _HTTPAdapter.get_connection_with_tls_context(self, *args, **kwargs)


class _SendingItself(_HTTPAdapter):  # type: ignore[misc]
    """Sends as requests does, past another mock's replacement."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        if _send.is_passed_over():
            return bound(_send.own(), self)(*args, **kwargs)
        return super().send(*args, **kwargs)
