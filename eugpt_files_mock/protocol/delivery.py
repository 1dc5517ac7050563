"""What is done with a connection to deliver an outcome: a few actions, in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.messages import Outcome, Reply, Severed
from .received import ReceivedRequest, UnreadableRequest
from .response_head import has_no_body, http_date, response_head


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


@dataclass(frozen=True, slots=True)
class Refuse:
    """Fail the client's attempt to connect; possible in memory only."""


Action = Send | Wait | Close | Reset | Hang | Refuse

GARBAGE = b"garbage\r\n\r\n"

_SEVERED: dict[str, tuple[Action, ...]] = {
    "refused": (Refuse(),),
    "reset": (Reset(),),
    "empty": (Close(),),
    "garbage": (Send(GARBAGE), Close()),
    "timeout": (Hang(),),
}

_SEPARATE = 65_536
"""Bytes from which a body is sent apart from the head, so that it isn't copied."""


def deliver(
    outcome: Outcome, request: ReceivedRequest | UnreadableRequest, *, now: float | None = None
) -> Iterator[Action]:
    """The actions; if the last one is `Send`, the connection is kept for the next request.

    Args:
        outcome: of the request.
        request: says whether the connection may be kept, and whether the answer has a body.
        now: Unix seconds, for `Date`, which a server that has a clock sends (RFC 9110, 6.6.1).
    """
    if isinstance(outcome, Severed):
        yield from _SEVERED[outcome.kind]
        return
    if outcome.delay:
        yield Wait(outcome.delay)
    yield from _answer(outcome, request, () if now is None else (("Date", http_date(int(now))),))
    if outcome.cut_after is not None or not request.is_persistent:
        yield Close()


def _answer(
    reply: Reply,
    request: ReceivedRequest | UnreadableRequest,
    more: tuple[tuple[str, str], ...],
) -> Iterator[Action]:
    bodyless = has_no_body(request.method, reply.status)
    head = response_head(
        reply.status,
        (*_framed(reply, bodyless=bodyless), *more),
        is_persistent=request.is_persistent,
    )
    body = b"" if bodyless else reply.body
    if reply.cut_after is not None:
        body = body[: reply.cut_after]
    if reply.piece is None and len(body) < _SEPARATE:
        yield Send(head + body)
    else:
        yield Send(head)
        yield from _pieces(memoryview(body), reply.piece or len(body), reply.pause)


def _framed(reply: Reply, *, bodyless: bool) -> tuple[tuple[str, str], ...]:
    """The headers with a length. 204 must not have one (RFC 9110, 8.6)."""
    if reply.status == 204:
        return tuple(pair for pair in reply.headers if pair[0].lower() != "content-length")
    if bodyless or any(name.lower() == "content-length" for name, _ in reply.headers):
        return reply.headers
    return (*reply.headers, ("Content-Length", str(len(reply.body))))


def _pieces(body: memoryview, size: int, pause: float) -> Iterator[Action]:
    for start in range(0, len(body), size or 1):
        if start and pause:
            yield Wait(pause)
        yield Send(body[start : start + size])
