"""`FilesMock`: what a test author holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from . import seeding
from .errors import hide_from_traceback
from .expectations import verification
from .faults import as_faults
from .inventions import Inventions
from .lifecycle import WaysIn
from .model.faults import Fault
from .model.messages import File
from .options import Options
from .service.assembly import assembled, empty
from .state.armed_faults import ArmedFault
from .state.fault_matcher import Phase, checked_aim
from .state.file_store import Files
from .state.journal import Journal

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self, Unpack

    from .inventions import FileFields, SharedFields
    from .options import OptionWords
    from .server_context import Serving

__tracebackhide__ = hide_from_traceback

_ANY_KEY = "eugpt_mock_key"
"""Accepted, as any key with the prefix is when no keys are named."""


class FilesMock:
    """The fake service: its files, its armed faults, the calls it got.

    In process or on a port, or both::

        with FilesMock() as mock:              # httpx, httpx2 and requests are intercepted
            ...
        with FilesMock().serve() as mock:      # on a port: mock.base_url
            ...

    Args:
        options: see `eugpt_files_mock.options.OPTIONS`, or the reference.

    Raises:
        OptionError: for an unknown option, with the nearest, or a value without sense.
    """

    def __init__(self, **options: Unpack[OptionWords]) -> None:
        self._options = checked = Options.of(options)
        self._service = assembled(checked)
        self._inventions = Inventions(self._service.desk.identifiers, self.add_file)
        self._ways_in = WaysIn(self._service, checked)

    def __repr__(self) -> str:
        return f"<FilesMock: {len(self.files)} files, {len(self.armed)} faults, {self.calls!r}>"

    def start(self) -> Self:
        """Intercept httpx, httpx2 and requests, until `stop()`.

        Raises:
            StateError: when it intercepts already.
            SeamLost: when a client library cannot be intercepted.
        """
        self._ways_in.intercept()
        return self

    def stop(self) -> None:
        """Intercept no longer, and check what leaving checks. Twice is as good as once.

        Raises:
            Unmet: an armed fault never fired, or a request came for an unknown route.
        """
        self._leave(failing=False)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._leave(failing=error is not None)

    def _leave(self, *, failing: bool) -> None:
        self._ways_in.stop_intercepting(failing=failing)

    def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        *,
        admin_token: str | None = None,
    ) -> Serving[Self]:
        """Put the mock on a port, with the same state: a context manager, `start()` and `stop()`.
        Beside the API it has the control routes and the page, under `/__admin`.

        Args:
            host: the address to bind; loopback unless you say otherwise.
            port: 0 takes a free one.
            ssl_context: serves HTTPS when given.
            admin_token: what `/__admin` asks for; on an address that is not loopback there is no
                `/__admin` without one.
        """
        from .server.live_server import LiveServer
        from .server_context import Serving

        server = partial(LiveServer, host=host, port=port, ssl_context=ssl_context)
        return Serving(self, server, host=host, admin_token=admin_token)

    @cached_property
    def wsgi_app(self) -> WSGIApplication:
        """The WSGI application, for any WSGI server or test client."""
        from .server.wsgi import WsgiApp

        return WsgiApp(self._service)

    @property
    def base_url(self) -> str:
        """Where clients should point, on the port that serves it, or in process."""
        return self._ways_in.base_url

    @property
    def api_key(self) -> str:
        """A key that the mock accepts."""
        keys = self._options.api_keys
        return _ANY_KEY if keys is None else next(iter(keys))

    @property
    def files(self) -> Files:
        """The files, with `len`, iteration (oldest first), `files[file_id]`, `file_id in files`."""
        return self._service.desk.files

    def add_file(
        self,
        filename: str,
        content: bytes = b"",
        *,
        purpose: str = "assistants",
        id: str | None = None,
        created_at: int | None = None,
        status: str = "processed",
        user: str | None = None,
    ) -> File:
        """Put a file there without a request.

        Args:
            filename: any text.
            content: the bytes.
            purpose: any text.
            id: a UUID by default; without a slash.
            created_at: Unix seconds; now by default.
            status: `uploaded`, `processed` or `error`. One that is `uploaded` is processed as the
                option `processing` says.
            user: whose it is; by default that of `api_key`.

        Raises:
            OptionError: for a value without sense, or an id that is taken.
        """
        return seeding.add_file(
            self._service,
            filename,
            content,
            purpose=purpose,
            id=id,
            created_at=created_at,
            status=status,
            user=user,
        )

    def fake_file(
        self, suffix: str = ".pdf", *, size: int | None = None, **fields: Unpack[FileFields]
    ) -> File:
        """Put an invented document there, that opens in real readers. It repeats with a seed.

        Args:
            suffix: `.pdf .docx .xlsx .csv .json .jsonl .txt .md .html .png`.
            size: its exact length in bytes; by default whatever it comes to.
            fields: those of `add_file`; without a `filename`, one that no other got.

        Raises:
            OptionError: for an unknown word, or a value without sense; nothing is stored.
        """
        return self._inventions.file(suffix, size, fields)

    def fake_files(
        self,
        count: int,
        suffixes: str | Sequence[str] | None = None,
        *,
        size: int | None = None,
        **fields: Unpack[SharedFields],
    ) -> list[File]:
        """Put so many there: the suffixes in turn, by default all. Otherwise as `fake_file`."""
        return self._inventions.files(count, suffixes, size, fields)

    def reset(self) -> None:
        """Drop files, faults, calls and rate windows; keep the options. With a seed, ids,
        chances and invented documents begin anew.
        """
        empty(self._service)
        self._inventions.restart()
        self._ways_in.forget_complaints()

    def inject(
        self,
        fault: Fault | Sequence[Fault],
        on: str | Iterable[str] = "*",
        *,
        times: int | None = 1,
        skip: int = 0,
        every: int | None = None,
        probability: float | None = None,
        filename: str | None = None,
        file_id: str | None = None,
        purpose: str | None = None,
        user: str | None = None,
        phase: Phase = "before",
        optional: bool = False,
    ) -> ArmedFault:
        """Arm a fault, or a sequence that is used up in order. The first that matches wins.

        Args:
            fault: made by a function of `eugpt_files_mock.faults`.
            on: `upload`, `list`, `retrieve`, `download`, `delete`, several of them, or `*`.
            times: how often it hits; None: always. A sequence runs so many times.
            skip: let so many matching requests through first.
            every: hit only each nth matching request.
            probability: hit by this chance, over 0 and at most 1.
            filename: only requests about a file of that name.
            file_id: only requests about that file.
            purpose: only requests about files of that purpose.
            user: only requests with a key of that user.
            phase: `before` takes the place of the work; `after` does it, and loses the answer.
            optional: leaving accepts that it never fired.

        Raises:
            OptionError: for an unknown word, a senseless number, a combination without sense.
            FaultUnavailable: when a served mock cannot produce the fault.
        """
        faults = as_faults(fault)
        aim = checked_aim(
            faults,
            on=on,
            times=times,
            skip=skip,
            every=every,
            probability=probability,
            filename=filename,
            file_id=file_id,
            purpose=purpose,
            user=user,
            phase=phase,
            optional=optional,
            users=self._service.access.names,
        )
        self._ways_in.check_armed(faults)
        return self._service.armed.arm(faults, aim)

    @property
    def armed(self) -> list[ArmedFault]:
        """The armed faults that can still hit, in order."""
        return self._service.armed.armed()

    @property
    def calls(self) -> Journal:
        """What was received, in order of arrival, a live sequence of `Call`."""
        return self._service.journal

    def assert_called(self, operation: str, times: int | None = None, **fields: Any) -> None:
        """Fail unless the operation was called, with these fields of `Call`.

        Args:
            operation: one of the five.
            times: how often exactly; None: at least once.
            fields: such as `filename="a.pdf"`, `status=200`, `user="alice"`.

        Raises:
            Unmet: an AssertionError with what came, and the nearest call.
        """
        verification.assert_called(self.calls, operation, times, fields)

    def assert_not_called(self, operation: str) -> None:
        """Fail if the operation was called."""
        verification.assert_called(self.calls, operation, 0, {})

    def assert_uploaded(
        self, filename: str, *, purpose: str | None = None, content: bytes | None = None
    ) -> None:
        """Fail unless such a file was uploaded and stored; an answer that got lost doesn't matter.

        Raises:
            Unmet: an AssertionError with what came, and the nearest upload.
        """
        verification.assert_uploaded(self._service, filename, purpose, content)
