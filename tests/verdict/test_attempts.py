"""Which requests are attempts at one call."""

from __future__ import annotations

import sys
from itertools import count

import httpx
import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.messages import Record
from eugpt_files_mock.verdict.calls import grouped

from ..conftest import WAYS, entered


@pytest.mark.parametrize(("seconds", "calls"), [(119, 1), (121, 2)])
def test_a_request_that_comes_later_than_any_client_waits_is_no_retry(
    mock: FilesMock, seconds: float, calls: int
) -> None:
    """A program that is run again sends the same requests: nothing was tried again."""
    for _ in range(2):
        httpx.get(f"{mock.base_url}/files")
    first, second = mock._service.journal.records()
    later = second._replace(started=first.started + seconds)
    assert calls == len(grouped([first, later]))


@pytest.mark.parametrize("way", WAYS)
def test_twice_as_many_polls_take_twice_as_much_work(way: str) -> None:
    """Each poll is a call of its own; a long one is not compared with all that came before."""
    with entered(way) as mock:
        httpx.get(f"{mock.base_url}/files", headers={"Authorization": f"Bearer {mock.api_key}"})
        (record,) = mock._service.journal.records()
    few, many = (
        steps_for([record._replace(started=record.started + second) for second in range(polls)])
        for polls in (200, 400)
    )
    assert many < 2.2 * few


def steps_for(polls: list[Record]) -> int:
    """Python's own count of calls and returns: it is the same on every machine."""
    steps = count()
    sys.setprofile(lambda *_: next(steps))
    try:
        groups = grouped(polls)
    finally:
        sys.setprofile(None)
    assert len(polls) == len(groups)
    return next(steps)
