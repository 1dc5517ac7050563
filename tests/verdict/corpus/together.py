"""How several try at once, or one for another: pools, queues, timers, rounds; right and wrong."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import hashlib
import itertools
import threading
import time
import unittest.mock
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import backoff
import httpx
import openai
import requests
import stamina
import tenacity

from eugpt_files_mock import FilesMock, after_seconds, fails, faults

from .program import (
    CLOCK,
    IN_PROCESS,
    aclient,
    aio,
    auth,
    both,
    busy,
    client,
    form,
    hit,
    lost,
    right,
    sdk,
    session,
    stored,
    stubbed,
    uploaded,
    wrong,
)


def in_threads(work: Callable[[int], object], workers: int, *, apart: float = 0.0) -> None:
    """Each in a thread of its own, one started a while after the other."""

    def one(number: int) -> None:
        time.sleep(apart * number)
        work(number)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(workers)))


def names(count: int) -> list[str]:
    return [f"{number}.txt" for number in range(count)]


def put(one: httpx.Client, name: str) -> bool:
    """Upload, and say whether that went well."""
    with contextlib.suppress(httpx.TransportError):
        return one.post("/files", **form(name=name)).status_code == 200
    return False


def stored_as(one: httpx.Client, name: str) -> str | None:
    """The id of a file of that name."""
    listed = one.get("/files").json()["data"]
    return next((file["id"] for file in listed if file["filename"] == name), None)


# -- threads --------------------------------------------------------------------------------------


@right(arm=hit(faults.unavailable(), times=13))
def thirteen_workers_meet_an_outage(mock: FilesMock) -> None:
    """Each asks once, and once more when it is over: no storm of one."""

    def work(_: int) -> None:
        with client(mock) as c:
            if c.get("/files").status_code != 200:
                time.sleep(1.2)
                c.get("/files")

    in_threads(work, 13, apart=0.06)


@right(arm=hit(faults.unauthorized(), times=4))
def four_workers_meet_a_revoked_key(mock: FilesMock) -> None:
    """Nobody asks again."""
    ended = threading.Barrier(4)

    def work(_: int) -> None:
        with client(mock) as c:
            c.get("/files")
            ended.wait(20)  # its connection stays open meanwhile

    in_threads(work, 4, apart=0.15)


@right(arm=hit(faults.server_error(), times=4))
def four_workers_begin_one_after_the_other(mock: FilesMock) -> None:
    """At equal intervals, but each waits for longer."""

    def work(_: int) -> None:
        with client(mock) as c:
            while c.get("/files").status_code != 200:
                time.sleep(0.9)

    in_threads(work, 4, apart=0.15)


@right(arm=both(stored(), hit(faults.server_error(), "retrieve", times=4)))
def four_threads_share_a_client(mock: FilesMock) -> None:
    """Their attempts come over any of its connections, at intervals that are alike."""
    with client(mock) as c:

        def work(_: int) -> None:
            for attempt in range(4):
                if c.get("/files/f").status_code == 200:
                    return
                time.sleep(0.2 * 2**attempt)

        in_threads(work, 4, apart=0.05)


@right(arm=hit(faults.server_error(), "upload", times=3))
def a_load_test_sends_the_same_file_from_five_threads(mock: FilesMock) -> None:
    """They share a session."""
    with session(mock) as s:

        def work(_: int) -> None:
            for attempt in range(4):
                if s.post(f"{mock.base_url}/files", timeout=5, **form()).ok:
                    return
                time.sleep(0.2 * 2**attempt)

        in_threads(work, 5, apart=0.03)


@right(
    arm=hit(faults.server_error(), "upload", user="bob"),
    api_keys={"eugpt_a": "ann", "eugpt_b": "bob"},
)
def two_users_send_the_same_file(mock: FilesMock) -> None:
    """Bob has to try again."""

    def work(number: int) -> None:
        key = ("eugpt_a", "eugpt_b")[number]
        with client(mock, headers={"Authorization": f"Bearer {key}"}) as c:
            while c.post("/files", **form()).status_code != 200:
                time.sleep(0.2)

    in_threads(work, 2)


@right()
def five_threads_delete_the_same_file(mock: FilesMock) -> None:
    """Four find nothing."""
    file = mock.add_file("a.pdf")
    with client(mock) as c:
        in_threads(lambda _: c.delete(f"/files/{file.id}"), 5)


@right(arm=hit(busy("1"), times=2))
def a_gate_holds_all_threads(mock: FilesMock) -> None:
    """One's `Retry-After` counts for all."""
    gate, until = threading.Lock(), [0.0]
    with client(mock) as c:

        def work(_: int) -> None:
            while True:
                with gate:
                    time.sleep(max(0.0, until[0] - time.monotonic()))
                    answer = c.get("/files")
                    if answer.status_code == 200:
                        return
                    until[0] = time.monotonic() + float(answer.headers["retry-after"])

        in_threads(work, 3)


@right(arm=hit(faults.server_error(), times=2))
def a_timer_tries_again(mock: FilesMock) -> None:
    """Each attempt is in a thread of its own."""
    done = threading.Event()

    def attempt(number: int) -> None:
        with client(mock) as c:
            if c.get("/files").status_code == 200:
                done.set()
            else:
                threading.Timer(0.2 * 2**number, attempt, [number + 1]).start()

    attempt(0)
    done.wait(20)


# -- rounds and queues ----------------------------------------------------------------------------


@right(arm=hit(faults.server_error(), "upload", times=2))
def a_pool_tries_in_a_second_round_what_failed(mock: FilesMock) -> None:
    """By whichever thread."""
    todo = names(5)
    with client(mock) as c, ThreadPoolExecutor(3) as pool:
        for attempt in range(4):
            done = list(pool.map(functools.partial(put, c), todo))
            todo = [name for name, is_done in zip(todo, done, strict=True) if not is_done]
            if not todo:
                return
            time.sleep(0.2 * 2**attempt)


@wrong(
    "duplicate_upload",
    arm=hit(faults.connection_reset(), "upload", filename="1.txt", phase="after"),
)
def a_pool_sends_again_what_was_stored(mock: FilesMock) -> None:
    """The files are alike, but for their names."""
    todo = names(4)
    with client(mock) as c, ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            done = list(pool.map(functools.partial(put, c), todo))
            todo = [name for name, is_done in zip(todo, done, strict=True) if not is_done]
            if not todo:
                return
            time.sleep(0.2)


@right(arm=hit(faults.connection_reset(), "retrieve", times=2))
async def what_failed_is_gathered_again(mock: FilesMock) -> None:
    """In tasks of their own."""
    todo = [mock.add_file(name).id for name in names(4)]
    async with aclient(mock) as c:
        for attempt in range(4):
            answers = await asyncio.gather(
                *(c.get(f"/files/{one}") for one in todo), return_exceptions=True
            )
            pairs = zip(todo, answers, strict=True)
            todo = [one for one, answer in pairs if isinstance(answer, Exception)]
            if not todo:
                return
            await asyncio.sleep(0.2 * 2**attempt)


@right(arm=hit(faults.server_error(), "upload", times=2))
def what_failed_goes_to_the_end_of_the_queue(mock: FilesMock) -> None:
    """With the time from which on it may be tried."""
    jobs = collections.deque((name, 0, 0.0) for name in names(4))
    with client(mock) as c:
        while jobs:
            name, tried, due = jobs.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            if not put(c, name) and tried < 3:
                jobs.append((name, tried + 1, time.monotonic() + 0.2 * 2**tried))


@right(arm=hit(faults.server_error(), "upload", times=3))
async def workers_put_jobs_back(mock: FilesMock) -> None:
    """Later, from a task that waits."""
    jobs: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    later: set[asyncio.Task[None]] = set()
    for name in names(5):
        jobs.put_nowait((name, 0))

    async def put_back(name: str, tried: int) -> None:
        await asyncio.sleep(0.2 * 2**tried)
        await jobs.put((name, tried + 1))
        jobs.task_done()

    async def work(c: httpx.AsyncClient) -> None:
        while True:
            name, tried = await jobs.get()
            if (await c.post("/files", **form(name=name))).status_code == 200:
                jobs.task_done()
            else:
                later.add(asyncio.create_task(put_back(name, tried)))

    async with aclient(mock) as c:
        workers = [asyncio.create_task(work(c)) for _ in range(3)]
        await jobs.join()
        for worker in workers:
            worker.cancel()


@right(
    arm=both(
        lambda mock: mock.fake_files(5),
        hit(faults.server_error(), skip=2),
        hit(faults.server_error(), skip=5),
    )
)
def a_walk_starts_anew_after_a_failure(mock: FilesMock) -> None:
    """The first pages are read again."""

    def page(c: httpx.Client, after: str | None) -> list[dict[str, str]]:
        answer = c.get("/files", params={"limit": 2, **({"after": after} if after else {})})
        answer.raise_for_status()
        data: list[dict[str, str]] = answer.json()["data"]
        return data

    def walk(c: httpx.Client) -> Iterable[str]:
        after = None
        while files := page(c, after):
            yield from (one["filename"] for one in files)
            after = files[-1]["id"]

    with client(mock) as c:
        for attempt in range(4):
            with contextlib.suppress(httpx.HTTPStatusError):
                assert len(list(walk(c))) == 5
                return
            time.sleep(0.15 * 2**attempt)


@right(arm=hit(faults.server_error(), "upload", skip=2))
def a_batch_is_resumed(mock: FilesMock) -> None:
    """The second run looks what is there."""
    with client(mock) as c:
        for _ in range(2):
            there = {one["filename"] for one in c.get("/files").json()["data"]}
            if all(name in there or put(c, name) for name in names(4)):
                return
            time.sleep(0.3)


# -- polling --------------------------------------------------------------------------------------


@right()
def forty_rows_show_the_same_file(mock: FilesMock) -> None:
    """It is processed: nobody waits."""
    file = mock.add_file("a.pdf")
    with client(mock) as c:
        for _ in range(40):
            c.get(f"/files/{file.id}")


@right(processing=after_seconds(0.4))
async def forty_tasks_wait_for_the_same_file(mock: FilesMock) -> None:
    """With pauses; on a port they share connections."""
    async with aclient(mock) as c:
        file_id = (await c.post("/files", **form())).json()["id"]

        async def wait() -> None:
            while (await c.get(f"/files/{file_id}")).json()["status"] != "processed":
                await asyncio.sleep(0.1)

        await asyncio.gather(*(wait() for _ in range(40)))


@right(clock=CLOCK)
def a_report_names_the_failed_file_each_night(mock: FilesMock) -> None:
    """It doesn't wait for it."""
    file = mock.add_file("bad.pdf", status="error")
    for _ in range(5):
        with client(mock) as c:
            c.get(f"/files/{file.id}")
        CLOCK.sleep(86_400)


@wrong("failed_file_polled", processing=fails())
def tenacity_waits_for_a_failed_file(mock: FilesMock) -> None:
    """It knows only one status that ends the waiting."""

    @tenacity.retry(
        retry=tenacity.retry_if_result(lambda status: status != "processed"),
        wait=tenacity.wait_exponential(multiplier=0.02),
        stop=tenacity.stop_after_attempt(6),
    )
    def status(c: openai.OpenAI, file_id: str) -> str:
        return c.files.retrieve(file_id).status

    with sdk(mock) as c:
        status(c, c.files.create(file=("a.pdf", b"%PDF"), purpose="assistants").id)


@right(processing=after_seconds(0.3))
def the_list_is_polled(mock: FilesMock) -> None:
    """For two files at once."""
    with session(mock) as s:
        for name in names(2):
            s.post(f"{mock.base_url}/files", timeout=5, **form(name=name))
        while True:
            listed = s.get(f"{mock.base_url}/files", timeout=5).json()["data"]
            if all(one["status"] == "processed" for one in listed):
                return
            time.sleep(0.03)


# -- after a lost answer --------------------------------------------------------------------------


@right(arm=lost(fault=faults.connection_reset()))
def each_attempt_looks_first(mock: FilesMock) -> None:
    """The name holds the hash of the content."""
    name = hashlib.sha256(b"%PDF").hexdigest() + ".pdf"

    @backoff.on_exception(
        backoff.expo, requests.ConnectionError, max_tries=4, factor=0.2, jitter=None
    )
    def ensure(s: requests.Session) -> None:
        listed = s.get(f"{mock.base_url}/files", timeout=5).json()["data"]
        if not any(one["filename"] == name for one in listed):
            s.post(f"{mock.base_url}/files", timeout=5, **form(name=name))

    with session(mock) as s:
        ensure(s)


@right(arm=lost(fault=faults.connection_reset()))
async def all_of_a_run_are_deleted_at_its_end(mock: FilesMock) -> None:
    """Also what was lost on the way."""
    run = uuid.uuid4().hex
    async with aclient(mock) as c:
        for attempt in range(3):
            with contextlib.suppress(httpx.TransportError):
                await c.post("/files", **form(name=f"{run}.txt"))
                break
            await asyncio.sleep(0.2 * 2**attempt)
        for one in (await c.get("/files")).json()["data"]:
            if one["filename"].startswith(run):
                await c.delete(f"/files/{one['id']}")


@right(arm=lost())
def the_orphan_is_deleted_before_the_next_attempt(mock: FilesMock) -> None:
    """Then there is one again."""
    with client(mock) as c:
        if c.post("/files", **form()).status_code >= 500:
            time.sleep(0.2)
            c.delete(f"/files/{stored_as(c, 'report.pdf')}")
            uploaded(c)


@wrong("duplicate_upload", arm=lost(fault=faults.connection_reset()))
def it_looks_with_the_wrong_filter(mock: FilesMock) -> None:
    """And finds nothing."""
    with client(mock) as c:
        for attempt in range(3):
            if put(c, "report.pdf"):
                return
            time.sleep(0.2 * 2**attempt)
            if c.get("/files", params={"purpose": "batch"}).json()["data"]:
                return


@right(arm=both(stubbed("POST", "/batches/{id}/cancel"), lost("POST /batches/{id}/cancel")))
def a_batch_is_cancelled_again(mock: FilesMock) -> None:
    """What is cancelled stays so."""
    with client(mock) as c:
        for attempt in range(3):
            if c.post("/batches/b/cancel").status_code == 200:
                return
            time.sleep(0.2 * 2**attempt)


@right(arm=both(stubbed("POST", "/vector_stores/{id}"), lost("POST /vector_stores/{id}")))
def a_store_is_renamed_again(mock: FilesMock) -> None:
    """A POST to a thing itself is an update."""
    with client(mock) as c:
        for attempt in range(3):
            if c.post("/vector_stores/vs", json={"name": "x"}).status_code == 200:
                return
            time.sleep(0.2 * 2**attempt)


@right(arm=both(stubbed("POST", "/responses/input_tokens"), lost("POST /responses/input_tokens")))
def tokens_are_counted_again(mock: FilesMock) -> None:
    """Nothing is made."""
    with client(mock) as c:
        for attempt in range(3):
            if c.post("/responses/input_tokens", json={"input": "hi"}).status_code == 200:
                return
            time.sleep(0.2 * 2**attempt)


@right(
    arm=both(stubbed("POST", "/responses"), hit(faults.server_error(), "POST /responses", times=2))
)
def the_attempts_are_counted_in_the_body(mock: FilesMock) -> None:
    """It is the same question."""
    with client(mock) as c:
        for attempt in range(4):
            asked = {"input": "hi", "metadata": {"attempt": attempt}}
            if c.post("/responses", json=asked).status_code == 200:
                return
            time.sleep(0.2 * 2**attempt)


@wrong("duplicate_post", arm=both(stubbed("POST", "/responses"), lost("POST /responses")))
def a_counted_question_is_asked_twice(mock: FilesMock) -> None:
    """The number of the attempt makes no other question of it."""
    with client(mock) as c:
        for attempt in range(4):
            asked = {"input": "hi", "metadata": {"attempt": attempt}}
            if c.post("/responses", json=asked).status_code == 200:
                return
            time.sleep(0.2 * 2**attempt)


# -- what a library does, and where sleeping is replaced ------------------------------------------


@right(arm=both(stored(), hit(faults.connection_reset(), "retrieve")))
async def aiohttp_sends_a_get_again_by_itself(mock: FilesMock) -> None:
    """Over a connection that it has kept."""
    async with aio(mock) as s:
        for path in ("/files", "/files/f"):
            async with s.get(mock.base_url + path) as answer:
                assert answer.status == 200


@right(arm=hit(busy("30")))
def sleeping_is_patched(mock: FilesMock) -> None:
    """As tests do; on a port too, if it is the same process."""
    with unittest.mock.patch("time.sleep"), client(mock) as c:
        while (answer := c.get("/files")).status_code != 200:
            time.sleep(int(answer.headers["retry-after"]))


def _told(state: tenacity.RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    return (
        float(error.response.headers["retry-after"])
        if isinstance(error, httpx.HTTPStatusError)
        else 0
    )


@right(arm=hit(busy("30")), ways=IN_PROCESS)
def tenacity_is_given_another_sleep(mock: FilesMock) -> None:
    """As its documentation advises for tests."""

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=_told)
    def listed(c: httpx.Client) -> None:
        c.get("/files").raise_for_status()

    listed.retry.sleep = unittest.mock.Mock()
    with client(mock) as c:
        listed(c)


@wrong("retried_non_retryable", arm=hit(faults.unauthorized(), times=2))
async def each_attempt_is_in_another_thread(mock: FilesMock) -> None:
    """The loop around them is in a task."""
    with session(mock) as s:
        for attempt in range(3):
            answer = await asyncio.to_thread(s.get, f"{mock.base_url}/files", timeout=5)
            if answer.ok:
                return
            await asyncio.sleep(0.15 * 2**attempt)


@wrong("duplicate_upload", arm=lost(fault=faults.connection_reset()))
def stamina_on_every_broken_connection(mock: FilesMock) -> None:
    """The upload has been stored."""

    @stamina.retry(on=httpx.TransportError, attempts=3, wait_initial=0.15)
    def send(c: httpx.Client) -> None:
        uploaded(c)

    with client(mock) as c:
        send(c)


@right(arm=hit(faults.timeout(), times=None))
async def a_deadline_ends_the_attempts(mock: FilesMock) -> None:
    """The caller's own."""

    async def listed(c: httpx.AsyncClient) -> None:
        for attempt in itertools.count():
            with contextlib.suppress(httpx.TimeoutException):
                await c.get("/files")
            await asyncio.sleep(0.05 * 2**attempt)

    async with aclient(mock, timeout=0.1) as c:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(listed(c), 0.7)


@wrong("files_left")
def it_deletes_the_oldest_of_that_name(mock: FilesMock) -> None:
    """Which is that of last week."""
    mock.add_file("report.pdf", b"old")
    with client(mock) as c:
        uploaded(c)
        listed = requests.get(f"{mock.base_url}/files", headers=auth(mock), timeout=5).json()
        c.delete(f"/files/{listed['data'][-1]['id']}")
