"""No finding that the code under test does not deserve: a false alarm is worse than silence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import unittest.mock
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import freezegun
import httpx
import openai
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, after_polls, faults
from eugpt_files_mock.model.faults import Fault

from ..clients import Client, Httpx, connected
from ..conftest import WAYS, entered, wait_until
from .programs import CLIENTS, KEY

HEADERS = {"Authorization": f"Bearer {KEY}"}


def kinds(mock: FilesMock) -> set[str]:
    """What was found, but for files that are left: most of these programs leave some."""
    return {finding.kind for finding in mock.verdict().findings} - {"files_left"}


@pytest.fixture(params=WAYS)
def either(request: pytest.FixtureRequest) -> Iterator[FilesMock]:
    """A mock in process, and one on a port."""
    with entered(request.param) as mock:
        yield mock


@pytest.fixture
def client(either: FilesMock) -> Iterator[Client]:
    with connected(Httpx, either.base_url, KEY) as client:
        yield client


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_a_program_that_meets_no_failure_has_no_finding(
    either: FilesMock, kind: type[Client]
) -> None:
    """It uploads, lists, retrieves, downloads twice, deletes."""
    with connected(kind, either.base_url, KEY) as client:
        file_id = client.upload("a.pdf", b"%PDF").json["id"]
        for _ in range(2):
            client.list()
            client.retrieve(file_id)
            client.download(file_id)
        client.delete(file_id)
    assert () == either.verdict().findings
    assert "No findings in 8 calls." == str(either.verdict())
    either.assert_resilient(strict=True)


def test_to_ask_again_for_what_is_not_there_is_no_retry(either: FilesMock, client: Client) -> None:
    """Only a fault's 404 is a failure; the mock's own is an answer."""
    assert [404] * 12 == [client.retrieve("gone").status for _ in range(12)]
    assert set() == kinds(either)


def test_a_second_look_at_the_same_status_before_the_pause_is_no_busy_polling() -> None:
    """Half of the polls come at once, and the other half after a pause."""
    with FilesMock(api_keys=[KEY], processing=after_polls(34)) as mock:
        file_id = mock.add_file("a.pdf", b"%PDF", status="uploaded").id
        with connected(Httpx, mock.base_url, KEY) as client:
            while client.retrieve(file_id).json["status"] == "uploaded":
                if client.retrieve(file_id).json["status"] == "error":
                    break
                time.sleep(0.03)
        assert len(mock.calls) > 30
        assert set() == kinds(mock)


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is read elsewhere")
def test_what_reads_the_times_of_a_thread_leaves_a_stub_of_open_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`MagicMock` passes for the number of a file: standard output was closed."""
    with FilesMock(api_keys=[KEY]) as mock, connected(Httpx, mock.base_url, KEY) as client:
        mock.inject(faults.server_error(), "list")
        opened = unittest.mock.MagicMock()
        with monkeypatch.context() as patching:
            patching.setattr(os, "open", opened)
            assert 500 == client.list().status
        assert not opened.called


def test_a_second_upload_after_a_success_is_no_duplicate(either: FilesMock, client: Client) -> None:
    """Both are wanted."""
    for _ in range(2):
        client.upload("a.pdf", b"%PDF")
    assert set() == kinds(either)


def test_a_request_with_another_key_is_another_request(either: FilesMock) -> None:
    """A renewed key is the right answer to 401."""
    either.inject(faults.unauthorized(), "list")
    for key in (KEY, "eugpt_renewed"):
        with connected(Httpx, either.base_url, key) as client:
            client.list()
    assert set() == kinds(either)


def test_a_refusal_that_went_away_had_a_cause() -> None:
    """The quota: the code made room, and tried again."""
    with FilesMock(max_total_bytes=10) as mock, connected(Httpx, mock.base_url, KEY) as client:
        old = client.upload("old.txt", bytes(10)).json["id"]
        assert 403 == client.upload("new.txt", bytes(10)).status
        client.delete(old)
        assert 200 == client.upload("new.txt", bytes(10)).status
        assert set() == kinds(mock)


def test_to_give_up_is_a_warning(either: FilesMock, client: Client) -> None:
    """A test may want it."""
    either.inject(faults.unavailable(), "list")
    client.list()
    assert {"gave_up"} == kinds(either)
    assert either.verdict().ok
    either.assert_resilient()
    either.assert_resilient(strict=True, allow="gave_up")
    with pytest.raises(ExpectationNotMet, match="warning gave_up"):
        either.assert_resilient(strict=True)


def test_to_give_up_at_a_long_wait_is_right(either: FilesMock, client: Client) -> None:
    """Nobody honours an hour."""
    either.inject(faults.rate_limited(3600), "list")
    client.list()
    assert set() == kinds(either)


def test_where_a_failure_costs_no_time_timing_is_not_judged(
    either: FilesMock, client: Client
) -> None:
    """`Retry-After: 0`, and the millisecond of `rate_limited()` and `unavailable()`."""
    zero = faults.http_error(503, headers={"Retry-After": "0"})
    either.inject([faults.rate_limited(), faults.unavailable(), zero], "list")
    for _ in range(4):
        client.list()
    assert set() == kinds(either)


@pytest.mark.parametrize(("year", "expected"), [(2115, {"retry_after_ignored"}), (2015, set())])
def test_a_date_in_retry_after_is_as_good_as_a_number(
    either: FilesMock, client: Client, year: int, expected: set[str]
) -> None:
    """One that has passed asks for no wait."""
    date = f"Wed, 21 Oct {year} 07:28:00 GMT"
    either.inject(faults.http_error(429, headers={"Retry-After": date}), "list")
    for _ in range(2):
        client.list()
    assert expected == kinds(either)


def test_time_that_passes_by_the_clock_of_the_mock_counts() -> None:
    """A test that replaces sleeping sets its clock forward."""
    now = [1_700_000_000.0]
    with (
        FilesMock(clock=lambda: now[0]) as mock,
        connected(Httpx, mock.base_url, KEY) as client,
    ):
        mock.inject(faults.rate_limited(30), "list")
        client.list()
        now[0] += 30
        client.list()
        assert set() == kinds(mock)


def test_time_that_really_passes_counts_while_it_is_frozen() -> None:
    """Freezegun freezes every clock, but doesn't shorten a sleep."""
    with freezegun.freeze_time("2026-01-01"), FilesMock() as mock:
        mock.inject(faults.http_error(429, headers={"Retry-After-Ms": "200"}), "list")
        with connected(Httpx, mock.base_url, KEY) as client:
            client.list()
            time.sleep(0.2)
            client.list()
        assert set() == kinds(mock)


def test_the_retry_of_urllib3_waits_only_from_the_second_on(either: FilesMock) -> None:
    """Which is a backoff."""
    either.inject(faults.server_error(), "list", times=3)
    retry = Retry(total=3, backoff_factor=0.1, status_forcelist=[500])
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))
        headers = {"Authorization": f"Bearer {KEY}"}
        session.get(f"{either.base_url}/files", headers=headers, timeout=5)
    assert [500, 500, 500, 200] == [call.status for call in either.calls]
    assert set() == kinds(either)


def worked(seconds: float) -> None:
    """Keep the processor busy: this is no waiting."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("between", [worked, time.sleep], ids=["work", "sleep"])
def test_to_work_before_a_retry_is_no_wait_and_a_short_sleep_is_one(
    between: Callable[[float], None],
) -> None:
    """What the thread did tells them apart, not the time that it took."""
    with FilesMock() as mock, connected(Httpx, mock.base_url, KEY) as client:
        mock.inject(faults.server_error(), "list")
        client.list()
        between(0.06)
        client.list()
        assert ({"no_backoff"} if between is worked else set()) == kinds(mock)


def test_a_thread_that_is_made_for_a_retry_after_a_sleep_is_not_at_once() -> None:
    """It may have the identifier of the one that failed, and has stopped as often as that."""

    def listed(mock: FilesMock) -> None:
        with connected(Httpx, mock.base_url, KEY) as client:
            client.list()

    with FilesMock(api_keys=[KEY]) as mock:
        listed(mock)  # all that the client needs is imported
        # One of these has stopped as often as the one before it, or all have.
        mock.inject(faults.server_error(), "list", times=3)
        for pause in (0.3, 0.2, 0.12, 0.0):
            thread = threading.Thread(target=listed, args=(mock,))
            thread.start()
            thread.join()
            time.sleep(pause)
        assert [500, 500, 500, 200] == [call.status for call in mock.calls][1:]
        assert set() == kinds(mock)


def test_to_poll_and_to_work_between_two_polls_is_no_retry_at_once() -> None:
    """Each poll is one of its own, though nothing is done after a failure but to sleep."""
    with FilesMock(api_keys=[KEY]) as mock, connected(Httpx, mock.base_url, KEY) as client:
        mock.inject(faults.server_error(), "list", skip=1, times=2)
        client.list()
        worked(0.1)
        for _ in range(3):
            time.sleep(0.12)
            client.list()
        assert [200, 500, 500, 200] == [call.status for call in mock.calls]
        assert set() == kinds(mock)


def test_to_wait_by_working_longer_each_time_is_no_constant_interval() -> None:
    """The thread never sleeps, so nothing but the time tells."""
    with FilesMock(api_keys=[KEY]) as mock, connected(Httpx, mock.base_url, KEY) as client:
        mock.inject(faults.server_error(), "list", times=2)
        client.list()
        for pause in (0.25, 0.5):
            worked(pause)
            client.list()
        assert set() == kinds(mock)


def test_a_task_that_sleeps_while_others_work_has_waited() -> None:
    """Its thread never stops meanwhile."""

    async def works() -> None:
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            worked(0.005)
            await asyncio.sleep(0)

    async def waits(client: httpx.AsyncClient) -> None:
        await client.get("files")
        await asyncio.sleep(0.12)
        await client.get("files")

    async def both(mock: FilesMock) -> None:
        async with httpx.AsyncClient(base_url=mock.base_url, headers=HEADERS) as client:
            await asyncio.gather(waits(client), works())

    with FilesMock(api_keys=[KEY]) as mock:
        mock.inject(faults.server_error(), "list")
        asyncio.run(both(mock))
        assert set() == kinds(mock)


def test_a_retry_after_a_timeout_is_not_at_once(either: FilesMock) -> None:
    """The client has waited, though in process that costs no time."""
    either.inject(faults.timeout(), "list")
    hasty = connected(Httpx, either.base_url, KEY, 0.2)
    with contextlib.suppress(httpx.ReadTimeout), hasty as client:
        client.list()
    with connected(Httpx, either.base_url, KEY) as client:
        client.list()
    assert set() == kinds(either)


def test_a_client_that_did_not_wait_for_a_late_answer_tries_again(either: FilesMock) -> None:
    """On a port its timeout is not known; that it went away before the answer was due, is."""
    either.inject(faults.delay(30), "upload")
    hasty = connected(Httpx, either.base_url, KEY, 0.2)
    with contextlib.suppress(httpx.ReadTimeout), hasty as client:
        client.upload("a.pdf", b"%PDF")
    with connected(Httpx, either.base_url, KEY) as client:
        client.upload("a.pdf", b"%PDF")
    assert {"duplicate_upload"} == kinds(either)
    trouble = "gone" if either.base_url.startswith("http://") else "late"
    told = [str(one) for one in either.verdict().groups]
    assert [f"upload a.pdf: 200 {trouble}, 200"] == told


def test_attempts_at_the_same_time_are_no_retries_of_each_other(either: FilesMock) -> None:
    """Each of the threads is refused, and tries again in time."""
    either.inject(faults.rate_limited(), "list", times=8)

    def program(number: int) -> None:
        with connected(Httpx, either.base_url, KEY) as client:
            while client.list().status != 200:
                time.sleep(0.01)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(program, range(8)))
    assert set() == kinds(either)
    assert 16 == sum(len(group.attempts) for group in either.verdict().groups)


def test_to_wait_for_new_files_is_no_endless_paging(either: FilesMock, client: Client) -> None:
    """Empty pages end a loop."""
    last = client.upload("a.pdf", b"%PDF").json["id"]
    for _ in range(5):
        client.list(after=last, order="asc")
    assert set() == kinds(either)


def test_the_iterator_of_the_sdk_ends_when_pages_are_honoured(either: FilesMock) -> None:
    """To walk over the same pages three times isn't endless paging."""
    either.fake_files(4)
    with openai.OpenAI(api_key=KEY, base_url=either.base_url) as sdk:
        assert [4, 4, 4] == [len(list(sdk.files.list(limit=2))) for _ in range(3)]
    assert set() == kinds(either)


def test_a_reset_is_not_judged(either: FilesMock, client: Client) -> None:
    """What was before is forgotten."""
    either.inject(faults.bad_request(), "list")
    for _ in range(2):
        client.list()
    assert {"retried_non_retryable"} == kinds(either)
    either.reset()
    assert () == either.verdict().findings


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_who_has_no_timeout_is_told_where_that_can_be_known(kind: type[Client], way: str) -> None:
    """On a port only the SDK tells; the others are not accused."""
    found = []
    for timeout in (None, 5.0):
        with entered(way) as mock, connected(kind, mock.base_url, KEY, timeout) as client:
            client.list()
            found.append(kinds(mock))
    is_known = way == "in process" or kind.name.startswith("openai")
    assert [{"no_timeout"} if is_known else set(), set()] == found


def test_kinds_that_are_allowed_are_checked(either: FilesMock) -> None:
    """A misspelt kind would allow nothing, and the finding would still fail the test."""
    with pytest.raises(OptionError, match="Did you mean 'gave_up'"):
        either.assert_resilient(allow=["gave_in"])
    with pytest.raises(OptionError, match="Unknown kind of finding None"):
        either.assert_resilient(allow=None)


def test_a_thread_that_waits_for_its_next_attempt_has_not_given_up() -> None:
    """When the verdict is asked for; once it has ended, it has given up."""
    ends, failed = threading.Event(), threading.Event()
    with FilesMock() as mock:
        mock.inject(faults.server_error(), on="list")

        def work() -> None:
            httpx.get(f"{mock.base_url}/files", headers=HEADERS)
            failed.set()
            ends.wait(30)

        thread = threading.Thread(target=work)
        thread.start()
        failed.wait(30)
        wait_until(lambda: "gave_up" not in kinds(mock))
        ends.set()
        thread.join()
        assert {"gave_up"} == kinds(mock)


def test_a_thread_of_a_pool_without_work_has_given_up() -> None:
    """It waits for another job, not for another attempt."""
    with FilesMock() as mock, ThreadPoolExecutor(1) as pool:
        mock.inject(faults.server_error(), on="list")
        pool.submit(httpx.get, f"{mock.base_url}/files", headers=HEADERS).result()
        wait_until(lambda: {"gave_up"} == kinds(mock))


def test_a_task_that_sleeps_before_its_next_attempt_has_not_given_up() -> None:
    """One that waits for something to do has."""

    async def work(mock: FilesMock, then: Awaitable[object]) -> None:
        async with httpx.AsyncClient() as client:
            await client.get(f"{mock.base_url}/files", headers=HEADERS)
        await then

    async def found(mock: FilesMock, then: Awaitable[object]) -> set[str]:
        task = asyncio.create_task(work(mock, then))
        while not mock.calls:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        seen = kinds(mock)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen

    async def main() -> tuple[set[str], set[str]]:
        results = []
        for then in (asyncio.sleep(30), asyncio.Queue[int]().get()):
            with FilesMock() as mock:
                mock.inject(faults.server_error(), on="list")
                results.append(await found(mock, then))
        return results[0], results[1]

    assert (set(), {"gave_up"}) == asyncio.run(main())


def test_who_has_set_a_timer_has_not_given_up() -> None:
    """It will go off; one that was there before has nothing to do with it."""
    with FilesMock() as mock:
        before = threading.Timer(30, lambda: None)
        before.start()
        mock.inject(faults.server_error(), on="list")
        httpx.get(f"{mock.base_url}/files", headers=HEADERS)
        assert {"gave_up"} == kinds(mock)
        after = threading.Timer(30, lambda: None)
        after.start()
        assert set() == kinds(mock)
        for timer in (before, after):
            timer.cancel()
            timer.join()


@pytest.mark.parametrize(
    "fault",
    [faults.truncated(), faults.corrupted(), faults.malformed_json(), faults.dribble(1, 9.0)],
    ids=str,
)
def test_an_answer_that_has_no_body_has_none_to_cut(either: FilesMock, fault: Fault) -> None:
    """A 204 arrives as it is, whatever is done to bodies: there was no failure to handle."""
    either.stub("DELETE", "/things/{id}", status=204)
    either.inject(fault, on="DELETE /things/{id}")
    answer = httpx.delete(f"{either.base_url}/things/1", headers=HEADERS, timeout=5)
    assert (204, b"") == (answer.status_code, answer.content)
    (group,) = either.verdict().groups
    assert "204" == str(group.attempts[0])
    assert () == either.verdict().findings
