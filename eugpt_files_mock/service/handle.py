"""The spine: one request from front to back, in the order in which it happens.

No I/O, no waiting, no client, no server: a `Request` comes in, a `Reply` or a `Severed` goes out.
The numbers are those of the picture in `docs/design.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.messages import File, Outcome, Request
from ..state.armed_faults import ArmedFaults
from ..state.journal import Journal
from ..state.rate_limiter import RateWindows
from .authentication import Access, authenticate
from .commands import parse
from .exchange import Visit
from .fault_effects import draw, spoil
from .operations import Desk, operate
from .redaction import Redaction
from .refusals import Refused
from .replies import for_method, render, render_refusal
from .routes import check_route, match


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One fake service: its rules, and what changes.

    Attributes:
        access: whose keys are accepted.
        desk: the files, and what else the operations need.
        armed: the armed faults.
        journal: the calls.
        windows: the rate limits.
        pages: whether `limit`, `after` and `order` have an effect.
        unknown_fields: whether answers have members that no client knows.
    """

    access: Access
    desk: Desk
    armed: ArmedFaults
    journal: Journal
    windows: RateWindows
    pages: bool
    unknown_fields: bool


def handle(service: Service, request: Request) -> Outcome:
    """Answer one request, or end its connection."""
    visit = _arrive(service, request)
    desk, chance = service.desk, service.desk.identifiers.chance
    reply = None
    try:
        visit.user = authenticate(visit.key, service.access)  # 1
        operation = check_route(visit.route, request)  # 2
        _admit(service.windows, visit.key)  # 3
        visit.command = parse(operation, request, visit.route.file_id, pages=service.pages)  # 4
        visit.file = _file_in_question(desk, visit)
        visit.hit = draw(request, service.armed, visit.subject(operation), chance)  # 5
        if visit.hit is None or not visit.hit.prevents_the_work:
            visit.result = operate(desk, visit.command, visit.user)  # 6
            reply = render(visit.result, visit.request_id, unknown_fields=service.unknown_fields)
    except Refused as refused:
        visit.refused = refused
        reply = render_refusal(refused, visit.request_id)
    outcome = for_method(request.method, spoil(visit.hit, reply, visit.request_id, chance))  # 7
    service.journal.record(visit.number, visit.call(outcome), stray=visit.is_stray)  # 8
    return outcome


def _arrive(service: Service, request: Request) -> Visit:
    return Visit(
        request,
        match(request),
        Redaction(request.headers, service.access.users or ()),
        number=service.journal.arrive(),
        request_id=service.desk.identifiers.request_id(),
        arrived_at=service.desk.clock(),
    )


def _admit(windows: RateWindows, key: str | None) -> None:
    wait = windows.wait(key)
    if wait:
        raise Refused(
            "rate_limited",
            f"Too many requests with this key: try again in {wait} s.",
            ("Retry-After", str(wait)),
        )


def _file_in_question(desk: Desk, visit: Visit) -> File | None:
    file_id = visit.route.file_id
    return None if file_id is None else desk.files.find(file_id, visit.user)
