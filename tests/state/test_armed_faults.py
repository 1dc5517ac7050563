"""The armed faults: how they are numbered, and what an outage hits. More is in `test_faults.py`."""

from __future__ import annotations

from random import Random

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.state.armed_faults import ArmedFaults, FaultMatcher, FaultTarget


def test_ids_of_faults_start_again_after_a_reset() -> None:
    """A test in another language can name the first fault of each test."""
    mock = FilesMock()
    assert "1" == mock.inject(faults.unavailable(), optional=True).id
    mock.reset()
    assert "1" == mock.inject(faults.unavailable(), optional=True).id


def test_a_fault_that_goes_on_hits_everything_after_its_first() -> None:
    """An outage begins at one request, and then nothing works."""
    armed = ArmedFaults()
    on = FaultMatcher(
        on=("upload",),
        times=None,
        skip=1,
        every=None,
        probability=None,
        filename="b.txt",
        file_id=None,
        purpose=None,
        user=None,
        phase="before",
        optional=True,
    )
    armed.arm((faults.unavailable(),), on, goes_on=True)

    def asked(operation: str, filename: str | None) -> bool:
        target = FaultTarget(
            operation=operation, filename=filename, file_id=None, purpose=None, user=None
        )
        return armed.select(target, Random()) is not None

    requests = [("upload", "b.txt"), ("list", None), ("upload", "b.txt"), ("list", None)]
    assert [False, False, True, True] == [asked(*request) for request in requests]
