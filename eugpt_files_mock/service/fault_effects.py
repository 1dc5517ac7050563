"""What a fault makes of an exchange: which one hits, and what then happens to the answer."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..faults import http_error
from ..model.faults import (
    Corrupted,
    Delayed,
    Dribbled,
    ErrorAnswer,
    Fault,
    MalformedJson,
    Severing,
    Truncated,
)
from ..model.messages import Outcome, Reply, Request, Severed
from ..state.armed_faults import ArmedFaults
from ..state.fault_matcher import Phase, Subject
from .refusals import Refused, shown
from .replies import render_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A fault that hits this exchange."""

    fault: Fault
    phase: Phase
    is_optional: bool

    @property
    def prevents_the_work(self) -> bool:
        """A fault that only alters the answer needs one, so the work is done first."""
        return self.phase == "before" and isinstance(self.fault, (ErrorAnswer, Severing))


def draw(
    request: Request, armed: ArmedFaults, subject: Subject, chance: random.Random
) -> Hit | None:
    """The fault that hits: the one that the request asks for itself, else the first armed one.

    Raises:
        Refused: `invalid_parameter`, for a wish that cannot be granted.
    """
    headers = request.headers
    if "prefer" in headers and (asked := _CODE.search(headers["prefer"])):
        return Hit(fault=_wished(asked[1]), phase="before", is_optional=True)
    drawn = armed.draw(subject, chance)
    if drawn is None:
        return None
    fault, aim = drawn
    return Hit(fault=fault, phase=aim.phase, is_optional=aim.optional)


_CODE = re.compile(r'(?:^|[,;])\s*code\s*=\s*"?([^",;\s]*)', re.IGNORECASE)
"""`Prefer: code=503` (RFC 7240 for the header; the preference is Prism's)."""


def _wished(code: str) -> Fault:
    if re.fullmatch("[45][0-9][0-9]", code):
        return http_error(int(code))
    raise Refused("invalid_parameter", f"'Prefer: code' must be 400 to 599, not {shown(code)}.")


def spoil(hit: Hit | None, reply: Reply | None, request_id: str, chance: random.Random) -> Outcome:
    """What is sent in the end: the reply, or what the fault makes of it."""
    if hit is None:
        assert reply is not None  # noqa: S101 - only a fault leaves a request without one
        return reply
    fault = hit.fault
    if isinstance(fault, ErrorAnswer):
        return render_error(fault, request_id)
    if isinstance(fault, Severing):
        return Severed(kind=fault.kind, is_optional=hit.is_optional)
    return _ALTER[type(fault)](fault, reply, chance)


def _delay(fault: Delayed, reply: Reply, chance: random.Random) -> Reply:
    return replace(reply, delay=fault.seconds + chance.uniform(0, fault.jitter))


def _truncate(fault: Truncated, reply: Reply, chance: random.Random) -> Reply:
    """Always short of what was announced: of an empty body, one byte is announced."""
    size = len(reply.body)
    wanted = size // 2 if fault.after_bytes is None else fault.after_bytes
    return replace(
        reply,
        cut_after=min(wanted, max(0, size - 1)),
        headers=_with_length(reply.headers, max(1, size)),
    )


def _corrupt(fault: Corrupted, reply: Reply, chance: random.Random) -> Reply:
    """The middle byte is inverted: in JSON that is never UTF-8 again. An empty body gets one."""
    if not reply.body:
        return replace(reply, body=b"\xff", headers=_with_length(reply.headers, 1))
    middle = len(reply.body) // 2
    flipped = bytes(byte ^ 0xFF for byte in reply.body[middle : middle + 1])
    return replace(reply, body=reply.body[:middle] + flipped + reply.body[middle + 1 :])


def _malform(fault: MalformedJson, reply: Reply, chance: random.Random) -> Reply:
    body = reply.body[: len(reply.body) // 2]
    return replace(reply, body=body, headers=_with_length(reply.headers, len(body)))


def _dribble(fault: Dribbled, reply: Reply, chance: random.Random) -> Reply:
    return replace(reply, piece=fault.chunk_bytes, pause=fault.seconds)


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
