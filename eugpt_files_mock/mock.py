"""`FilesMock`: what a test author holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

from . import lifecycle
from .activation import Activation
from .errors import AttributeRefused, OptionError, nearest_word
from .expectations.assertions import Assertions
from .expectations.exit_checks import report_section
from .faults import as_faults
from .lifecycle import Lifecycle
from .model.faults import Fault
from .model.messages import OPERATIONS
from .model.operations import OperationName
from .options import OPTIONS, Options
from .seeding import FakeFiles, Seeding
from .service.service import Service
from .state.armed_faults import ArmedFault
from .state.fault_matcher import Phase, build_matcher
from .state.file_store import Files
from .state.journal import Calls
from .stubbing import Stubbing
from .verdict.verdict import Judging

if TYPE_CHECKING:
    from typing_extensions import Never, Self, Unpack

    from .options import OptionWords


class FilesMock(Activation, Assertions, Judging, Seeding, Stubbing):
    """The fake service: its files, its armed faults, the calls that it received.

    In process or on a port, or both::

        with FilesMock() as mock:              # httpx, httpx2 and requests are intercepted
            ...
        with FilesMock().serve() as mock:      # on a port: mock.base_url
            ...

    Args:
        options: see `eugpt_files_mock.options.OPTIONS`, or the reference.

    Raises:
        OptionError: for an unknown option, with the nearest one, or an invalid value.
    """

    def __init__(self, **options: Unpack[OptionWords]) -> None:
        service = Service.from_options(Options.of(options))
        self._lifecycle = Lifecycle(self, service)
        # The mock itself is the world of its own key.
        self._worlds: dict[str, Any] = {service.api_key: self}
        self._hold(service)

    def _hold(self, service: Service) -> None:
        self._service = service
        self._fake_files = FakeFiles(service.randomness, self.add_file)

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

    @property
    def api_key(self) -> str:
        """A key that the mock accepts."""
        return self._service.api_key

    def world(self, key: str) -> Self:
        """With `isolate_by_key`, what requests with that key see and leave, as a mock of its own.

        Its files, faults, stubs, calls, `reset`, `check` and `verdict` belong to that key only.
        Starting, stopping and serving it do so to the whole mock. Requests without an accepted key
        belong to the world of `api_key`, which is the mock itself.

        Raises:
            OptionError: for a key that isn't accepted, or without `isolate_by_key`.
        """
        main = self._lifecycle.service
        if main.worlds is None:
            raise OptionError(
                "All keys share one world: FilesMock(isolate_by_key=True) gives each its own.",
                word="isolate_by_key",
            )
        if not (isinstance(key, str) and main.access.accepts(key)):
            raise OptionError("This mock doesn't accept that key: see api_keys.", word="key")
        if key not in self._worlds:
            # A shallow copy: the world shares the life cycle of the whole mock, and has its own
            # service.
            world = copy(self)
            world._hold(main.world(key))
            # Another thread may have been faster; all must get the same one.
            self._worlds.setdefault(key, world)
        return self._worlds[key]  # type: ignore[no-any-return]

    @property
    def files(self) -> Files:
        """The stored files, read-only: `len`, iteration (oldest first), `files[file_id]`,
        `file_id in files`, `files.get(file_id)`, `files.named(filename)`.
        """
        return Files(self._service.files)

    def reset(self) -> None:
        """Drop files, faults, stubs, calls and rate windows; keep the options.

        With a seed, ids, chances and invented documents begin anew. With `isolate_by_key`, other
        keys lose nothing.
        """
        self._service.reset()
        self._fake_files.restart()
        self._lifecycle.reset(self._service)

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
        file_id: str | None = None,
        purpose: str | None = None,
        user: str | None = None,
        phase: Phase = "before",
        optional: bool = False,
        **unknown: Never,
    ) -> ArmedFault:
        """Arm a fault, or a sequence that is used up in order. The first that matches wins.

        Args:
            fault: made by a function of `eugpt_files_mock.faults`.
            on: `upload`, `list`, `retrieve`, `download`, `delete`, a stubbed route such as
                `POST /responses`, several of them, or `*`.
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
        matcher = build_matcher(
            faults,
            self._service.users,
            (*OPERATIONS, *self._service.stubs.operations),
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

    def report(self) -> str:
        """The calls, a line each, and what is wrong with them, as a failed test shows it."""
        return "\n\n".join(report_section(world) for world in self._service.all_worlds())

    @property
    def armed(self) -> list[ArmedFault]:
        """The armed faults that can still hit, in order."""
        return self._service.armed.armed()

    @property
    def calls(self) -> Calls:
        """What was received, in order of arrival: a live, read-only sequence of `Call`."""
        return Calls(self._service.journal.calls, self._service.stubs.check_operation)


def active_mocks() -> list[FilesMock]:
    """The mocks of this process that intercept or are served, oldest first.

    To find one that was started and never stopped; the pytest plugin looks after each test.
    """
    return list(lifecycle.active_mocks())
