"""The spine: one request from front to back, in the order in which it happens.

No I/O, no waiting, no client, no server: a `Request` comes in, a `Reply` or a `Severed` goes out.
The numbers are those of the picture in `docs/design.md`.
"""

from __future__ import annotations

from ..model.messages import Call, File, Outcome, Request
from .authentication import identify
from .commands import parse
from .exchange import Exchange
from .fault_effects import apply_fault, select_fault
from .operations import operate
from .refusals import Refusal, Refused
from .replies import render, render_failure, render_refusal
from .routes import match_route
from .service import Service


def handle(service: Service, request: Request) -> Outcome:
    """Answer one request, or end its connection."""
    service = service.world_of(request)
    exchange = Exchange(service, request)
    exchange.route = match_route(request, service.stubs)  # 1
    headers = exchange.headers
    exchange.identity = identify(headers.get("authorization", ""), service.access)  # 2
    exchange.command = parse(exchange.route, request, headers, service.options)  # 3
    exchange.file = _file_in_question(service, exchange)
    reply = None
    try:
        exchange.fault = select_fault(service, headers.get("prefer"), exchange.target)  # 4
        if exchange.fault is None or not exchange.fault.replaces_the_work:
            _admit(service, exchange)  # 5
            exchange.result = operate(
                service, exchange.command, exchange.identity.user, exchange.started_at
            )  # 6
            reply = render(exchange.result, exchange.request_id, service.options)
    except Refused as refused:
        exchange.refusal = refused.refusal
        reply = render_refusal(refused.refusal, exchange.request_id, service.options.profile)
    outcome = apply_fault(exchange.fault, reply, request, exchange.request_id, service)  # 7
    record = exchange.record(outcome)
    service.journal.add(record)  # 8
    if service.callbacks.waiting:
        answered = _run_callbacks(service, record.call, outcome)  # 9
        if answered is not outcome:
            service.journal.correct(exchange.record(answered))
        return answered
    return outcome


def _file_in_question(service: Service, exchange: Exchange) -> File | None:
    file_id = exchange.route.file_id
    return None if file_id is None else service.files.find(file_id, exchange.identity.user)


def _admit(service: Service, exchange: Exchange) -> None:
    """Let the request through to the work, or refuse it: 401, 404, 405 or 429.

    The key is checked before the route, says a public client of the service (3P).
    """
    refusals = (exchange.identity.refusal, exchange.route.refusal)
    key_first = service.options.profile["auth.first"] == "key"
    for refusal in refusals if key_first else refusals[::-1]:
        if refusal is not None:
            raise Refused(refusal)
    if service.rate_limiter.limit is None:
        return
    wait = service.rate_limiter.seconds_to_wait(exchange.identity.key)
    if wait:
        headers = (("Retry-After", str(wait)),)
        raise Refused(Refusal("rate_limited", {"seconds": wait}, headers))


def _run_callbacks(service: Service, call: Call, outcome: Outcome) -> Outcome:
    """What `FilesMock.after` asks for: the outcome; or, when a function raised, what says so."""
    try:
        for function in service.callbacks.take(call.operation):
            function(call)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
        what = f"The function after {call.operation}"
        service.note_failure(what, error)
        return render_failure(what, error, call.request_id, service.options.profile)
    return outcome
