"""What is known of one request while it is handled, and the `Record` that is made of it."""

from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any

from ..model.faults import FaultName
from ..model.messages import Call, File, Headers, Outcome, Record, Reply, Request
from ..state.armed_faults import FaultTarget
from .authentication import Identity
from .fault_effects import SelectedFault
from .operations.operation import Facts, Result, RouteMatch
from .refusals import Refusal
from .service import Service

# freezegun replaces the clocks that it finds in modules, but doesn't look into a `partial`. The
# verdict needs the time that really passed.
_monotonic = partial(perf_counter)


class Exchange:
    """One request, and what each stage of the spine found out about it.

    `file` is the stored file that its path names, as it was before the work.
    """

    route: RouteMatch
    identity: Identity
    command: Any = None
    facts: Facts = Facts()

    def __init__(self, service: Service, request: Request) -> None:
        # The number before the clock: that may be the test author's, and slow.
        self._number = next(service.journal.numbers)
        self._started = _monotonic()
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
        refusal, result = self.refusal, self.result
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
            bytes=facts.bytes,
            sha256=facts.sha256,
            fields=kept.fields,
            json=kept.json,
            fault=None if self.fault is None else FaultName.of(self.fault.fault),
            error=None if refusal is None else refusal.code,
            message=kept.message,
            request_id=self.request_id,
            started_at=self.started_at,
            duration=_monotonic() - self._started,
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
            unready_files=self._unready_files() if route.operation.used_files else (),
            stub=route.stub,
            has_deleted=result is not None and result.has_deleted,
            is_done=result is not None,
            is_reached=self.fault is None or not self.fault.replaces_the_work,
            sender=request.sender,
            is_complete=request.is_complete,
            # A body that can't be read as a form has no content, but may be empty.
            size=_length(request.body) if facts.bytes is None else facts.bytes,
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
