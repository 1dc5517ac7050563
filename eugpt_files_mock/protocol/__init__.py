"""The server side of HTTP/1.1, without a socket: bytes in, requests out; outcomes in, bytes out.

It is used twice: by the port (`server/`, threads and sockets) and by the connection in memory
under the clients' own stacks (`intercept/`). Nothing here reads or waits.

The journey of one connection, as both drive it::

    protocol = ServerProtocol()
    while not protocol.is_closed:
        request = protocol.next_request()
        if request is None:                            # more is needed
            send(protocol.data_to_send())              # `100 Continue`, or nothing
            protocol.receive_data(recv())              # b"": the client has closed its end
        elif isinstance(request, UnreadableRequest):   # can't be framed: answer, and close
            carry_out(deliver(a_reply_that_says_why, request))
        else:
            carry_out(deliver(handle(service, ...), request))

`deliver` gives actions, which are values: `Send`, `Wait`, `Close`, `Reset`, `Hang`. All
but `Send` and `Wait` end the connection. When the actions run out, the connection is kept, and
the next request on it, which may have come already, is read.

What is decided here, for in process and the port alike:

- Heads are read by h11, which refuses what can't be framed. The limits are those of
  `http.server`: 65,536 bytes for the target (414) and for the headers (431), 100 headers (431).
- Another version than HTTP/1.0 and HTTP/1.1 is refused (505), another transfer coding than
  `chunked` too (501), everything else with 400. After a refusal the connection is closed.
- A connection is kept if the request is HTTP/1.1 and doesn't say `Connection: close`. It is not
  kept after a request with both `Content-Length` and `Transfer-Encoding` (RFC 9112, 6.1).
- A request whose body breaks off, or has an invalid chunk, is given with an empty body and
  `is_complete=False`. A head that breaks off isn't a request.
- Trailers are read and dropped. `Expect: 100-continue` is answered once, when no byte of the body
  has come yet, and never to HTTP/1.0.
- A client that has closed its end is still answered (RFC 9112, 9.6).
- Answers to HEAD, and those with 204 and 304, have no body.
- The heads of answers are written here, not by h11: a fault announces more than is sent, which
  h11 refuses to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from ..model.messages import NOT_CONNECTED, Outcome, Reply, Severed
from .server_protocol import ReceivedRequest, UnreadableRequest


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds, unless the client has gone away."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close in good order: what was sent arrives, then the end."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection off with a reset."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Send nothing more, and keep the connection open until the client gives up."""


Action = Send | Wait | Close | Reset | Hang

GARBAGE = b"garbage\r\n\r\n"

_SEVERED: dict[str, tuple[Action, ...]] = {
    # A port that listens can't refuse, so it resets.
    **{kind: (Reset(),) for kind in NOT_CONNECTED},
    "reset": (Reset(),),
    "empty": (Close(),),
    "garbage": (Send(GARBAGE), Close()),
    "timeout": (Hang(),),
}


def deliver(
    outcome: Outcome, request: ReceivedRequest | UnreadableRequest, *, now: float | None = None
) -> Iterator[Action]:
    """The actions; if the last one is `Send`, the connection is kept for the next request.

    `now` is in Unix seconds, for `Date`, which a server that has a clock sends (RFC 9110, 6.6.1).
    """
    if isinstance(outcome, Severed):
        yield from _SEVERED[outcome.kind]
        return
    more = () if now is None else (("Date", http_date(int(now))),)
    bodyless = has_no_body(request.method, outcome.status)
    head = response_head(
        outcome.status,
        (*_framed(outcome, bodyless=bodyless), *more),
        is_persistent=request.is_persistent,
    )
    for step in outcome.delivery.steps(head, b"" if bodyless else outcome.body):
        yield Wait(step) if isinstance(step, float) else Send(step)
    # After less than was announced, the client would take the next answer for the rest of this one.
    if outcome.delivery.cut_after is not None or not request.is_persistent:
        yield Close()


def _framed(reply: Reply, *, bodyless: bool) -> tuple[tuple[str, str], ...]:
    """The headers with a length. 204 must not have one (RFC 9110, 8.6)."""
    if reply.status == 204:
        return tuple(pair for pair in reply.headers if pair[0].lower() != "content-length")
    if bodyless or any(name.lower() == "content-length" for name, _ in reply.headers):
        return reply.headers
    return (*reply.headers, ("Content-Length", str(len(reply.body))))


_REASONS = {
    **{status.value: status.phrase for status in HTTPStatus},
    # RFC 9110 renamed these; older Pythons know the names of RFC 7231 only.
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def reason_phrase(status: int) -> str:
    """The words beside a status; `Unknown` for one that isn't registered, such as 499 or 520.

    WSGI asks for words (PEP 3333), and some clients can't read a status line without them.
    """
    return _REASONS.get(status, "Unknown")


def has_no_body(method: str, status: int) -> bool:
    """Whether an answer ends with its head (RFC 9112, 6.3)."""
    return method == "HEAD" or status in {204, 304} or status < 200


# Made once a second, because it costs a tenth of an answer.
@lru_cache(1)
def http_date(now: int) -> str:
    """Unix seconds as `Date` has them (RFC 9110, 6.6.1), without which caches keep no answer."""
    # Late, as most clients have imported it, and a mock without a request needs none.
    from email.utils import formatdate

    return formatdate(now, usegmt=True)


def response_head(
    status: int, headers: Iterable[tuple[str, str]], *, is_persistent: bool = True
) -> bytes:
    """Status line, headers and the empty line.

    Raises:
        ValueError: for a header with a line break or a character outside Latin-1. Nothing of
            it may be sent: what follows a line break would be another header, or another answer.
    """
    lines = [f"{name}: {value}" for name, value in headers]
    if not is_persistent:
        lines.append("Connection: close")
    head = "\r\n".join((_status_line(status), *lines, "", ""))
    if head.count("\n") != len(lines) + 2 or head.count("\r") != len(lines) + 2:
        raise ValueError("A header of an answer has a line break in it.")
    return head.encode("latin-1")


@lru_cache
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {reason_phrase(status)}"
