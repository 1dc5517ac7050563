"""What is known of one request while it is handled, and the `Record` that is made of it."""

from __future__ import annotations

from time import perf_counter

from ..model.messages import Call, File, Outcome, Parameters, Record, Reply, Request
from ..state.fault_matcher import FaultTarget
from .authentication import Identity, presented_key
from .commands import Command, List, Upload
from .fault_effects import SelectedFault
from .operations import Result, Stored
from .redaction import Redacted
from .refusals import Refusal, Refused
from .routes import RouteMatch
from .service import Service


class Exchange:
    """One request, and what each stage of the spine found out about it.

    Attributes:
        request: what arrived.
        key: the bearer key that it presented, or None.
        request_id: as in the answer's `X-Request-Id`.
        route: what its path and method mean.
        identity: whose key it is, or why that is refused.
        command: what it asks for, or why that is refused.
        file: the stored file that its path names, as it was before the work, or None.
        fault: the fault that hits it, or None.
        result: what was done, or None.
        refusal: what it was refused with, or None.
    """

    __slots__ = (
        "_number",
        "_service",
        "_started",
        "_started_at",
        "command",
        "fault",
        "file",
        "identity",
        "key",
        "refusal",
        "request",
        "request_id",
        "result",
        "route",
    )

    route: RouteMatch
    identity: Identity
    command: Command
    file: File | None

    def __init__(self, service: Service, request: Request) -> None:
        self._number = (
            service.journal.next_number()
        )  # first: the clock may be the author's, and slow
        self._started = perf_counter()
        self._started_at = service.options.clock()
        self._service = service
        self.request = request
        self.request_id = service.randomness.request_id()
        self.key = presented_key(request.headers)
        self.fault: SelectedFault | None = None
        self.result: Result | None = None
        self.refusal: Refusal | None = None

    def admit(self, service: Service) -> None:
        """Let the request through to the work.

        Raises:
            Refused: 401, 404, 405 or 429, in this order, as the key is checked before the route
                (a public client of the service relies on it).
        """
        for refusal in (self.identity.refusal, self.route.refusal):
            if refusal is not None:
                raise Refused(refusal)
        wait = service.rate_limiter.seconds_to_wait(self.key)
        if wait:
            message = f"Too many requests with this key: try again in {wait} s."
            raise Refused(Refusal("rate_limited", message, (("Retry-After", str(wait)),)))

    def target(self) -> FaultTarget:
        """What a fault may be addressed by."""
        filename, purpose = self._file_facts()
        return FaultTarget(
            operation=self.route.operation or "",
            filename=filename,
            file_id=self.route.file_id,
            purpose=purpose,
            user=self.identity.user,
        )

    def record(self, outcome: Outcome) -> Record:
        """The line for the journal: without keys, and without a reference to any body."""
        redacted = self._service.redactor.redact(self.request)
        return Record(
            call=self._call(redacted, outcome.status if isinstance(outcome, Reply) else None),
            number=self._number,
            outcome=redacted.outcome(outcome),
            read_timeout=self.request.read_timeout,
            is_unmatched=self.route.is_unknown,
        )

    def _call(self, redacted: Redacted, status: int | None) -> Call:
        request, command = self.request, self.command
        upload = command if isinstance(command, Upload) else _NO_UPLOAD
        filename, purpose = self._file_facts()
        return Call(
            operation=self.route.operation,
            method=request.method,
            path=redacted.path,
            query=Parameters(redacted.query),
            headers=redacted.headers,
            user=self.identity.user,
            client=request.client,
            status=status,
            file_id=redacted.name(self._file_id()),
            filename=redacted.name(filename),
            purpose=redacted.name(purpose),
            content_type=redacted.name(upload.content_type),
            bytes=None if upload.content is None else len(upload.content),
            sha256=upload.sha256,
            fields=redacted.fields(upload.fields),
            json=None,
            fault=None if self.fault is None else self.fault.fault.name,
            error=None if self.refusal is None else self.refusal.code,
            message=None if self.refusal is None else redacted.text(self.refusal.message),
            request_id=self.request_id,
            started_at=self._started_at,
            duration=perf_counter() - self._started,
        )

    def _file_id(self) -> str | None:
        return self.result.file.id if isinstance(self.result, Stored) else self.route.file_id

    def _file_facts(self) -> tuple[str | None, str | None]:
        """Filename and purpose of the file in question, as far as they are known."""
        if isinstance(self.command, Upload):
            return self.command.filename, self.command.purpose
        if isinstance(self.command, List):
            return None, self.command.purpose
        return (None, None) if self.file is None else (self.file.filename, self.file.purpose)


_NO_UPLOAD = Upload()
