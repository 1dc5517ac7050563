"""The spine: one request from front to back, in the order in which it happens.

No I/O, no waiting, no client, no server: a `Request` comes in, a `Reply` or a `Severed` goes out.
The numbers are those of the picture in `docs/design.md`. Further down: what is known of a request
while it is handled, and what the journal keeps of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.faults import FaultName
from ..model.headers import Headers
from ..model.messages import Call, File, Outcome, Record, Reply, Request
from ..real_clock import real_seconds
from ..state.armed_faults import FaultTarget, SelectedFault
from . import Service
from .authentication import Identity, identify
from .fault_effects import apply_fault, select_fault
from .operations import match_route
from .operations.operation import NOTHING, Command, Facts, Result, RouteMatch
from .refusals import Refusal, Refused
from .replies import render_failure, render_refusal, without_body


def handle(service: Service, request: Request) -> Outcome:
    """Answer one request, or end its connection."""
    # First of all: with `isolate_by_key` each key has faults, files and a journal of its own.
    service = service if service.tenants is None else service.tenant_of(request)
    options, headers = service.options, request.headers.by_name
    exchange = Exchange(service, request)
    # The first three stages only find out, and refuse nothing: a broken network hits requests
    # without a key too, and a fault may be for one user, one filename or one purpose.
    exchange.route = route = match_route(request, service.stubs)  # 1
    exchange.identity = identity = identify(headers.get("authorization", ""), service.access)  # 2
    # What each operation does stands in `operations/`, such as `operations/upload.py`.
    operation = route.operation
    exchange.command = command = operation.read(request, route, options.profile)  # 3
    # Before the work, after which a deleted file has no name and no purpose any more.
    if route.file_id is not None:
        exchange.file = service.files.find(route.file_id, identity.user)
    exchange.facts = operation.facts(command, exchange.file)
    outcome: Outcome | None = None
    try:
        # This can refuse as well: a `Prefer: code=` that isn't an error status.
        may_hit = service.armed.live or "prefer" in headers
        exchange.fault = select_fault(service, exchange.target(), headers) if may_hit else None  # 4
        # A fault of `phase="after"`, and one that alters the answer, need the work to be done.
        if exchange.fault is None or not exchange.fault.replaces_the_work:
            # Nearly all are let in: whatever `_admit` may refuse is named here.
            in_doubt = identity.refusal or route.refusal or command.refusal
            if in_doubt or service.rate_limiter.limit or not request.is_complete:
                _admit(service, exchange)  # 5
            result = operation.operate(service, command, identity.user, exchange.started_at)  # 6
            exchange.result = result
            outcome = operation.render(result, exchange.request_id, options)
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
    """Let the request through to the work, or refuse it: 401, 404, 405, 429, or as its command."""
    # The service checks the key before the route, says a public client of it (3P).
    refusals = (exchange.identity.refusal, exchange.route.refusal)
    key_first = service.options.profile["auth.first"] == "key"
    for refusal in refusals if key_first else refusals[::-1]:
        if refusal is not None:
            raise Refused(refusal)
    # Its client has gone: nothing is done. Half an upload says that its form breaks off.
    if not exchange.request.is_complete:
        broken_off = Refusal("bad_request", {"message": _BROKEN_OFF})
        raise Refused(exchange.command.refusal or broken_off)
    # Late, so that neither an invalid key nor an unknown path uses up a window (a guess).
    wait = service.rate_limiter.seconds_to_wait(exchange.identity.key)
    if wait:
        headers = (("Retry-After", str(wait)),)
        raise Refused(Refusal("rate_limited", {"seconds": wait}, headers))
    if exchange.command.refusal is not None:
        raise Refused(exchange.command.refusal)


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


# -- what is known of a request, and what is kept of it -------------------------------------------


class Exchange:
    """One request, and what each stage of the spine found out about it.

    `file` is the stored file that its path names, as it was before the work.
    """

    route: RouteMatch
    identity: Identity
    command: Command = NOTHING
    facts: Facts = Facts()

    def __init__(self, service: Service, request: Request) -> None:
        # The number before the clock: that may be the test author's, and slow.
        self._number = next(service.journal.numbers)
        self._started = real_seconds()
        self._service = service
        self.started_at = service.options.clock()
        self.request = request
        self.request_id = service.randomness.request_id()
        self.file: File | None = None
        self.fault: SelectedFault | None = None
        self.result: Result | None = None
        self.refusal: Refusal | None = None

    def target(self) -> FaultTarget:
        return FaultTarget(
            operation=self.route.name or "",
            filename=self.facts.filename,
            file_id=self.route.file_id,
            purpose=self.facts.purpose,
            user=self.identity.user,
        )

    def record(self, outcome: Outcome) -> Record:
        """The line for the journal: without keys, and without a reference to any body."""
        request, route, facts = self.request, self.route, self.facts
        refusal, result, unready_files = self.refusal, self.result, self._unready_files()
        # The path of an upload doesn't have the id of the new file.
        new_id = None if result is None else result.new_id
        named = (new_id or route.file_id, facts.filename, facts.purpose, facts.content_type)
        message = None
        if refusal is not None:
            told = refusal.message(self._service.options.profile)
            message = f"{told} {refusal.note}" if refusal.note else told
        kept = self._service.redactor.redact(
            request,
            request.headers.to_keep,
            named,
            facts.fields,
            message,
            outcome,
            facts.json,
            facts.body,
            is_authors=route.stub is not None or self.fault is not None,
        )
        file_id, filename, purpose, content_type = kept.named
        call = Call(
            operation=route.name,
            method=request.method,
            path=kept.path,
            query=kept.query,
            headers=kept.headers,
            user=self.identity.user,
            client=request.client,
            status=outcome.status if isinstance(outcome, Reply) and request.is_complete else None,
            file_id=file_id,
            filename=filename,
            purpose=purpose,
            content_type=content_type,
            bytes=facts.size,
            sha256=facts.sha256,
            fields=kept.fields,
            json=kept.json,
            fault=None if self.fault is None else FaultName.of(self.fault.fault),
            error=None if refusal is None else refusal.code,
            message=kept.message,
            request_id=self.request_id,
            started_at=self.started_at,
            duration=real_seconds() - self._started,
        )
        return Record(
            call=call,
            number=self._number,
            outcome=kept.outcome,
            read_timeout=request.read_timeout,
            is_unmatched=route.is_unknown,
            started=self._started,
            # For the verdict: with another key it isn't a retry. The key itself is kept nowhere.
            key=hash((self.identity.key, *map(request.headers.by_name.get, _CREDENTIALS))),
            unready_files=unready_files,
            stub=route.stub,
            has_deleted=result is not None and result.has_deleted,
            is_done=result is not None,
            is_reached=self.fault is None or not self.fault.replaces_the_work,
            sender=request.sender,
            is_complete=request.is_complete,
            # A body that can't be read as a form has no content, but may be empty.
            size=_length(request.body) if facts.size is None else facts.size,
            tail=facts.tail,
            body=_hash(facts.body, request.headers) if facts.body else 0,
            key_in_url=kept.key_in_url,
        )

    def _unready_files(self) -> tuple[tuple[str, str], ...]:
        """For the verdict: files that were used unprocessed. Retrieve and delete don't use them."""
        find_used = self.route.operation.used_files
        if find_used is None:
            return ()
        used = find_used(self.command, self.file, self._service, self.identity.user)
        return tuple((file.id, file.status) for file in used if file and file.status != "processed")


def _length(body: bytes | Sequence[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else sum(map(len, body))


_CREDENTIALS = ("cookie", "x-api-key", "api-key", "x-auth-token", "x-csrf-token")
"""Headers that hold one, beside `Authorization`. The journal redacts them."""


def _hash(body: bytes, headers: Headers) -> int:
    # A client invents a boundary for each attempt.
    _, _, boundary = headers.by_name.get("content-type", "").partition("boundary=")
    return hash(body.replace(boundary.strip('"').encode(), b"") if boundary else body)
