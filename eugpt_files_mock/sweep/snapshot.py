"""What a mock had before a sweep, put back before each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..model.messages import File
from ..state.armed_faults import ArmedFault
from ..state.stubs import Callback, SavedStubs


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files, stubs, callbacks and faults of one mock; not its calls."""

    files: Sequence[File]
    stubs: SavedStubs
    callbacks: Sequence[tuple[str, Callback, int | None]]
    armed: Sequence[ArmedFault]

    @classmethod
    def of(cls, mock: Any) -> Snapshot:
        service = mock._service
        return cls(
            files=tuple(service.files.all()),
            stubs=service.stubs.saved(),
            callbacks=tuple(service.callbacks.waiting),
            armed=tuple(service.armed.armed()),
        )

    def restore(self, mock: Any, *, with_faults: bool = True) -> None:
        """As `mock.reset()`, but for what was there. Ids and chances go on: none comes twice."""
        service = mock._service
        service.files.clear()
        for file in self.files:
            service.files.add(file, another_id=service.randomness.file_id)
        service.stubs.restore(self.stubs)
        service.callbacks.waiting = list(self.callbacks)
        service.armed.clear()
        if with_faults:
            for armed in self.armed:
                service.armed.arm(armed.faults, armed.matcher)
        service.journal.clear()
        service.rate_limiter.clear()
        service.failures.clear()
        mock._lifecycle.reset(service)
