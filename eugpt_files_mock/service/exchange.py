"""What is known of one request while it is handled, and the `Record` that is made of it."""

from functools import partial
from time import perf_counter

from ..model.messages import Call, File, Headers, Outcome, Record, Reply, Request
from ..state.fault_matcher import FaultTarget
from .authentication import Identity
from .commands import Command, List, Stubbed, Upload
from .fault_effects import SelectedFault
from .operations import Deleted, Result, Stored
from .refusals import Refusal
from .routes import RouteMatch
from .service import Service
from .stubs import named_files

# freezegun replaces the clocks that it finds in modules, but doesn't look into a `partial`. The
# verdict needs the time that really passed.
_monotonic = partial(perf_counter)


class Exchange:
    """One request, and what each stage of the spine found out about it.

    `file` is the stored file that its path names, as it was before the work.
    """

    route: RouteMatch
    identity: Identity
    command: Command

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
        request, route, command, refusal = self.request, self.route, self.command, self.refusal
        upload = command if isinstance(command, Upload) else _NO_UPLOAD
        # The path of an upload doesn't have the id of the new file.
        file_id = self.result.file.id if isinstance(self.result, Stored) else route.file_id
        named = (file_id, *self._file_facts(), upload.content_type)
        message = None if refusal is None else refusal.message(self._service.options.profile)
        json = None
        if isinstance(command, Stubbed):
            json = self._service.redactor.json(command.json, command.body, request)
        kept = self._service.redactor.redact(request, named, upload.fields, message, outcome)
        file_id, filename, purpose, content_type = kept.named
        call = Call(
            operation=route.operation,
            method=request.method,
            path=kept.path,
            query=kept.query,
            headers=Headers(kept.headers),
            user=self.identity.user,
            client=request.client,
            status=outcome.status if isinstance(outcome, Reply) else None,
            file_id=file_id,
            filename=filename,
            purpose=purpose,
            content_type=content_type,
            bytes=None if upload.content is None else len(upload.content),
            sha256=upload.sha256,
            fields=kept.fields,
            json=json,
            fault=None if self.fault is None else self.fault.fault.name,
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
            key=hash(self.identity.key),
            unready_files=self._unready_files(),
            stub=route.stub,
            # Some profiles answer 200 for a file that was never there.
            has_deleted=isinstance(self.result, Deleted) and self.file is not None,
            is_done=self.result is not None,
        )

    def _unready_files(self) -> tuple[tuple[str, str], ...]:
        """For the verdict: files that were used unprocessed. Retrieve and delete don't use them."""
        if self.route.operation == "download":
            used = [self.file]
        elif isinstance(self.command, Stubbed):
            user = self.identity.user
            find = self._service.files.find
            used = [find(file_id, user) for file_id in named_files(self.command)]
        else:
            return ()
        return tuple((file.id, file.status) for file in used if file and file.status != "processed")

    def _file_facts(self) -> tuple[str | None, str | None]:
        """Filename and purpose of the file in question, where known."""
        if isinstance(self.command, Upload):
            return self.command.filename, self.command.purpose
        if isinstance(self.command, List):
            return None, self.command.purpose
        return (None, None) if self.file is None else (self.file.filename, self.file.purpose)


# Stands in for commands that have no content and no form, so that `record` asks for no kind.
_NO_UPLOAD = Upload()
