"""What is done with a connection to deliver an outcome: a few actions, in order."""

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
