"""The notes taken while one request is handled, and the `Call` that is made of them."""

from __future__ import annotations

from time import perf_counter

from ..model.messages import Call, File, Outcome, Parameters, Reply, Request
from ..state.fault_matcher import Subject
from .authentication import presented_key
from .commands import Command, List, Upload
from .fault_effects import Hit
from .operations import Result, Stored
from .redaction import Redaction
from .refusals import Refused
from .routes import Match


class Visit:
    """What is known so far of one request."""

    __slots__ = (
        "_began",
        "arrived_at",
        "command",
        "file",
        "hit",
        "key",
        "number",
        "redaction",
        "refused",
        "request",
        "request_id",
        "result",
        "route",
        "user",
    )

    def __init__(
        self,
        request: Request,
        route: Match,
        redaction: Redaction,
        *,
        number: int,
        request_id: str,
        arrived_at: float,
    ) -> None:
        self._began = perf_counter()
        self.request = request
        self.route = route
        self.number = number
        self.request_id = request_id
        self.arrived_at = arrived_at
        self.key = presented_key(request.headers)
        self.redaction = redaction
        self.user: str | None = None
        self.command: Command | None = None
        self.file: File | None = None
        self.hit: Hit | None = None
        self.result: Result | None = None
        self.refused: Refused | None = None

    @property
    def is_stray(self) -> bool:
        """Whether it came for a path that the API does not have."""
        return not self.route.allowed

    def subject(self, operation: str) -> Subject:
        """What a fault may be addressed by."""
        return Subject(
            operation=operation,
            filename=self._filename,
            file_id=self.route.file_id,
            purpose=self._purpose,
            user=self.user,
        )

    def call(self, outcome: Outcome) -> Call:
        """The line for the journal, without keys."""
        request, command, redaction = self.request, self.command, self.redaction
        upload = command if isinstance(command, Upload) else _NO_UPLOAD
        return Call(
            operation=self.route.operation,
            method=request.method,
            path=redaction.text(request.path),
            query=Parameters(redaction.query(request.query)),
            headers=redaction.headers(request.headers),
            user=self.user,
            client=request.client,
            status=outcome.status if isinstance(outcome, Reply) else None,
            file_id=self._file_id,
            filename=redaction.name(self._filename),
            purpose=redaction.name(self._purpose),
            content_type=redaction.name(upload.content_type),
            bytes=None if upload.content is None else len(upload.content),
            sha256=upload.sha256,
            fault=None if self.hit is None else self.hit.fault.name,
            error=None if self.refused is None else self.refused.code,
            request_id=self.request_id,
            started_at=self.arrived_at,
            duration=perf_counter() - self._began,
        )

    @property
    def _file_id(self) -> str | None:
        if isinstance(self.result, Stored):
            return self.result.file.id
        return self.redaction.name(self.route.file_id)

    @property
    def _filename(self) -> str | None:
        if isinstance(self.command, Upload):
            return self.command.filename
        return None if self.file is None else self.file.filename

    @property
    def _purpose(self) -> str | None:
        if isinstance(self.command, (Upload, List)):
            return self.command.purpose
        return None if self.file is None else self.file.purpose


_NO_UPLOAD = Upload()
