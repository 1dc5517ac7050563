"""How code tries again: when, how often, after what; right and wrong."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import queue
import threading
import time
import unittest.mock
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import backoff
import freezegun
import httpx
import httpx_retries
import openai
import requests
import stamina
import tenacity
import time_machine
import trio
import trio.testing
import urllib3
from urllib3 import Retry

from eugpt_files_mock import FilesMock, faults

from .program import (
    CLOCK,
    IN_PROCESS,
    aclient,
    aio,
    asdk,
    auth,
    both,
    busy,
    client,
    form,
    hit,
    right,
    sdk,
    session,
    stored,
    stubbed,
    until_done,
    uploaded,
    wrong,
)

# -- Retry-After ----------------------------------------------------------------------------------


@wrong("retry_after_ignored", arm=hit(busy("20")), clock=CLOCK)
def waits_too_little_by_the_clock_of_the_mock(mock: FilesMock) -> None:
    """Ten seconds, where twenty were asked for."""
    with client(mock) as c:
        until_done(lambda: c.get("/files"), 10)


@right(arm=hit(busy("20")), clock=CLOCK)
def waits_long_enough_by_the_clock_of_the_mock(mock: FilesMock) -> None:
    """Exactly as long as asked."""
    with client(mock) as c:
        until_done(lambda: c.get("/files"), 20)


@wrong("retry_after_ignored", arm=hit(busy("5", 503), "retrieve"), may=("no_backoff",))
def backoff_knows_no_retry_after(mock: FilesMock) -> None:
    """A decorator with an exponential wait of its own."""
    mock.add_file("a.pdf", id="f")

    @backoff.on_predicate(
        backoff.expo,
        lambda answer: answer.status_code == 503,
        max_tries=3,
        factor=0.12,
        jitter=None,
    )
    def fetch(s: requests.Session) -> requests.Response:
        return s.get(mock.base_url + "/files/f", timeout=5)

    with session(mock) as s:
        fetch(s)


@wrong("retry_after_ignored", arm=hit(busy("3"), "delete"))
async def an_async_loop_sleeps_a_constant(mock: FilesMock) -> None:
    """aiohttp, and the header isn't looked at."""
    mock.add_file("a.pdf", id="f")
    async with aio(mock) as s:
        for _ in range(3):
            async with s.delete(f"{mock.base_url}/files/f") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.15)


def _dated(mock: FilesMock) -> None:
    date = email.utils.formatdate(CLOCK() + 60, usegmt=True)
    mock.inject(busy(date, 503), on="list")


@right(arm=_dated, clock=CLOCK)
def waits_until_the_date(mock: FilesMock) -> None:
    """By the clock of the mock."""
    with client(mock) as c:
        date = c.get("/files").headers["retry-after"]
        CLOCK.sleep(email.utils.parsedate_to_datetime(date).timestamp() - CLOCK())
        c.get("/files")


@wrong("retry_after_ignored", arm=_dated, clock=CLOCK)
def takes_a_date_for_no_number(mock: FilesMock) -> None:
    """The parser of numbers fails, and a second has to do."""
    with client(mock) as c:
        value = c.get("/files").headers["retry-after"]
        CLOCK.sleep(float(value) if value.isdigit() else 1.0)
        c.get("/files")


@right(arm=hit(busy("7"), times=3), clock=CLOCK)
def a_worker_of_a_queue_puts_it_back_until_then(mock: FilesMock) -> None:
    """Each job is tried when its time has come."""
    jobs: queue.PriorityQueue[float] = queue.PriorityQueue()
    jobs.put(CLOCK())
    with client(mock) as c:
        while not jobs.empty():
            CLOCK.now = max(CLOCK.now, jobs.get())
            answer = c.get("/files")
            if answer.status_code == 429:
                jobs.put(CLOCK() + float(answer.headers["retry-after"]))


@right(arm=hit(busy("1"), times=3))
def three_threads_wait_each(mock: FilesMock) -> None:
    """They share a client, and begin one after the other."""

    def one(number: int) -> None:
        time.sleep(0.05 * number)
        until_done(lambda: c.get("/files"), 1.05, sleep=time.sleep)

    with client(mock) as c, ThreadPoolExecutor(3) as threads:
        list(threads.map(one, range(3)))


@right(arm=hit(busy("1"), times=3))
async def three_tasks_with_clients_of_their_own(mock: FilesMock) -> None:
    """gather() over workers, each with its own connection."""

    async def one(number: int) -> None:
        await asyncio.sleep(0.03 * number)
        async with aclient(mock) as c:
            while (await c.get("/files")).status_code == 429:
                await asyncio.sleep(1.05)

    await asyncio.gather(*(one(number) for number in range(3)))


@wrong("retry_after_ignored", arm=hit(busy("2"), times=3), ways=IN_PROCESS, may=("no_backoff",))
async def one_of_the_tasks_is_impatient(mock: FilesMock) -> None:
    """Two wait, the third doesn't."""

    async def one(c: httpx.AsyncClient, wait: float) -> None:
        while (await c.get("/files")).status_code == 429:
            await asyncio.sleep(wait)

    async with aclient(mock) as c:
        await asyncio.gather(one(c, 2.05), one(c, 2.05), one(c, 0.2))


@wrong("retry_after_ignored", arm=hit(busy("3")))
async def a_task_for_each_attempt(mock: FilesMock) -> None:
    """As `wait_for` makes one with Python 3.11 and older."""
    async with aclient(mock) as c:
        for _ in range(3):
            answer = await asyncio.create_task(c.get("/files"))
            if answer.status_code == 200:
                return
            await asyncio.sleep(0.2)


@right(arm=hit(busy("1"), times=3))
async def a_task_for_each_of_three_calls(mock: FilesMock) -> None:
    """Each is tried once, and told to wait; all at the same time."""
    async with aclient(mock) as c:
        await asyncio.gather(*(asyncio.create_task(c.get("/files")) for _ in range(3)))


@right(arm=hit(busy("600")))
def gives_up_when_told_to_wait_ten_minutes(mock: FilesMock) -> None:
    """Nobody waits so long."""
    with client(mock) as c:
        c.get("/files").raise_for_status()


@right(arm=hit(busy("30")), ways=IN_PROCESS)
def a_test_replaces_sleeping(mock: FilesMock) -> None:
    """And looks at what was slept."""
    with client(mock) as c, unittest.mock.patch("time.sleep") as sleep:
        time.sleep(float(c.get("/files").headers["retry-after"]))
        c.get("/files")
    sleep.assert_called_once_with(30.0)


@right(arm=hit(busy("30")), ways=IN_PROCESS)
async def a_test_replaces_the_sleeping_of_asyncio(mock: FilesMock) -> None:
    """The SDK sleeps by anyio, which sleeps by asyncio."""
    with unittest.mock.patch("anyio.sleep", unittest.mock.AsyncMock()):
        async with asdk(mock) as c:
            await c.files.list()


@right(arm=hit(busy("30")))
def freezegun_moves_time(mock: FilesMock) -> None:
    """The mock's clock is frozen too."""
    with freezegun.freeze_time("2026-11-28 12:00") as frozen, client(mock) as c:
        c.get("/files")
        frozen.tick(31)
        c.get("/files")


@right(arm=hit(busy("30")))
def time_machine_moves_time(mock: FilesMock) -> None:
    """Likewise."""
    with time_machine.travel(1_790_000_000, tick=False) as traveller, client(mock) as c:
        c.get("/files")
        traveller.shift(31)
        c.get("/files")


@wrong("retry_after_ignored", arm=hit(busy("30")))
def freezegun_moves_time_too_little(mock: FilesMock) -> None:
    """Three seconds of thirty."""
    with freezegun.freeze_time("2026-11-28 12:00") as frozen, client(mock) as c:
        c.get("/files")
        frozen.tick(3)
        c.get("/files")


@right(arm=hit(busy("30")), ways=IN_PROCESS)
def trios_clock_jumps(mock: FilesMock) -> None:
    """`MockClock(autojump_threshold=0)`: sleeping takes no time."""

    async def main() -> None:
        async with aclient(mock) as c:
            answer = await c.get("/files")
            await trio.sleep(float(answer.headers["retry-after"]))
            await c.get("/files")

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@right(rate_limit=(2, 1.0))
def a_rate_limit_is_honoured(mock: FilesMock) -> None:
    """Five requests, where two a second are let in."""
    with client(mock) as c:
        for _ in range(4):
            answer = c.get("/files")
            if answer.status_code == 429:
                time.sleep(float(answer.headers["retry-after"]))
                c.get("/files")


@wrong("retry_after_ignored", rate_limit=(1, 30.0))
def a_rate_limit_is_not_honoured(mock: FilesMock) -> None:
    """The mock's own 429, and a loop of half a second."""
    with client(mock) as c:
        for _ in range(3):
            c.get("/files")
            time.sleep(0.2)


@right(arm=hit(busy("30")))
def another_key_is_not_limited(mock: FilesMock) -> None:
    """A pool of keys: each has a window of its own."""
    with client(mock) as c:
        if c.get("/files").status_code == 429:
            c.get("/files", headers={"Authorization": "Bearer eugpt_another"})


@right(arm=hit(busy("30")))
def another_question_is_asked_meanwhile(mock: FilesMock) -> None:
    """The list is busy; a file isn't."""
    mock.add_file("a.pdf", id="f")
    with client(mock) as c:
        c.get("/files")
        c.get("/files/f")


# -- what is not to be tried again ----------------------------------------------------------------


@wrong("retried_non_retryable", arm=hit(faults.http_error(422), "upload", times=3))
async def the_sdk_within_a_loop_for_any_error(mock: FilesMock) -> None:
    """`except openai.APIError` takes everything."""
    async with asdk(mock) as c:
        for attempt in range(3):
            with contextlib.suppress(openai.APIError):
                await c.files.create(file=("a.pdf", b"%PDF"), purpose="assistants")
                return
            await asyncio.sleep(0.12 * 2**attempt)


@wrong("retried_non_retryable", arm=hit(faults.unauthorized(), times=2))
def a_wrong_key_is_sent_again(mock: FilesMock) -> None:
    """Stamina on every HTTP error."""

    @stamina.retry(on=httpx.HTTPError, attempts=3, wait_initial=0.12)
    def fetch(c: httpx.Client) -> None:
        c.get("/files").raise_for_status()

    with client(mock) as c:
        fetch(c)


@wrong("retried_non_retryable", arm=hit(faults.too_large(), "upload", times=2))
def an_upload_that_is_too_large_comes_again(mock: FilesMock) -> None:
    """Over a transport that retries 413 too."""
    retry = httpx_retries.Retry(
        total=2, backoff_factor=0.15, status_forcelist=[413, 503], allowed_methods=["POST"]
    )
    with client(mock, transport=httpx_retries.RetryTransport(retry=retry)) as c:
        c.post("/files", **form())


@right(arm=hit(faults.unauthorized()))
def a_token_is_renewed_and_sent_in_a_cookie(mock: FilesMock) -> None:
    """The same URL, with another session."""
    with client(mock) as c:
        if c.get("/files", headers={"Cookie": "session=old"}).status_code == 401:
            c.get("/files", headers={"Cookie": "session=new"})


@right(arm=both(stubbed("POST", "/projects/join"), hit(faults.forbidden())))
def joins_the_project_first(mock: FilesMock) -> None:
    """What was forbidden is allowed then."""
    with client(mock) as c:
        if c.get("/files").status_code == 403:
            c.post("/projects/join", json={})
            c.get("/files")


@right(arm=hit(faults.unsupported_media_type(), "upload"))
def another_type_of_the_part(mock: FilesMock) -> None:
    """415, corrected."""
    with client(mock) as c:
        for kind in ("application/octet-stream", "application/pdf"):
            file = {"file": ("a", b"%PDF", kind)}
            answer = c.post("/files", files=file, data={"purpose": "assistants"})
            if answer.status_code == 200:
                c.delete(f"/files/{answer.json()['id']}")
                return


@right(arm=hit(faults.bad_request(), "upload"))
def another_purpose(mock: FilesMock) -> None:
    """400, corrected."""
    with client(mock) as c:
        for purpose in ("assistent", "assistants"):
            data = {"purpose": purpose}
            answer = c.post("/files", files={"file": ("a.pdf", b"%PDF")}, data=data)
            if answer.status_code == 200:
                c.delete(f"/files/{answer.json()['id']}")


@right(arm=hit(faults.too_large(), "upload"))
def a_smaller_file_after_413(mock: FilesMock) -> None:
    """Compressed, under the same name: no retry, and nothing of the first is sent."""
    with client(mock) as c:
        if c.post("/files", **form(b"0123456789" * 50)).status_code == 413:
            c.delete(f"/files/{uploaded(c, **form(b'01234'))}")


@right(arm=hit(faults.forbidden(), times=2), clock=CLOCK)
def a_job_that_runs_every_day(mock: FilesMock) -> None:
    """Refused today, refused tomorrow."""
    with client(mock) as c:
        for _ in range(2):
            c.get("/files")
            CLOCK.sleep(86_400)


@right(arm=hit(faults.unauthorized(), times=3))
async def three_tasks_are_refused_once_each(mock: FilesMock) -> None:
    """None of them tries again."""
    async with aclient(mock) as c:
        await asyncio.gather(*(c.get("/files") for _ in range(3)))


@right()
def waits_for_a_file_to_come(mock: FilesMock) -> None:
    """404 is an answer here."""
    with client(mock) as c:
        for attempt in range(4):
            if attempt == 2:
                mock.add_file("late.pdf", id="late")
            if c.get("/files/late").status_code == 200:
                return


# -- how often, and how far apart -----------------------------------------------------------------


@wrong("retry_storm", "no_backoff", arm=hit(faults.server_error(), times=14), clock=CLOCK)
def tenacity_for_ever(mock: FilesMock) -> None:
    """No `stop`, half a second between."""

    @tenacity.retry(wait=tenacity.wait_fixed(0.5), sleep=CLOCK.sleep)
    def fetch(c: httpx.Client) -> None:
        c.get("/files").raise_for_status()

    with client(mock) as c:
        fetch(c)


@wrong("retry_storm", arm=hit(faults.unavailable(), "upload", times=12))
def urllib_for_ever(mock: FilesMock) -> None:
    """`while True` around an upload."""
    body, kind = urllib3.encode_multipart_formdata({"purpose": "a", "file": ("a", b"%PDF")})
    headers = {**auth(mock), "Content-Type": kind}
    while True:
        request = urllib.request.Request(mock.base_url + "/files", data=body, headers=headers)
        with contextlib.suppress(urllib.error.HTTPError):
            with urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()
            return
        time.sleep(0.01)


@right(arm=hit(faults.unavailable(), times=12), clock=CLOCK)
def polls_through_an_outage(mock: FilesMock) -> None:
    """Every five seconds, as before."""
    with client(mock) as c:
        for _ in range(15):
            c.get("/files")
            CLOCK.sleep(5)


@right(arm=hit(faults.server_error(), "retrieve", skip=3, times=3), clock=CLOCK)
def a_poller_survives_errors(mock: FilesMock) -> None:
    """It asks no more often when it fails than when it doesn't."""
    mock.add_file("a.pdf", id="f")
    with client(mock) as c:
        for _ in range(10):
            c.get("/files/f")
            CLOCK.sleep(2)


@wrong("no_backoff", arm=hit(faults.bad_gateway(), times=2), clock=CLOCK)
def requests_in_a_loop_of_its_own(mock: FilesMock) -> None:
    """At once, twice."""
    with session(mock) as s:
        until_done(lambda: s.get(mock.base_url + "/files", timeout=5), 0, 0)


@wrong("no_backoff", arm=hit(faults.server_error(), times=2))
def urllib3_without_a_factor(mock: FilesMock) -> None:
    """`Retry(3)` waits never."""
    with session(mock, Retry(3, status_forcelist=[500])) as s:
        s.get(mock.base_url + "/files", timeout=5)


@right(arm=hit(faults.server_error(), times=2))
def urllib3_with_a_factor(mock: FilesMock) -> None:
    """The first retry comes at once, the second after a second."""
    with session(mock, Retry(3, backoff_factor=0.5, status_forcelist=[500])) as s:
        s.get(mock.base_url + "/files", timeout=5)


@right(arm=hit(faults.bad_gateway(), "upload"))
def urllib3_itself_with_a_factor(mock: FilesMock) -> None:
    """A pool manager, a POST, one retry."""
    retries = Retry(3, backoff_factor=0.5, status_forcelist=[502], allowed_methods=None)
    fields = {"purpose": "assistants", "file": ("a.pdf", b"%PDF")}
    with urllib3.PoolManager(retries=retries, timeout=5) as pool:
        answer = pool.request("POST", mock.base_url + "/files", fields=fields, headers=auth(mock))
        pool.request("DELETE", f"{mock.base_url}/files/{answer.json()['id']}", headers=auth(mock))


@right(arm=hit(faults.server_error(), times=2))
def httpx_retries_backs_off(mock: FilesMock) -> None:
    """A transport with jitter."""
    retry = httpx_retries.Retry(total=3, backoff_factor=0.3, backoff_jitter=0.2)
    retry = httpx_retries.Retry(
        total=3, backoff_factor=0.3, backoff_jitter=0.2, status_forcelist=[500]
    )
    with client(mock, transport=httpx_retries.RetryTransport(retry=retry)) as c:
        c.get("/files")


@right(arm=hit(faults.connection_reset(), times=2), clock=CLOCK)
def tenacity_with_jitter(mock: FilesMock) -> None:
    """`wait_exponential_jitter`, as the cure says."""

    @tenacity.retry(
        wait=tenacity.wait_exponential_jitter(),
        stop=tenacity.stop_after_attempt(3),
        sleep=CLOCK.sleep,
    )
    def fetch(c: httpx.Client) -> None:
        c.get("/files")

    with client(mock) as c:
        fetch(c)


@right(arm=hit(faults.server_error(), times=2), ways=IN_PROCESS)
def stamina_in_its_test_mode(mock: FilesMock) -> None:
    """Nothing waits there."""
    with stamina.set_testing(True, attempts=3), client(mock) as c:
        stamina.retry(on=httpx.HTTPError, attempts=3)(lambda: c.get("/files").raise_for_status())()


@right(arm=hit(faults.server_error(), times=6))
async def six_tasks_back_off(mock: FilesMock) -> None:
    """The same question, asked by many."""

    async def one(c: httpx.AsyncClient, number: int) -> None:
        await asyncio.sleep(0.02 * number)
        for attempt in range(3):
            if (await c.get("/files")).status_code == 200:
                return
            await asyncio.sleep(0.15 * 2**attempt)

    async with aclient(mock) as c:
        await asyncio.gather(*(one(c, number) for number in range(6)))


@right(arm=hit(faults.timeout(), times=2))
def again_at_once_after_a_timeout(mock: FilesMock) -> None:
    """It has waited."""
    with client(mock, timeout=0.2) as c:
        for _ in range(3):
            with contextlib.suppress(httpx.TimeoutException):
                c.get("/files")
                return


# -- giving up ------------------------------------------------------------------------------------


@wrong("gave_up", arm=hit(faults.server_error(), "delete"))
async def the_sdk_without_retries(mock: FilesMock) -> None:
    """`max_retries=0`, and nothing around it."""
    mock.add_file("a.pdf", id="f")
    async with asdk(mock, max_retries=0) as c:
        await c.files.delete("f")


@wrong(
    "gave_up", arm=both(stubbed("POST", "/responses"), hit(faults.bad_gateway(), "POST /responses"))
)
def the_next_question_is_another(mock: FilesMock) -> None:
    """A batch of questions: the first is left unanswered."""
    with client(mock) as c:
        for question in ("What?", "Why?"):
            c.post("/responses", json={"model": "m", "input": question})


@wrong("gave_up", arm=hit(faults.unavailable(), "upload"))
def the_next_file_is_another(mock: FilesMock) -> None:
    """One of two files is missing in the end."""
    with client(mock) as c:
        for name in ("a.pdf", "b.pdf"):
            c.post("/files", **form(name.encode(), name))


@wrong("gave_up", arm=hit(faults.rate_limited(), "upload"))
def a_thread_gives_up_where_others_do_not_ask(mock: FilesMock) -> None:
    """A pool of threads, each with a file."""

    def one(name: str) -> None:
        with client(mock) as c:
            c.post("/files", **form(name.encode(), name))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(one, ("a.pdf", "b.pdf", "c.pdf")))


@right(arm=hit(faults.http_error(409), "upload"))
def another_name_after_409(mock: FilesMock) -> None:
    """The name was taken."""
    with client(mock) as c:
        for name in ("a.pdf", "a (1).pdf"):
            answer = c.post("/files", **form(b"%PDF", name))
            if answer.status_code == 200:
                c.delete(f"/files/{answer.json()['id']}")


@right(
    arm=both(
        stubbed("GET", "/documents/d", {"etag": "2"}),
        stubbed("PUT", "/documents/d"),
        hit(faults.http_error(409), "PUT /documents/d"),
    )
)
def another_version_after_409(mock: FilesMock) -> None:
    """`If-Match` of what is there now; the body is the same."""
    with client(mock) as c:
        for etag in ("1", "2"):
            headers = {"If-Match": etag}
            if c.put("/documents/d", json={"text": "x"}, headers=headers).status_code == 200:
                return
            c.get("/documents/d")


@right(arm=both(stubbed("POST", "/responses"), hit(faults.unavailable(), "POST /responses")))
def another_model_after_503(mock: FilesMock) -> None:
    """The large one is overloaded."""
    with client(mock) as c:
        for model in ("large", "small"):
            if c.post("/responses", json={"model": model, "input": "Hi"}).status_code == 200:
                return


@right(arm=hit(faults.server_error()), ways=IN_PROCESS)
def a_worker_takes_the_job_of_another(mock: FilesMock) -> None:
    """A queue, and two threads: the second does what the first could not."""
    begun, failed = threading.Event(), threading.Event()

    def first() -> None:
        begun.wait(5)  # else the same thread may take the second job
        with client(mock) as c:
            c.get("/files")
        failed.set()

    def second() -> None:
        begun.set()
        failed.wait(5)
        with client(mock) as c:
            c.get("/files")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda job: job(), (first, second)))


@right(arm=hit(faults.server_error()), ways=IN_PROCESS)
def the_other_host_is_asked(mock: FilesMock) -> None:
    """A second base URL of the same service."""
    for host in ("https://chat.eugpt.ai/v1", "https://api.eugpt.ai/v1"):
        with client(mock, base_url=host) as c:
            if c.get("/files").status_code == 200:
                return


@right(arm=hit(faults.delay(0.6)))
async def the_first_of_two_wins(mock: FilesMock) -> None:
    """The slow one is cancelled."""
    async with aclient(mock) as c:
        tasks = [asyncio.create_task(c.get("/files"))]
        await asyncio.sleep(0.1)
        tasks.append(asyncio.create_task(c.get("/files")))
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@right(arm=hit(faults.http_error(500, headers={"x-should-retry": "false"})))
def the_service_says_not_to_retry(mock: FilesMock) -> None:
    """The SDK obeys."""
    with sdk(mock) as c:
        c.files.list()


@wrong("broken_download_kept", arm=both(stored(), hit(faults.truncated(), "download")))
def a_stream_is_cut_and_kept(mock: FilesMock) -> None:
    """The error is swallowed."""
    parts = []
    broken = contextlib.suppress(httpx.RemoteProtocolError)
    with client(mock) as c, broken, c.stream("GET", "/files/f/content") as answer:
        parts.extend(answer.iter_raw(16))


@right(arm=both(stored(), hit(faults.truncated(), "download")))
async def a_cut_stream_is_fetched_again(mock: FilesMock) -> None:
    """By aiohttp, after a while."""
    async with aio(mock) as s:
        for attempt in range(3):
            with contextlib.suppress(Exception):
                async with s.get(f"{mock.base_url}/files/f/content") as answer:
                    await answer.read()
                    return
            await asyncio.sleep(0.15 * 2**attempt)
