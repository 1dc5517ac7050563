"""What is plain may take the short way: it is answered in place of the client's own stack.

Plain is a request that the whole way would send and read without anything to observe: headers
without a need for h11's checks, a body that can be read at once, a 200 that arrives as a whole.
All other requests take the client's own stack. If that is known only after the request was
answered, the outcome is kept, and the client's stack delivers it.
"""

import re
import time
from functools import lru_cache
from typing import NamedTuple

from ..model.delivery import WHOLE
from ..model.messages import Headers, Outcome, Reply
from ..protocol.delivery import http_date

METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})

MOST_BYTES = 60_000
_MOST_HEADERS = 90
"""Far enough below what the protocol refuses: a head of 64 KiB, or 100 headers."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_ANSWERED = frozenset({"Content-Type", "Content-Length", "X-Request-Id"})


def plain_headers(lines: str, count: int) -> Headers | None:
    """So many headers, from their names and values, each on a line; None if they aren't plain:
    h11 would not send them as they are, or they ask for something else of the connection.
    """
    words = lines.split("\n")
    names = tuple(words[::2])
    if not (
        len(words) == 2 * count
        and count <= _MOST_HEADERS
        and len(lines) < MOST_BYTES
        # h11 refuses to send control characters, and spaces around a value.
        and lines.isascii()
        and lines.replace("\n", "").isprintable()
        and not (" \n" in lines or "\n " in lines or lines.endswith(" "))
        and _are_plain(names)
    ):
        return None
    headers = Headers(zip(names, words[1::2], strict=True))
    return headers if headers.by_name.get("connection", "keep-alive") == "keep-alive" else None


@lru_cache(maxsize=64)  # a client sends the same ones each time
def _are_plain(names: tuple[str, ...]) -> bool:
    # These three ask the far end to do something with the connection or with the body.
    special = {"expect", "upgrade", "transfer-encoding"}
    lower = {name.lower() for name in names}
    return (
        # One that comes twice is left to h11, which refuses two lengths that differ.
        len(lower) == len(names)
        and lower.isdisjoint(special)
        and all(_TOKEN.fullmatch(name) for name in names)
    )


class PlainAnswer(NamedTuple):
    """A 200 that arrives as a whole, at once."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def plain_answer(outcome: Outcome) -> PlainAnswer | None:
    """What is answered, if that is plain."""
    if (
        isinstance(outcome, Reply)
        and outcome.status == 200
        and outcome.delivery == WHOLE
        # A fault or a profile may have set others, which the client's h11 must check.
        and _ANSWERED.issuperset([name for name, _ in outcome.headers])
    ):
        date = ("Date", http_date(int(time.time())))
        return PlainAnswer((*outcome.headers, date), outcome.body)
    return None
