"""The spine: one request from front to back, in the order in which it happens.

No I/O, no waiting, no client, no server: a `Request` comes in, a `Reply` or a `Severed` goes out.
The numbers are those of the picture in `docs/design.md`.
"""

from ..model.messages import Call, Headers, Outcome, Reply, Request
from .authentication import Identity, identify
from .exchange import Exchange
from .fault_effects import apply_fault, select_fault
from .operations import match_route
from .operations.operation import RouteMatch
from .refusals import Refusal, Refused
from .replies import render_failure, render_refusal, without_body
from .service import Service


def handle(service: Service, request: Request) -> Outcome:
    """Answer one request, or end its connection."""
    # First of all: with `isolate_by_key` each key has faults, files and a journal of its own.
    if service.tenants is not None:
        service = service.tenant_of(request)
    options, headers = service.options, request.headers.by_name
    exchange = Exchange(service, request)
    # The first three stages only find out, and refuse nothing: a broken network hits requests
    # without a key too, and a fault may be for one user, one filename or one purpose.
    exchange.route = match_route(request, service.stubs)  # 1
    exchange.identity = identify(headers.get("authorization", ""), service.access)  # 2
    # What each operation does stands in `operations/`, such as `operations/upload.py`.
    operation = exchange.route.operation
    exchange.command = operation.read(request, exchange.route, options.profile)  # 3
    # Before the work, after which a deleted file has no name and no purpose any more.
    if exchange.route.file_id is not None:
        exchange.file = service.files.find(exchange.route.file_id, exchange.identity.user)
    exchange.facts = operation.facts(exchange.command, exchange.file)
    outcome: Outcome | None = None
    try:
        # This can refuse as well: a `Prefer: code=` that isn't an error status.
        may_hit = service.armed.live or "prefer" in headers
        exchange.fault = select_fault(service, exchange.target(), headers) if may_hit else None  # 4
        # A fault of `phase="after"`, and one that alters the answer, need the work to be done.
        if exchange.fault is None or not exchange.fault.replaces_the_work:
            _admit(service, exchange)  # 5
            user, now = exchange.identity.user, exchange.started_at
            exchange.result = operation.operate(service, exchange.command, user, now)  # 6
            outcome = operation.render(exchange.result, exchange.request_id, options)
    except Refused as refused:
        # Only the value is kept: the exception would keep the body of the request alive.
        exchange.refusal = refused.refusal
        outcome = render_refusal(refused.refusal, exchange.request_id, options.profile)
    # Applied to refusals too: a slow network delays them like everything else.
    if exchange.fault is not None:
        outcome = apply_fault(exchange.fault, outcome, exchange.request_id, service)  # 7
    assert outcome is not None  # noqa: S101 - only a fault leaves a request without one
    # After the fault: no answer to HEAD has a body (RFC 9110, 9.3.2), not even that of a fault.
    if request.method == "HEAD":
        outcome = without_body(outcome)
    # Before the callbacks, which find their own call in `mock.calls`.
    record = exchange.record(outcome)
    service.journal.add(record)  # 8
    if service.callbacks.waiting:
        return _run_callbacks(service, exchange, record.call, outcome)  # 9
    return outcome


def _admit(service: Service, exchange: Exchange) -> None:
    """Let the request through to the work, or refuse it: 400 if it is half, 401, 404, 405, 429."""
    # The service checks the key before the route, says a public client of it (3P).
    refusals = (exchange.identity.refusal, exchange.route.refusal)
    key_first = service.options.profile["auth.first"] == "key"
    for refusal in refusals if key_first else refusals[::-1]:
        if refusal is not None:
            raise Refused(refusal)
    # Its client has gone: nothing is done. Half an upload says that its form breaks off.
    if not exchange.request.is_complete:
        unreadable = getattr(exchange.command, "refusal", None)
        raise Refused(unreadable or Refusal("bad_request", {"message": _BROKEN_OFF}))
    # Few mocks have a limit, and every request comes by here.
    if service.rate_limiter.limit is None:
        return
    # Last, so that neither an invalid key nor an unknown path uses up a window (a guess).
    wait = service.rate_limiter.seconds_to_wait(exchange.identity.key)
    if wait:
        headers = (("Retry-After", str(wait)),)
        raise Refused(Refusal("rate_limited", {"seconds": wait}, headers))


_BROKEN_OFF = "The body of the request never came to its end: its client broke it off."


def _run_callbacks(service: Service, exchange: Exchange, call: Call, outcome: Outcome) -> Outcome:
    """Call what waits for this operation. A function that raises changes the outcome."""
    try:
        for function in service.callbacks.take(call.operation):
            function(call)
    # These end the run; the function hasn't failed.
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
        what = f"The function after {call.operation}"
        service.note_failure(what, error)
        outcome = render_failure(what, error, call.request_id, service.options.profile)
        # The journal has the call already, with an answer that nobody will see.
        service.journal.correct(exchange.record(outcome))
    return outcome


UNREADABLE = {
    400: "bad_request",
    414: "uri_too_long",
    431: "headers_too_large",
    501: "not_implemented",
    505: "http_version_not_supported",
}
"""Status → code of what can't be framed as a request."""


def refuse_unkept(service: Service, refusal: Refusal) -> Reply:
    """Answer a request that isn't kept in the journal."""
    # Any web page that is open in a browser could have sent it, not the code under test.
    return render_refusal(refusal, service.randomness.request_id(), service.options.profile)


def refuse_unreadable(
    service: Service, *, status: int, message: str, method: str, client: str
) -> Reply:
    """Answer what can't be read as a request. It is in the journal; the exit checks ignore it."""
    # Nothing of what was sent is kept, as nobody knows where in it a key may stand.
    request = Request(
        method=method, path="", resource=None, query="", headers=Headers(), body=b"", client=client
    )
    exchange = Exchange(service, request)
    exchange.route, exchange.identity = RouteMatch(), Identity(None, None)
    exchange.refusal = Refusal(UNREADABLE.get(status, "bad_request"), {"message": message})
    reply = render_refusal(exchange.refusal, exchange.request_id, service.options.profile)
    service.journal.add(exchange.record(reply))
    return reply
