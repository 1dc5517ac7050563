"""The fast path: a request is answered in place of the client's own stack.

It is for requests that the full path would send and read without anything to observe: headers that
h11 has nothing to say about, a body at hand, a 200 that is delivered whole. All other requests take
the client's own stack. If that is known only after the request was answered, the outcome is kept,
and the client's stack delivers it.
"""

import re
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ..model.headers import Headers
from ..model.messages import WHOLE, Outcome, Reply, Request
from ..protocol import http_date
from .registry import HeadersSeen, Names, Resolved, sender_of

MOST_BYTES = 55_000
"""Of a target, and of the values of headers."""

_MOST_HEADERS = 90
_LONGEST_NAMES = 5_000
"""Far enough below what the protocol refuses: a head of 64 KiB, or 100 headers."""

_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_ASKING = frozenset({"expect", "upgrade", "transfer-encoding"})

_ANSWERED = frozenset({"Content-Type", "Content-Length", "X-Request-Id"})


class PlainAnswer(NamedTuple):
    """A 200 that arrives as a whole, at once; no header comes twice."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer(
    found: Resolved,
    *,
    method: str,
    query: str,
    names: Names,
    values: str,
    body: bytes | Sequence[bytes],
    size: int,
    client: str,
    read_timeout: float | None,
    scheme: str,
    async_client: Any = None,
    needed: frozenset[str] = frozenset(),
) -> PlainAnswer | Outcome | None:
    """Answer a request. None if it isn't for the fast path; an outcome, if its answer isn't.

    `names` are those of the headers, and each of their `values` is a line; without one of those
    that are `needed`, in lower case, the client's stack adds its own. `size` is the length of the
    body. `async_client` sends it, or is None; the rest is as in `Request`.
    """
    if method not in _METHODS:
        return None
    mock, resource, path = found
    headers = _plain_headers(names, values, mock.headers_seen)
    if (
        headers is None
        # h11 refuses to send a body of another length than is announced.
        or headers.by_name.get("content-length", "0") != str(size)
        or not needed <= headers.by_name.keys()
        or mock.may_reset_amid
    ):
        return None
    outcome = mock.dispatch(
        Request(
            method=method,
            path=path,
            resource=resource,
            query=query,
            headers=headers,
            body=body,
            client=client,
            read_timeout=read_timeout,
            sender=sender_of(scheme, async_client, has_timeout=read_timeout is not None),
        )
    )
    if isinstance(outcome, Reply) and outcome.status == 200 and outcome.delivery is WHOLE:
        given = {name for name, _ in outcome.headers}
        # A fault or a profile may have set others, which the client's h11 must check.
        if not given <= _ANSWERED or len(given) < len(outcome.headers):
            return outcome
        date = ("Date", http_date(int(time.time())))
        return PlainAnswer((*outcome.headers, date), outcome.body)
    return outcome


_MOST_SEEN = 64
_SHORT = 2_000
"""Characters of values that are remembered."""


def _plain_headers(names: Names, values: str, seen: HeadersSeen) -> Headers | None:
    """The headers of these names and these values, of which each is a line. None if they aren't for
    the fast path: h11 would not send them as they are, or they ask for something else of the
    connection.
    """
    # A client sends the same again and again, but for a form, which has a boundary of its own.
    if len(values) > _SHORT or "boundary=" in values:
        return _read(names, values)
    known = seen.get((names, values), _UNSEEN)
    if known is _UNSEEN:
        if len(seen) >= _MOST_SEEN:
            seen.clear()
        known = seen[names, values] = _read(names, values)
    return known


_UNSEEN = Headers()


def _read(names: Names, text: str) -> Headers | None:
    plain_names = _plain_names(names)
    values = text.split("\n")
    if not (
        plain_names is not None
        and len(values) == len(names)
        and len(text) < MOST_BYTES
        # h11 refuses to send control characters, and spaces around a value.
        and text.isascii()
        and "".join(values).isprintable()
        and not (" \n" in text or "\n " in text or text.startswith(" ") or text.endswith(" "))
    ):
        return None
    headers = Headers.of_different(*plain_names, values)
    return headers if headers.by_name.get("connection", "keep-alive") == "keep-alive" else None


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _plain_names(names: Names) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """As text: as they are spelled, and in lower case."""
    # latin-1 decodes any bytes, and what isn't ASCII is no token.
    spelled = tuple(name if isinstance(name, str) else name.decode("latin-1") for name in names)
    lower = tuple(name.lower() for name in spelled)
    is_plain = (
        len(names) <= _MOST_HEADERS
        and sum(map(len, names)) < _LONGEST_NAMES
        # One that comes twice is left to h11, which refuses two lengths that differ.
        and len(set(lower)) == len(names)
        # These three ask the far end to do something with the connection or with the body.
        and _ASKING.isdisjoint(lower)
        and all(_TOKEN.fullmatch(name) for name in spelled)
    )
    return (spelled, lower) if is_plain else None
