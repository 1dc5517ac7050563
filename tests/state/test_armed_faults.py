"""The armed faults: which one hits, and how often."""

from __future__ import annotations

from random import Random

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.state.armed_faults import ArmedFaults, FaultMatcher, FaultTarget

from ..service_requests import send


def statuses(mock: FilesMock, number: int) -> list[int]:
    """The statuses of so many lists."""
    return [send(mock, "GET", "/files").status for _ in range(number)]


def test_the_first_armed_fault_that_matches_wins() -> None:
    """And when it is used up, the next."""
    mock = FilesMock()
    mock.inject(faults.unavailable(), on="list")
    mock.inject(faults.server_error(), on="*", times=2)
    assert [503, 500, 500, 200] == statuses(mock, 4)


def test_a_sequence_is_used_up_in_order_as_often_as_it_is_armed_for() -> None:
    """`times` counts whole runs of it."""
    mock = FilesMock()
    armed = mock.inject([faults.unavailable(), faults.server_error()], on="list", times=2)
    assert [503, 500, 503] == statuses(mock, 3)
    assert (3, 1) == (armed.hits, armed.remaining)
    assert [500, 200] == statuses(mock, 2)


def test_a_cancelled_fault_hits_no_more_and_can_be_cancelled_again() -> None:
    """Cancelling is idempotent."""
    mock = FilesMock()
    armed = mock.inject(faults.unavailable(), on="list", times=None)
    assert [503] == statuses(mock, 1)
    armed.cancel()
    armed.cancel()
    assert ([200], []) == (statuses(mock, 1), mock.armed)


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
