"""`FilesMock`: what a test author holds.

The methods are thin: each is documented here, and done by a function of the part that it names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal

from . import lifecycle
from .decorator import Target, decorate
from .errors import AttributeRefused, OptionError, known_arguments, nearest_word
from .expectations import (
    assert_called,
    assert_deleted,
    assert_downloaded,
    assert_uploaded,
    wait_for,
)
from .expectations.exit_checks import report_section
from .faults import as_faults
from .lifecycle import Lifecycle, ServerContext, serve_on
from .locks import cached_property
from .model.faults import Fault
from .model.messages import Call, File
from .model.stub_answers import StubRequest
from .options import OPTIONS, Options, OptionWords, check_unnamed
from .seeding import FakeFiles, FileFields, SharedFields, add_file, set_status
from .service import Service
from .service.operations import NAMES, OperationName, check_operation
from .service.stubbing import call_after, make_response_stub, make_stub
from .state.armed_faults import ArmedFault, Phase, build_matcher
from .state.file_store import Files, file_id_of
from .state.journal import Calls
from .state.stubs import Stub

if sys.version_info >= (3, 11):
    from typing import Never, Self, Unpack
else:
    from typing_extensions import Never, Self, Unpack

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import WSGIApplication

    from .sweep import Sweep
    from .verdict.verdict import Verdict
else:
    # So that the annotations can be read at run time, as typeguard does, and nothing is imported
    # for it that may not be used.
    SSLContext = WSGIApplication = Sweep = Verdict = Any


_ARGUMENT_HABITS = {
    "filename": ("name", "file", "file_name", "path"),
    "content": ("data", "body", "bytes"),
    "content_type": ("mime_type", "mimetype", "type"),
    "file_id": ("id", "file"),
    "reply": ("response", "return_value", "side_effect", "callback", "handler"),
    "body": ("text", "content", "data"),
    "path": ("url", "route"),
    "status": ("status_code", "code"),
    "times": ("count", "n", "call_count"),
    "timeout": ("seconds", "wait"),
    "function": ("callback", "func", "callable"),
    "user": ("owner", "key"),
    "host": ("address", "hostname"),
    "admin_token": ("token", "password"),
    "ssl_context": ("ssl", "tls", "context"),
    "allow_hosts": ("hosts", "allowed_hosts"),
}
"""Arguments of the methods → what other libraries call them."""


class FilesMock:
    """The fake service: its files, its armed faults, the calls that it received.

    In process or on a port, or both::

        with FilesMock() as mock:              # the HTTP clients of this process: intercepted
            ...
        with FilesMock().serve() as mock:      # on a port: mock.base_url
            ...

    Args:
        options: see `eugpt_files_mock.options.OPTIONS`, or the reference.

    Raises:
        OptionError: for an unknown option, with the nearest one, or an invalid value.
    """

    def __init__(self, *values: Never, **options: Unpack[OptionWords]) -> None:
        check_unnamed(values)
        service = Service.from_options(Options.of(options))
        self._lifecycle = Lifecycle(self, service)
        # The mock itself is the tenant of its own key.
        self._tenants: dict[str, FilesMock] = {service.api_key: self}
        self._sweep: Sweep | None = None
        self._hold(service)

    def _hold(self, service: Service) -> None:
        self._service = service
        self._fake_files = FakeFiles(service.randomness, self.add_file)
        self._allowed_kinds: set[str] = set()

    # Where clients point.

    @property
    def base_url(self) -> str:
        """Where clients should point: the port that serves it, or the first intercepted URL.

        After it was served, the address of that port, at which nothing listens any more.
        """
        return self._lifecycle.base_url

    @property
    def api_key(self) -> str:
        """A key that the mock accepts."""
        return self._service.api_key

    # Files.

    def add_file(
        self,
        filename: str | Path | None = None,
        content: bytes | Path = b"",
        *,
        purpose: str = "assistants",
        id: str | None = None,
        created_at: int | None = None,
        status: str = "processed",
        status_details: str | None = None,
        user: str | None = None,
    ) -> File:
        """Store a file without a request.

        Args:
            filename: any non-empty string; by default the name of the `Path`.
            content: the bytes, or the `Path` of a file that has them.
            purpose: any non-empty string.
            id: without a slash; a new UUID by default.
            created_at: Unix seconds; now by default.
            status: `uploaded`, `processed` or `error`. One that is `uploaded` is processed as the
                option `processing` says, and with `"immediate"` when it is first retrieved.
            status_details: such as why its processing failed.
            user: who owns it; by default the user of `api_key`.

        Raises:
            OptionError: for an invalid value, or an id that is taken.
        """
        return add_file(
            self._service,
            filename,
            content,
            purpose=purpose,
            id=id,
            created_at=created_at,
            status=status,
            status_details=status_details,
            user=user,
        )

    def fake_file(
        self, suffix: str = ".pdf", *, size: int | None = None, **fields: Unpack[FileFields]
    ) -> File:
        """Store an invented document that opens in real readers. It repeats with a seed.

        Args:
            suffix: such as `.pdf .docx .xlsx .csv .json .jsonl .txt .md .html .png`; all are in
                `eugpt_files_mock.documents.SUFFIXES`.
            size: its exact length in bytes; by default what the document happens to have.
            fields: those of `add_file`; without a `filename` an unused one is invented.

        Raises:
            OptionError: for an unknown argument or an invalid value; nothing is stored.
        """
        return self._fake_files.file(suffix, size, fields)

    def fake_files(
        self,
        count: int,
        suffixes: str | Sequence[str] | None = None,
        *,
        size: int | None = None,
        **fields: Unpack[SharedFields],
    ) -> list[File]:
        """Store `count` of them: the suffixes in turn, by default all. Otherwise as `fake_file`."""
        return self._fake_files.files(count, suffixes, size, fields)

    @property
    def files(self) -> Files:
        """The stored files, read-only: `len`, iteration (oldest first), `files[file_id]`,
        `file_id in files`, `files.get(file_id)`, `files.named(filename)`.
        """
        return Files(self._service.files)

    def set_status(self, file_id: str | File, status: str, details: str | None = None) -> File:
        """Give one file another status, which it keeps until the next `set_status`.

        Args:
            file_id: names a stored file, of any user; or the `File` itself.
            status: `uploaded`, `processed` or `error`.
            details: its new `status_details`, such as why processing failed.

        Raises:
            OptionError: for an unknown file or status.
        """
        return set_status(self._service, file_id, status, details)

    # Failures.

    def inject(
        self,
        fault: Fault | Sequence[Fault],
        on: OperationName | Literal["*"] | Iterable[OperationName | Literal["*"]] = "*",
        times: int | None = 1,
        *,
        skip: int = 0,
        every: int | None = None,
        probability: float | None = None,
        filename: str | None = None,
        file_id: str | File | None = None,
        purpose: str | None = None,
        user: str | None = None,
        phase: Phase = "before",
        optional: bool = False,
        **unknown: Never,
    ) -> ArmedFault:
        """Arm a fault, or a sequence that is used up in order. The first that matches wins.

        Args:
            fault: made by a function of `eugpt_files_mock.faults`.
            on: an operation, such as `upload`, `list`, `retrieve`, `download` or `delete`; a
                stubbed route, such as `POST /responses` (it may be stubbed later); several of them;
                or `*`.
            times: how often it hits; None means always. A sequence runs this many times.
            skip: how many matching requests are let through first.
            every: hits only every nth matching request.
            probability: the chance that it hits, over 0 and at most 1.
            filename: only requests about a file of that name, or pattern as in `fnmatch`.
            file_id: only requests about that file.
            purpose: only requests about files of that purpose.
            user: only requests with a key of that user.
            phase: `before` takes the place of the work; `after` does it, and loses the answer.
            optional: the exit checks accept that it never fired.
            **unknown: refused, with the argument that was probably meant.

        Raises:
            OptionError: for an unknown word, an invalid number, a combination that can never hit.
            FaultUnavailable: when a served mock cannot produce the fault.
        """
        faults = as_faults(fault)
        if file_id is not None:
            file_id = file_id_of("inject: file_id", file_id, self.files)
        matcher = build_matcher(
            faults,
            self._service.users,
            NAMES,
            self._service.stubs.operations,
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
            **unknown,
        )
        # First, so that a fault which is refused isn't left armed.
        self._lifecycle.check_armed(faults)
        return self._service.armed.arm(faults, matcher)

    @property
    def armed(self) -> list[ArmedFault]:
        """The armed faults that can still hit, in order."""
        return self._service.armed.armed()

    # Other routes of the API, and what happens between two calls.

    def stub(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | str | None = None,
        events: Iterable[Any] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        reply: Callable[[StubRequest], Any] | None = None,
        times: int | None = None,
        check_file_ids: bool = True,
    ) -> Stub:
        """Answer another route of the API. The newest stub that matches answers.

        The key is checked, rate windows count, faults can be armed on it and its calls are kept, as
        for the operations on files.

        Args:
            method: such as `POST`.
            path: below the base URL, such as `/responses`; `{name}` stands for a segment.
            json: a JSON value. Of `json`, `body`, `events` and `reply` at most one is given.
            body: bytes or text.
            events: JSON values, sent as server-sent events in the documented framing; with the
                profile `openai` each is named by its `type`. The text `[DONE]` is sent as it is.
            status: 200 to 599.
            headers: header fields to add, or to put in the place of ours.
            reply: a function of a `StubRequest` that returns a JSON value, or an `Answer`. With the
                status 204 or 304, which have no body, it may return None.
            times: how often it answers, None for always; after that the stub before it does.
            check_file_ids: whether every `file_id`, `…_file_id`, `training_file`,
                `validation_file`, and member of `file_ids` and `…_file_ids`, at any depth of a JSON
                body, must be a file of that user; if it isn't, the answer is 404 `file_not_found`.

        Raises:
            OptionError: for a path of the Files API, two bodies, a value that cannot be sent.
        """
        stub = make_stub(
            self._service,
            method,
            path,
            json=json,
            body=body,
            events=events,
            status=status,
            headers=headers,
            reply=reply,
            times=times,
            check_file_ids=check_file_ids,
        )
        return self._service.stubs.add(stub)

    def stub_response(
        self,
        text: str,
        *,
        model: str | None = None,
        chunks: int | Sequence[str] = 3,
        completed_text: str | None = None,
        times: int | None = None,
        check_file_ids: bool = True,
    ) -> Stub:
        """Answer `POST /responses` as the profile does, whatever the request asks.

        `eugpt` answers as documented: with events, or with one document for `"stream": false`.
        `openai` answers as OpenAI does: with one document, or with events for `"stream": true`. It
        repeats what the request says, such as `tools`, `text` and `metadata`.

        The answer is always one message with one text, which isn't held against `text.format`. Tool
        calls, reasoning, refusals, annotations, an answer that is incomplete, and an error amid the
        stream can't be said: `stub("POST", "/responses", events=[...])` sends any events.

        Args:
            text: what the model says.
            model: which model says it; by default `gpt-oss-120b`, and with the profile `openai` the
                one that the request asks for.
            chunks: in how many pieces the text is streamed, or the pieces.
            completed_text: what `response.completed`, and the document, have in the place of the
                text that was streamed, as of a service that rewrites what was generated.
            times: as in `stub`.
            check_file_ids: as in `stub`.

        Raises:
            OptionError: for an invalid value.
        """
        stub = make_response_stub(
            self._service,
            text,
            model=model,
            chunks=chunks,
            completed_text=completed_text,
            times=times,
            check_file_ids=check_file_ids,
        )
        return self._service.stubs.add(stub)

    def after(
        self, operation: OperationName, function: Callable[[Call], object], *, times: int | None = 1
    ) -> None:
        """Call a function once an operation was answered, before the client sees the answer.

        It may change anything, such as the list between two pages. What it raises comes out of the
        client's call in process; a port answers 500, and the exit checks fail.

        Args:
            operation: such as `upload`, or that of a stub.
            function: is given the `Call`.
            times: for how many calls; None means for all.

        Raises:
            OptionError: for an unknown operation, or an invalid value.
        """
        call_after(self._service, operation, function, times)

    # What was received, and what is expected of it.

    @property
    def calls(self) -> Calls:
        """What was received, in order of arrival: a live, read-only sequence of `Call`."""
        return Calls(self._service.journal.calls, partial(check_operation, self._service))

    def assert_called(
        self, operation: OperationName, times: int | None = None, **fields: Any
    ) -> None:
        """Fail unless the operation was called, with these values of `Call`.

        Args:
            operation: such as `upload`, or that of a stub.
            times: how often exactly; None means at least once.
            fields: such as `filename="a.pdf"`, `status=200`, `user="alice"`.

        Raises:
            ExpectationNotMet: an `AssertionError` with what came, and the nearest call.
            OptionError: for an unknown operation or field.
        """
        assert_called(self._service, operation, times, fields)

    def assert_not_called(self, operation: OperationName) -> None:
        """Fail if the operation was called.

        Raises:
            ExpectationNotMet: an `AssertionError` with what came.
        """
        assert_called(self._service, operation, 0, {})

    def assert_uploaded(
        self,
        filename: str | None = None,
        *,
        purpose: str | None = None,
        content: bytes | None = None,
        content_type: str | None = None,
        user: str | None = None,
    ) -> None:
        """Fail unless such a file was uploaded and stored; a lost answer does not matter.

        Args:
            filename: as the file is stored; like the others, None for any.
            purpose: as it was sent.
            content: the bytes.
            content_type: that of the part.
            user: whose key it was.

        Raises:
            OptionError: for a value that can't be, such as an unknown user.
            ExpectationNotMet: an `AssertionError` with what came, and the nearest upload.
        """
        assert_uploaded(
            self._service,
            filename,
            purpose=purpose,
            content=content,
            content_type=content_type,
            user=user,
        )

    def assert_deleted(self, file_id: str | File) -> None:
        """Fail unless the code under test deleted that file; a lost answer does not matter.

        Raises:
            ExpectationNotMet: an `AssertionError` with what came, and the nearest call.
        """
        assert_deleted(self._service, file_id)

    def assert_downloaded(self, file_id: str | File) -> None:
        """Fail unless the code under test downloaded that file.

        Raises:
            ExpectationNotMet: an `AssertionError` with what came, and the nearest call.
        """
        assert_downloaded(self._service, file_id)

    def wait_for(
        self, operation: OperationName, times: int = 1, *, timeout: float = 5, **fields: Any
    ) -> list[Call]:
        """Block until the operation was called so often, with these values of `Call`.

        Args:
            operation: such as `upload`, or that of a stub.
            times: how often, 1 or more.
            timeout: seconds to wait at most.
            fields: as in `assert_called`.

        Returns:
            The first `times` such calls.

        Raises:
            ExpectationNotMet: an `AssertionError` as that of `assert_called`.
            OptionError: for an unknown operation or field.
        """
        return wait_for(self._service, operation, times, timeout, fields)

    def verdict(self) -> Verdict:
        """What the code under test has done so far with the failures that it met."""
        # Late, here and below, as few tests ask for one.
        from .verdict.verdict import judge

        return judge(self._service, self._allowed_kinds)

    def assert_resilient(self, *, strict: bool = False, allow: Iterable[str] = ()) -> None:
        """Fail when the code under test handled a failure wrongly.

        Args:
            strict: fail on warnings too.
            allow: kinds of findings that are accepted, such as `gave_up`; by `--eugpt-verdict`
                too, in this test.

        Raises:
            ExpectationNotMet: an `AssertionError` with the findings.
            OptionError: for an unknown kind.
        """
        from .verdict.verdict import assert_resilient, kinds_of_findings

        kinds = kinds_of_findings(allow)
        self._allowed_kinds |= kinds
        assert_resilient(self.verdict(), strict=strict, allow=kinds)

    def sweep(
        self,
        *,
        expect: type[BaseException] | Iterable[type[BaseException]] = (),
        failures: Iterable[str] | Mapping[str, Fault | Callable[[str], Fault | None]] | None = None,
        strict: bool = False,
        allow: Iterable[str] = (),
        only: str | Iterable[str] | None = None,
        alike: int = 3,
        wait: bool = False,
        **unknown: Never,
    ) -> Sweep:
        """Run the code under test once for every failure at every call, and judge each run.

        ::

            for case in mock.sweep():
                with case:                      # or `async with case:`
                    archive("report.pdf")

        The first two runs meet no failure: they show which calls the code makes. What the mock had
        before the loop is there again in each run. When the loop ends, it fails as an assertion
        with a table if a failure was handled wrongly.

        Args:
            expect: exceptions that are right; any other is then WRONG.
            failures: names out of the eight columns, or a mapping of names to a fault, or to a
                function of the operation that returns one, or None where it can't be.
            strict: giving up after a failure that may pass is WRONG too.
            allow: cells that may be WRONG, such as `upload */lost`, or reasons, such as
                `duplicate_upload`. One that was never needed is an error.
            only: the cells to run, as in `allow`.
            alike: of calls that are alike, at most so many meet failures: the first and the last.
            wait: let sleeping take its time; else the clocks of the process are set forward.
            **unknown: refused, with the argument that was probably meant.

        Raises:
            ExpectationNotMet: when the loop ends, and a cell is WRONG; when the code makes other
                calls in its second run than in its first.
            OptionError: for an unknown word, or an invalid value.
            StateError: when a case isn't entered.
        """
        # Late: it imports asyncio, which most tests never need.
        from .sweep import Sweep

        words = {
            "expect": expect,
            "failures": failures,
            "strict": strict,
            "allow": allow,
            "only": only,
            "alike": alike,
            "wait": wait,
        }
        return Sweep.of_words(self, words | unknown)

    def check(self) -> None:
        """Run the exit checks now, such as after a test that uses `wsgi_app`.

        What they report isn't reported again when the mock is left. With `isolate_by_key`, they
        look at the calls of `api_key` here, and at those of every key when the mock is left.

        Raises:
            ExpectationNotMet: see `stop`.
        """
        self._lifecycle.check((self._service,))

    def report(self, *, calls: bool = True) -> str:
        """The calls, a line each, and what is wrong with them, as a failed test shows it.

        Args:
            calls: False leaves the calls themselves out.
        """
        tenants = self._service.all_tenants()
        sections = [report_section(tenant, calls=calls) for tenant in tenants]
        return "\n\n".join(filter(None, (*sections, self._lifecycle.other_hosts())))

    # How it is made active: in process, on a port, in another mock, as a decorator.

    def start(self) -> Self:
        """Intercept the HTTP clients of this process, until `stop()`.

        These are httpx, httpx2, requests, urllib3, `http.client`, `urllib.request` and aiohttp, and
        so the `openai` SDK.

        Raises:
            StateError: when it intercepts already.
            PatchTargetMissing: when a client library cannot be intercepted.
        """
        self._lifecycle.intercept()
        return self

    def stop(self) -> None:
        """Stop intercepting and serving, and run the exit checks. Idempotent.

        Raises:
            ExpectationNotMet: an armed fault never fired, or a request came for an unknown route.
        """
        self._lifecycle.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.stop_intercepting(error)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.stop_intercepting(error)

    def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: SSLContext | None = None,
        admin_token: str | None = None,
        *,
        allow_hosts: Collection[str] = (),
    ) -> ServerContext[Self]:
        """Put the mock on a port, with the same state: a context manager, `start()` and `stop()`.

        A served mock has the control routes and the page, under `/__admin`, beside the API.

        Args:
            host: the address to bind; loopback by default.
            port: 0 takes a free one.
            ssl_context: serves HTTPS when given.
            admin_token: what `/__admin` asks for. On an address that is not loopback there is no
                `/__admin` without one.
            allow_hosts: names that clients may ask for beside the server's own, such as that of
                its container: any other `Host` is refused, as a web page could have bent it here.

        Raises:
            OptionError: for a token that could not be sent, a name that isn't one, or a mock that
                has the option `passthrough`.
        """
        from .server.live_server import LiveServer

        return serve_on(
            self,
            partial(LiveServer, host=host, port=port, ssl_context=ssl_context),
            host=host,
            scheme="https" if ssl_context else "http",
            admin_token=admin_token,
            allow_hosts=allow_hosts,
        )

    @cached_property
    def wsgi_app(self) -> WSGIApplication:
        """The WSGI application, for any WSGI server or test client."""
        from .server import WsgiApp

        return WsgiApp(self._lifecycle.service)

    def __call__(self, target: Target) -> Target:
        """Decorate a function, a coroutine function, or the `test*` methods of a class.

        The mock is active during each call, and empty at its start. Of a `unittest.TestCase`, it is
        active from `setUp` to the last clean-up of each test, and emptied before `setUp`.

        Raises:
            OptionError: for anything else, such as a generator or a fixture.
            StateError: by the call, when something was armed, stubbed or added outside of any.
        """
        return decorate(self, target)

    def mount(self, other: object) -> None:
        """Let another mock, such as a strict one, leave this mock's URLs to this mock.

        It does so whatever its state is and whichever was started first, and its own checks count
        them as called. Leaving either takes the one out of the other.

        Args:
            other: a router of respx (`respx.mock`, the fixture `respx_mock`, a `MockRouter`), a
                `responses.RequestsMock`, or the module `responses`.

        Raises:
            OptionError: for anything else.
        """
        self._lifecycle.mounts.add(other)

    # Beginning anew, and the parts of it.

    def reset(self) -> None:
        """Drop files, faults, stubs, calls and rate windows; keep the options.

        With a seed, ids, chances and invented documents begin anew. With `isolate_by_key`, other
        keys lose nothing.
        """
        self._service.reset()
        self._fake_files.restart()
        self._allowed_kinds.clear()
        self._lifecycle.reset(self._service)

    def tenant(self, key: str) -> FilesMock:
        """With `isolate_by_key`, what requests with that key see and leave, as a mock of its own.

        Its files, faults, stubs, calls, `reset`, `check` and `verdict` belong to that key only.
        Starting, stopping and serving it do so to the whole mock. Requests without an accepted key
        belong to the tenant of `api_key`, which is the mock itself.

        Raises:
            OptionError: for a key that isn't accepted, or without `isolate_by_key`.
        """
        main = self._lifecycle.service
        if main.tenants is None:
            raise OptionError(
                "All keys share one tenant: FilesMock(isolate_by_key=True) gives each its own.",
                word="isolate_by_key",
            )
        if not (isinstance(key, str) and main.access.accepts(key)):
            raise OptionError("This mock doesn't accept that key: see api_keys.", word="key")
        if key not in self._tenants:
            # A shallow copy: the tenant shares the life cycle of the whole mock, and has its own
            # service.
            tenant = copy(self)
            tenant._hold(main.tenant(key))
            # Another thread may have been faster; all must get the same one.
            self._tenants.setdefault(key, tenant)
        return self._tenants[key]

    # Hidden from type checkers, which would accept any attribute because of it.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None:
            if name in OPTIONS:
                raise AttributeRefused(
                    f"{name} can't be changed once the mock is made: FilesMock({name}=…).",
                    word=name,
                )
            # A subclass may have attributes of its own; here a new name is a misspelling without
            # effect.
            if type(self) is FilesMock and not name.startswith("_") and not hasattr(self, name):
                nearest = nearest_word(name, [*OPTIONS, *dir(self)])
                hint = f" Did you mean {nearest!r}?" if nearest else ""
                raise AttributeRefused(
                    f"A FilesMock has no attribute {name!r}.{hint}", word=name, nearest=nearest
                )
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<FilesMock: {len(self.files)} files, {len(self.armed)} faults, {self.calls!r}>"


# Here, so that no method can be forgotten.
for _name, _method in tuple(vars(FilesMock).items()):
    if isinstance(_method, FunctionType) and not _name.startswith("_"):
        setattr(FilesMock, _name, known_arguments(_method, _ARGUMENT_HABITS))


def active_mocks() -> list[FilesMock]:
    """The mocks of this process that intercept or are served, oldest first.

    To find one that was started and never stopped; the pytest plugin looks after each test.
    """
    return [mock for mock in lifecycle.active_mocks() if isinstance(mock, FilesMock)]
