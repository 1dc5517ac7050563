"""The spine: one request from front to back, in the order in which it happens.

No I/O, no waiting, no client, no server: a `Request` comes in, a `Reply` or a `Severed` goes out.
The numbers are those of the picture in `docs/design.md`.
"""

from __future__ import annotations

from ..model.messages import Outcome, Request
from .authentication import identify
from .commands import parse
from .exchange import Exchange
from .fault_effects import apply_fault, select_fault
from .operations import operate
from .refusals import Refused
from .replies import render, render_refusal
from .routes import match_route
from .service import Service


def handle(service: Service, request: Request) -> Outcome:
    """Answer one request, or end its connection."""
    exchange = Exchange(service, request)
    exchange.route = match_route(request)  # 1
    exchange.identity = identify(exchange.key, service.access)  # 2
    exchange.command = parse(exchange.route, request, service.options)  # 3
    exchange.file = service.files.find(exchange.route.file_id, exchange.identity.user)
    reply = None
    try:
        exchange.fault = select_fault(service, request, exchange.target())  # 4
        if exchange.fault is None or not exchange.fault.replaces_the_work:
            exchange.admit(service)  # 5
            exchange.result = operate(service, exchange.command, exchange.identity.user)  # 6
            reply = render(exchange.result, exchange.request_id, service.options)
    except Refused as refused:
        exchange.refusal = refused.refusal
        reply = render_refusal(refused.refusal, exchange.request_id)
    outcome = apply_fault(
        exchange.fault, reply, request, exchange.request_id, service.randomness.rng
    )  # 7
    service.journal.add(exchange.record(outcome))  # 8
    return outcome
