"""The calls, in order of arrival, up to a cap."""

from __future__ import annotations

import threading

import pytest

from eugpt_files_mock import Call, FilesMock
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Parameters, Record, Severed, WaitState
from eugpt_files_mock.state.journal import Journal

from ..service_requests import send


def record(number: int, *, unmatched: bool = False) -> Record:
    """Of the request that arrived as this number."""
    call = Call(
        operation="list", method="GET", path=f"/{number}", query=Parameters({}), headers=Headers(),
        user=None, client="httpx", status=200, file_id=None, filename=None, purpose=None,
        content_type=None, bytes=None, sha256=None, fields=Parameters({}), json=None, fault=None,
        error=None, message=None, request_id=str(number), started_at=0.0, duration=0.0,
    )  # fmt: skip
    return Record(
        call=call,
        number=number,
        outcome=Severed(kind="empty"),
        read_timeout=None,
        is_unmatched=unmatched,
        started=0.0,
        key=0,
        unready_files=(),
        stub=None,
    )


def kept(journal: Journal) -> list[int]:
    """The numbers of the records that are kept."""
    return [record.number for record in journal.records()]


def test_a_request_that_arrived_first_and_was_answered_last_is_first() -> None:
    """A test author reads the order in which the code under test sent them."""
    journal = Journal(10)
    for number in (2, 4, 3, 1):
        journal.add(record(number))
    assert [1, 2, 3, 4] == kept(journal)


def test_at_the_cap_the_earliest_arrival_is_dropped_whichever_was_answered_last() -> None:
    """Also when the earliest is the one that is just being added."""
    journal = Journal(2)
    for number in (2, 3, 1):
        journal.add(record(number))
    assert ([2, 3], 1) == (kept(journal), journal.dropped)
    journal.add(record(4))
    assert ([3, 4], 2) == (kept(journal), journal.dropped)


def test_requests_for_unknown_routes_are_kept_for_the_exit_checks_beyond_the_cap() -> None:
    """A busy test must not hide them."""
    journal = Journal(1)
    journal.add(record(1, unmatched=True))
    journal.add(record(2))
    assert ["/1"] == [call.path for call in journal.unmatched_requests]


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ((), None),
        (("waiting",), "waiting"),
        (("waiting", "gave_up"), "gave_up"),
        (("waiting", "answered"), None),
    ],
)
def test_a_wait_for_a_late_answer_is_known_until_it_has_come(
    noted: tuple[WaitState, ...], expected: str | None
) -> None:
    """A client that went away has given up; the seconds stand still then."""
    journal = Journal(1)
    journal.add(record(1))
    for now in noted:
        journal.note_wait("1", now)
    state, seconds = journal.wait_of("1")
    assert (expected, expected is None) == (state, seconds is None)
    assert 0 <= (seconds or 0) < 60
    assert state == "waiting" or seconds == journal.wait_of("1")[1]


def test_a_wait_is_forgotten_with_its_call() -> None:
    """At the cap; and of a call that isn't kept nothing is noted."""
    journal = Journal(1)
    for number in (1, 2):
        journal.add(record(number))
        journal.note_wait("1", "waiting")
    assert (None, None) == journal.wait_of("1")


def test_what_a_test_author_holds_is_a_live_view_that_cannot_change_anything() -> None:
    """`mock.calls` shows only what users may call."""
    mock = FilesMock()
    calls = mock.calls
    send(mock, "GET", "/files")
    send(mock, "DELETE", "/files/x")
    assert (2, "delete", "list") == (len(calls), calls.last.operation, calls[0].operation)
    assert ["list"] == [call.operation for call in calls.to("list")]
    public = {name for name in dir(calls) if not name.startswith("_")}
    assert {"count", "index", "last", "to"} == public  # the first two are those of any sequence


def test_the_first_call_of_none_says_that_there_is_none() -> None:
    """Instead of 'tuple index out of range'."""
    calls = FilesMock().calls
    with pytest.raises(IndexError, match="no call was received"):
        calls[0]
    with pytest.raises(IndexError, match="no call was received"):
        _ = calls.last


def test_who_goes_away_a_little_later_is_no_longer_waited_for() -> None:
    """A port hears of it after the client has gone; whoever asks gives it the time."""
    journal = Journal(10)
    journal.add(record(1))
    (request_id,) = (kept.call.request_id for kept in journal.records())
    journal.note_wait(request_id, "waiting")
    journal.settle(0.0)
    assert {request_id} == journal.waiting()
    goes = threading.Thread(target=lambda: journal.note_wait(request_id, "gave_up"))
    goes.start()
    journal.settle(30)
    assert set() == journal.waiting()
    goes.join()
