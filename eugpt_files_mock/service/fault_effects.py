"""What a fault does to an exchange: which one hits, and what is then answered."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import quoted
from ..faults import http_error
from ..model.faults import (
    ConnectionFault,
    Corrupted,
    Delayed,
    Dribbled,
    ErrorResponse,
    Fault,
    MalformedJson,
    Truncated,
)
from ..model.headers import EVENTS, JSON
from ..model.messages import Delivery, Outcome, Reply, Request, Severed
from ..model.stub_answers import WITHOUT_BODY
from ..state.armed_faults import FaultTarget, SelectedFault
from . import Service
from .authentication import identify
from .operations import match_route
from .refusals import Refusal, Refused
from .replies import render_error, without_body


def select_fault(
    service: Service, target: FaultTarget, headers: Mapping[str, str]
) -> SelectedFault | None:
    """The fault that hits: the one that the request asks for itself, else the first armed one."""
    # A request that asks for its own failure uses up no armed fault.
    if asked := _CODE.search(headers.get("prefer", "")):
        return SelectedFault(fault=_preferred(asked[1]), phase="before")
    return service.armed.select(target, service.randomness.rng)


def bytes_until_reset(service: Service, request: Request) -> int | None:
    """How many bytes of its body a request may send before a fault resets it; None for all.

    Only the head of the request has come. Nothing is used up here: once so many bytes have come,
    `handle` is given the request with them, and selects the fault. One that is addressed by what
    stands in the body hits when all of it has come.
    """
    if service.tenants is not None:
        service = service.tenant_of(request)
    if not service.armed.live:
        return None
    route = match_route(request, service.stubs)
    identity = identify(request.headers.by_name.get("authorization", ""), service.access)
    fault = service.armed.peek(
        FaultTarget(
            operation=route.name or "",
            filename=None,
            file_id=route.file_id,
            purpose=None,
            user=identity.user,
        )
    )
    return fault.after_bytes if isinstance(fault, ConnectionFault) else None


_CODE = re.compile(r'(?:^|[,;])\s*code\s*=\s*"?([^",;\s]*)', re.IGNORECASE)
"""`Prefer: code=503` (RFC 7240 for the header; the preference is Prism's)."""


def _preferred(code: str) -> Fault:
    if re.fullmatch("[45][0-9][0-9]", code):
        return http_error(int(code))
    message = f"'Prefer: code' must be 400 to 599, not {quoted(code)}."
    raise Refused(Refusal("invalid_parameter", {"message": message}))


def apply_fault(
    selected: SelectedFault, reply: Outcome | None, request_id: str, service: Service
) -> Outcome:
    """The outcome with this fault. Without a reply, the fault replaces the work."""
    fault = selected.fault
    if isinstance(fault, ErrorResponse):
        return render_error(fault, request_id, service.options.profile)
    if isinstance(fault, ConnectionFault):
        return Severed(kind=fault.kind, after_bytes=fault.after_bytes, request_id=request_id)
    altered = _ALTER[type(fault)](fault, reply, service.randomness.rng)
    # They have nothing that could be cut, altered or sent in pieces (RFC 9110, 6.4.1).
    return without_body(altered) if altered.status in WITHOUT_BODY else altered


def _delay(fault: Delayed, reply: Reply, rng: random.Random) -> Reply:
    seconds = fault.seconds + rng.uniform(0, fault.jitter)
    return replace(reply, delivery=Delivery(delay=seconds))


def _truncate(fault: Truncated, reply: Reply, rng: random.Random) -> Reply:
    # Always short of what was announced, as nobody would notice otherwise. So an empty body is
    # announced with one byte.
    size = len(reply.body)
    wanted = size // 2 if fault.after_bytes is None else fault.after_bytes
    return replace(
        reply,
        delivery=Delivery(cut_after=min(wanted, max(0, size - 1))),
        headers=_with_length(reply.headers, max(1, size)),
    )


def _corrupt(fault: Corrupted, reply: Reply, rng: random.Random) -> Reply:
    body = reply.body
    if not body:
        return replace(reply, body=b"\xff", headers=_with_length(reply.headers, 1))
    place = _place_to_corrupt(reply)
    flipped = bytes([body[place] ^ 0xFF])
    return replace(reply, body=body[:place] + flipped + body[place + 1 :])


def _place_to_corrupt(reply: Reply) -> int:
    """The middle; of JSON where it begins, as some readers replace a wrong byte in a string."""
    body, middle = reply.body, len(reply.body) // 2
    kind = next((value for name, value in reply.headers if name.lower() == "content-type"), "")
    if kind.startswith(EVENTS):
        events = [found.end() - 1 for found in re.finditer(rb"^data: ?\S", body, re.MULTILINE)]
        return min(events, key=lambda place: abs(place - middle), default=middle)
    if kind.startswith(JSON):
        return len(body) - len(body.lstrip()) if body.strip() else middle
    return middle


def _malform(fault: MalformedJson, reply: Reply, rng: random.Random) -> Reply:
    # With the new length: the answer is whole for HTTP, and only JSON is broken.
    body = reply.body[: len(reply.body) // 2]
    return replace(reply, body=body, headers=_with_length(reply.headers, len(body)))


def _dribble(fault: Dribbled, reply: Reply, rng: random.Random) -> Reply:
    return replace(reply, delivery=Delivery(piece=fault.chunk_bytes, pause=fault.seconds))


def _with_length(headers: tuple[tuple[str, str], ...], size: int) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(size) if name == "Content-Length" else value) for name, value in headers
    )


_ALTER: dict[type, Callable[[Any, Any, random.Random], Reply]] = {
    Delayed: _delay,
    Truncated: _truncate,
    Corrupted: _corrupt,
    MalformedJson: _malform,
    Dribbled: _dribble,
}
