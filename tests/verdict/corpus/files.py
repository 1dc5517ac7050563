"""What becomes of files, pages, batches and keys; right and wrong."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tempfile
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import httpx
import openai
import requests
import tenacity
import urllib3
from urllib3 import Retry

from eugpt_files_mock import FilesMock, after_polls, after_seconds, fails, faults

from .program import (
    CLOCK,
    IN_PROCESS,
    aclient,
    aio,
    asdk,
    auth,
    both,
    client,
    form,
    hit,
    lost,
    right,
    sdk,
    session,
    stored,
    stubbed,
    until_done,
    uploaded,
    wrong,
)

# -- uploads whose answer got lost ----------------------------------------------------------------


@wrong("duplicate_upload", arm=lost(fault=faults.connection_reset()))
async def the_async_sdk_retries_uploads(mock: FilesMock) -> None:
    """By default, twice."""
    async with asdk(mock) as c:
        await c.files.create(file=("a.pdf", b"%PDF"), purpose="assistants")


@wrong("duplicate_upload", arm=lost(fault=faults.truncated()), clock=CLOCK)
def a_cut_answer_and_another_attempt(mock: FilesMock) -> None:
    """The file is stored, its id was never read."""
    with client(mock) as c:
        until_done(lambda: c.post("/files", **form()), 0.2, 0.4)


@wrong("duplicate_upload", arm=lost(), clock=CLOCK)
def a_temporary_file_for_each_attempt(mock: FilesMock) -> None:
    """The same content under another generated name."""
    with client(mock) as c:
        for _ in range(2):
            with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
                file.write(b"%PDF")
                file.seek(0)
                words = {"files": {"file": file}, "data": {"purpose": "assistants"}}
                if c.post("/files", **words).status_code == 200:
                    return
            CLOCK.sleep(1)


@wrong("duplicate_upload", arm=lost(), ways=IN_PROCESS)
async def each_attempt_in_a_thread_of_its_own(mock: FilesMock) -> None:
    """`asyncio.to_thread` within a loop of a task."""

    def send() -> int:
        with client(mock) as c:
            return c.post("/files", **form()).status_code

    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        loop = asyncio.get_running_loop()
        if await loop.run_in_executor(first, send) != 200:
            await asyncio.sleep(0.15)
            await loop.run_in_executor(second, send)


@wrong("orphan_left", arm=lost(), may=("duplicate_upload",), clock=CLOCK)
def try_finally_knows_one_copy(mock: FilesMock) -> None:
    """The first upload is there still."""
    with client(mock) as c:
        answer = until_done(lambda: c.post("/files", **form()), 1)
        try:
            c.get(f"/files/{answer.json()['id']}")
        finally:
            c.delete(f"/files/{answer.json()['id']}")


@right(arm=lost(), clock=CLOCK)
def all_of_that_name_are_deleted(mock: FilesMock) -> None:
    """The list tells of the copy."""
    with client(mock) as c:
        until_done(lambda: c.post("/files", **form()), 1)
        for file in c.get("/files").json()["data"]:
            c.delete(f"/files/{file['id']}")


@right(arm=lost(), clock=CLOCK)
def looks_into_the_list_first(mock: FilesMock) -> None:
    """It is there."""
    with client(mock) as c:
        if c.post("/files", **form()).status_code == 504:
            CLOCK.sleep(1)
            for file in c.get("/files").json()["data"]:
                c.delete(f"/files/{file['id']}")


@right(arm=hit(faults.server_error(), "upload"), clock=CLOCK)
def nothing_was_stored_at_first(mock: FilesMock) -> None:
    """The failure came before the work."""
    with client(mock) as c:
        answer = until_done(lambda: c.post("/files", **form()), 1)
        c.delete(f"/files/{answer.json()['id']}")


@right(may=("gave_up",), arm=lost(), clock=CLOCK)
def two_files_of_the_same_content(mock: FilesMock) -> None:
    """Both are meant; the first was given up."""
    with client(mock) as c:
        for name in ("january.csv", "february.csv"):
            c.post("/files", **form(b"no sales", name))
            CLOCK.sleep(1)


@right()
def the_same_file_twice_on_purpose(mock: FilesMock) -> None:
    """In two threads."""
    with client(mock) as c, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: uploaded(c), range(2)))


@right(arm=hit(faults.server_error(), "upload", times=2))
async def two_tasks_upload_the_same(mock: FilesMock) -> None:
    """Each fails once, and waits."""

    async def one() -> None:
        async with aclient(mock) as c:
            for attempt in range(3):
                if (await c.post("/files", **form())).status_code == 200:
                    return
                await asyncio.sleep(0.15 * 2**attempt)

    await asyncio.gather(one(), one())


# -- what a retry sends ---------------------------------------------------------------------------


@wrong(
    "retry_sent_other_content",
    arm=hit(faults.bad_gateway(), "upload"),
    may=("retried_non_retryable",),
)
def a_generator_is_used_up(mock: FilesMock) -> None:
    """The body of a raw request: the second one is empty."""
    body, kind = urllib3.encode_multipart_formdata({"purpose": "a", "file": ("a.csv", b"1,2")})
    pieces = iter([body])
    with session(mock) as s:
        for _ in range(2):
            url, headers = f"{mock.base_url}/files", {"Content-Type": kind}
            s.post(url, data=b"".join(pieces), headers=headers, timeout=5)


@wrong("retry_sent_other_content", arm=hit(faults.timeout(), "upload"))
async def a_handle_after_a_timeout(mock: FilesMock) -> None:
    """aiohttp, and what is left of the handle."""
    handle = io.BytesIO(b"a long report" * 20)
    async with aio(mock, timeout=aiohttp.ClientTimeout(total=0.3)) as s:
        for _ in range(2):
            data = aiohttp.FormData({"purpose": "assistants"})
            data.add_field("file", handle.read(), filename="a.txt")
            with contextlib.suppress(asyncio.TimeoutError):
                async with s.post(f"{mock.base_url}/files", data=data) as answer:
                    await answer.read()


@wrong(
    "retry_sent_other_content",
    arm=both(
        stubbed("POST", "/audio"),
        hit(faults.unavailable(), "POST /audio"),
    ),
)
def a_stream_to_another_route(mock: FilesMock) -> None:
    """Bytes that are read in part before each attempt."""
    handle = io.BytesIO(b"RIFF" + bytes(range(256)) * 4)
    with client(mock) as c:
        for _ in range(2):
            handle.read(4)
            c.post("/audio", content=handle.read())
            handle.seek(100)


@right(
    arm=both(stubbed("POST", "/responses"), hit(faults.unavailable(), "POST /responses")),
    may=("gave_up",),
)
def the_next_question_is_shorter_and_ends_alike(mock: FilesMock) -> None:
    """It isn't the rest of the first."""
    more = {"metadata": {"application": "reports", "environment": "production", "of": "2026"}}
    with client(mock) as c:
        for question in ("What is the meaning of all this?", "What?"):
            c.post("/responses", json={"input": question, **more})


@right(arm=hit(faults.unavailable(), "upload"), clock=CLOCK)
def the_content_is_read_once(mock: FilesMock) -> None:
    """And sent whole each time."""
    content = io.BytesIO(b"a long report" * 20).read()
    with client(mock) as c:
        answer = until_done(lambda: c.post("/files", **form(content)), 1)
        c.delete(f"/files/{answer.json()['id']}")


# -- posts to other routes ------------------------------------------------------------------------

BATCHES = stubbed("POST", "/batches", {"id": "b"})


@wrong("duplicate_post", arm=both(BATCHES, lost("POST /batches", faults.connection_reset())))
def the_sdk_makes_two_batches(mock: FilesMock) -> None:
    """By default it retries POST too."""
    with sdk(mock) as c:
        file = c.files.create(file=("in.jsonl", b"{}"), purpose="batch")
        c.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        c.files.delete(file.id)


@wrong("duplicate_post", arm=both(BATCHES, lost("POST /batches")), clock=CLOCK)
def a_new_idempotency_key_for_each_attempt(mock: FilesMock) -> None:
    """Which is as good as none."""
    with client(mock) as c:
        until_done(
            lambda: c.post(
                "/batches", json={"n": 1}, headers={"Idempotency-Key": uuid.uuid4().hex}
            ),
            1,
        )


@wrong(
    "duplicate_post",
    arm=both(
        stubbed("POST", "/responses", {"id": "r"}), lost("POST /responses", faults.delay(0.6))
    ),
)
async def a_deadline_around_a_post(mock: FilesMock) -> None:
    """The first one is answered, and nobody listens."""
    async with aclient(mock) as c:
        for _ in range(2):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(c.post("/responses", json={"input": "x"}), 0.2)
                return
            await asyncio.sleep(0.15)


@wrong(
    "duplicate_post",
    arm=both(
        stubbed("POST", "/vector_stores/{id}/files", {"id": "x"}),
        lost("POST /vector_stores/{id}/files"),
    ),
)
def urllib3_retries_every_method(mock: FilesMock) -> None:
    """A multipart body has another boundary each time."""
    retries = Retry(2, backoff_factor=0.1, status_forcelist=[504], allowed_methods=None)
    with urllib3.PoolManager(retries=retries, timeout=5) as pool:
        url, fields = f"{mock.base_url}/vector_stores/v/files", {"a": ("a.txt", b"text")}
        pool.request("POST", url, fields=fields, headers=auth(mock))


@right(arm=both(BATCHES, hit(faults.bad_gateway(), "POST /batches")), clock=CLOCK)
def a_batch_that_was_not_made_is_made_again(mock: FilesMock) -> None:
    """The failure came before the work."""
    with client(mock) as c:
        until_done(lambda: c.post("/batches", json={"n": 1}), 1)


@right(
    arm=both(
        BATCHES,
        stubbed("GET", "/batches", {"data": []}),
        lost("POST /batches"),
    ),
    clock=CLOCK,
)
def looks_for_the_batch_and_finds_none(mock: FilesMock) -> None:
    """So it makes another."""
    with client(mock) as c:
        if c.post("/batches", json={"n": 1}).status_code == 504:
            CLOCK.sleep(1)
            if not c.get("/batches").json()["data"]:
                c.post("/batches", json={"n": 1})


@right(
    arm=both(
        stubbed("POST", "/embeddings", {"object": "list", "data": [{"embedding": [0.1]}]}),
        lost("POST /embeddings"),
    ),
    clock=CLOCK,
)
def embeddings_cost_nothing_twice(mock: FilesMock) -> None:
    """Nothing is created."""
    with client(mock) as c:
        until_done(lambda: c.post("/embeddings", json={"input": "x"}), 1)


@right(arm=both(stubbed("PUT", "/settings"), lost("PUT /settings")), clock=CLOCK)
def put_may_be_repeated(mock: FilesMock) -> None:
    """It says what shall be."""
    with client(mock) as c:
        until_done(lambda: c.put("/settings", json={"a": 1}), 1)


@right(arm=BATCHES)
def two_batches_on_purpose(mock: FilesMock) -> None:
    """The first succeeded."""
    with client(mock) as c:
        for _ in range(2):
            c.post("/batches", json={"n": 1})


# -- deletes --------------------------------------------------------------------------------------


@wrong("delete_retried_after_404", arm=both(stored(), lost("delete", faults.connection_reset())))
async def deletes_until_200(mock: FilesMock) -> None:
    """The first one did it."""
    async with aclient(mock) as c:
        for attempt in range(4):
            with contextlib.suppress(httpx.TransportError):
                if (await c.delete("/files/f")).status_code == 200:
                    return
            await asyncio.sleep(0.12 * 2**attempt)


@right(arm=both(stored(), lost("delete")), clock=CLOCK)
def takes_404_for_success(mock: FilesMock) -> None:
    """After the lost answer."""
    with client(mock) as c:
        for _ in range(3):
            if c.delete("/files/f").status_code in (200, 404):
                return
            CLOCK.sleep(1)


@right(arm=stored())
def three_cleaners_in_a_row(mock: FilesMock) -> None:
    """Each finds less to do."""
    with client(mock) as c:
        for _ in range(3):
            assert c.delete("/files/f").status_code in (200, 404)


# -- pages ----------------------------------------------------------------------------------------


@wrong("endless_paging", arm=lambda mock: mock.fake_files(3), pagination="ignored")
async def the_async_iterator_never_ends(mock: FilesMock) -> None:
    """Where `after` has no effect."""
    async with asdk(mock) as c:
        number = 0
        async for _ in c.files.list(limit=2):
            number += 1
            if number > 20:
                return


@wrong("endless_paging", arm=lambda mock: mock.fake_files(3))
def pages_by_number(mock: FilesMock) -> None:
    """There is no parameter `page`, so each brings all."""
    with client(mock) as c:
        for number in range(1, 7):
            if not c.get("/files", params={"page": number}).json()["data"]:
                return


@wrong("endless_paging", arm=lambda mock: mock.fake_files(4))
def the_first_of_a_page_is_the_next_cursor(mock: FilesMock) -> None:
    """It goes back and forth by one, or stays."""
    with client(mock) as c:
        after = c.get("/files", params={"limit": 1}).json()["data"][0]["id"]
        for _ in range(6):
            page = c.get("/files", params={"limit": 2, "after": after}).json()["data"]
            if not page:
                return


@right(arm=lambda mock: mock.fake_files(6))
def four_threads_walk_over_one_session(mock: FilesMock) -> None:
    """All pages, each thread."""

    def walk(_: int) -> int:
        count, after = 0, None
        while page := s.get(
            f"{mock.base_url}/files", params={"limit": 2, "after": after}, timeout=5
        ).json()["data"]:
            count, after = count + len(page), page[-1]["id"]
        return count

    with session(mock) as s, ThreadPoolExecutor(4) as threads:
        assert [6] * 4 == list(threads.map(walk, range(4)))


@right(arm=lambda mock: mock.fake_files(3), clock=CLOCK)
def asks_for_what_is_new(mock: FilesMock) -> None:
    """A page after a checkpoint, every minute; nothing comes."""
    with client(mock) as c:
        after = c.get("/files").json()["data"][1]["id"]
        for _ in range(6):
            c.get("/files", params={"after": after, "order": "desc"})
            CLOCK.sleep(60)


@right(arm=lambda mock: mock.fake_files(2))
def a_key_is_tried_three_times(mock: FilesMock) -> None:
    """`limit=1`, as a probe."""
    with client(mock) as c:
        for _ in range(3):
            c.get("/files", params={"limit": 1})


@wrong("paged_after_deleted", arm=lambda mock: mock.fake_files(5))
def deletes_a_page_and_goes_on(mock: FilesMock) -> None:
    """The cursor is gone with it."""
    with client(mock) as c:
        after: dict[str, str] = {}
        while page := c.get("/files", params={"limit": 2, **after}).json()["data"]:
            for file in page:
                c.delete(f"/files/{file['id']}")
            after = {"after": page[-1]["id"]}


@right(arm=lambda mock: mock.fake_files(5))
def reads_all_pages_first(mock: FilesMock) -> None:
    """Then it deletes."""
    with sdk(mock) as c:
        for file in list(c.files.list(limit=2)):
            c.files.delete(file.id)


@right(arm=lambda mock: mock.fake_files(5))
def the_cursor_stays(mock: FilesMock) -> None:
    """All of a page but its last file are deleted."""
    with client(mock) as c:
        after: dict[str, str] = {}
        while page := c.get("/files", params={"limit": 2, **after}).json()["data"]:
            for file in page[:-1]:
                c.delete(f"/files/{file['id']}")
            after = {"after": page[-1]["id"]}


# -- files that failed, or are not ready ----------------------------------------------------------


@wrong("failed_file_used", arm=stubbed("POST", "/fine_tuning/jobs"), processing=fails("no JSON"))
def a_failed_file_to_train_on(mock: FilesMock) -> None:
    """`training_file`."""
    with client(mock) as c:
        file_id = uploaded(c)
        c.get(f"/files/{file_id}")
        c.post("/fine_tuning/jobs", json={"model": "m", "training_file": file_id})
        c.delete(f"/files/{file_id}")


@right(arm=stubbed("POST", "/reports"), processing=fails("no JSON"))
def a_failed_file_is_reported(mock: FilesMock) -> None:
    """To name it isn't to use it."""
    with client(mock) as c:
        file_id = uploaded(c)
        c.get(f"/files/{file_id}")
        c.post("/reports", json={"failed_file_id": file_id, "reason": "no JSON"})
        c.delete(f"/files/{file_id}")


@wrong("failed_file_polled", processing=fails())
async def asks_until_it_is_processed(mock: FilesMock) -> None:
    """With a limit of ten."""
    async with aclient(mock) as c:
        file_id = (await c.post("/files", **form())).json()["id"]
        for _ in range(10):
            if (await c.get(f"/files/{file_id}")).json()["status"] == "processed":
                break
            await asyncio.sleep(0.01)
        await c.delete(f"/files/{file_id}")


@right(processing=fails())
def two_parts_look_at_a_failed_file(mock: FilesMock) -> None:
    """Once each."""
    with client(mock) as c:
        file_id = uploaded(c)
        for _ in range(2):
            c.get(f"/files/{file_id}")
        c.delete(f"/files/{file_id}")


@wrong("unprocessed_file_used", processing=after_seconds(60), clock=CLOCK)
def a_sleep_instead_of_a_look(mock: FilesMock) -> None:
    """Half a minute isn't enough."""
    with client(mock) as c:
        file_id = uploaded(c)
        CLOCK.sleep(30)
        c.get(f"/files/{file_id}/content")
        c.delete(f"/files/{file_id}")


@wrong("busy_polling", processing=after_polls(50))
async def polls_without_a_pause(mock: FilesMock) -> None:
    """`await asyncio.sleep(0)` is none."""
    async with aclient(mock) as c:
        file_id = (await c.post("/files", **form())).json()["id"]
        while (await c.get(f"/files/{file_id}")).json()["status"] == "uploaded":
            await asyncio.sleep(0)
        await c.delete(f"/files/{file_id}")


@right(processing=after_polls(40))
def polls_with_short_pauses(mock: FilesMock) -> None:
    """Twenty milliseconds."""
    with sdk(mock) as c:
        file = c.files.create(file=("a.pdf", b"%PDF"), purpose="assistants")
        c.files.wait_for_processing(file.id, poll_interval=0.02)
        c.files.delete(file.id)


@right(arm=lambda mock: mock.fake_files(40))
def looks_at_forty_files_once(mock: FilesMock) -> None:
    """Without a pause, but each is another."""
    with client(mock) as c:
        for file in c.get("/files").json()["data"]:
            c.get(f"/files/{file['id']}")


# -- keys, hosts, loops, timeouts ----------------------------------------------------------------


@wrong("key_in_url", arm=stubbed("GET", "/export"))
def a_key_in_a_signed_link(mock: FilesMock) -> None:
    """Under a name of its own, and with its scheme."""
    requests.get(
        f"{mock.base_url}/export",
        params={"sig": f"Bearer {mock.api_key}"},
        timeout=5,
        headers=auth(mock),
    )


@wrong("key_in_url")
def another_key_in_the_query(mock: FilesMock) -> None:
    """Of OpenAI, by its look."""
    with client(mock) as c:
        c.get("/files", params={"k": "sk-proj-a1b2c3d4e5f6g7h8i9j0"})


@right(arm=stubbed("GET", "/settings"))
def parameters_that_sound_like_keys(mock: FilesMock) -> None:
    """A name of a setting, a cursor, a sort order."""
    with client(mock) as c:
        params = {"key": "theme", "page_token": "next", "sort": "api_key", "access": "token"}
        c.get("/settings", params=params)
        c.get("/files/eugpt_quarterly_report_2026")


@wrong("key_over_http", ways=IN_PROCESS)
async def plain_http_by_aiohttp(mock: FilesMock) -> None:
    """A base URL without the s."""
    async with aio(mock) as s, s.get("http://chat.eugpt.ai/v1/files") as answer:
        await answer.read()


@wrong("key_over_http", ways=IN_PROCESS)
def plain_http_by_urllib(mock: FilesMock) -> None:
    """Likewise."""
    request = urllib.request.Request("http://chat.eugpt.ai/v1/files", headers=auth(mock))
    urllib.request.urlopen(request, timeout=5).read()


@right(ways=IN_PROCESS, base_url="http://localhost:8080/v1")
def plain_http_on_this_machine(mock: FilesMock) -> None:
    """Nobody is on the way."""
    with client(mock) as c:
        c.get("/files")


@wrong("client_across_loops", ways=IN_PROCESS)
def the_async_sdk_in_two_loops(mock: FilesMock) -> None:
    """A module's client, and asyncio.run() for each job."""
    c = asdk(mock)

    async def listed() -> None:
        await c.files.list()

    for _ in range(2):
        asyncio.run(listed())


@right(ways=IN_PROCESS)
def a_sync_client_in_two_loops(mock: FilesMock) -> None:
    """It belongs to none."""
    with client(mock) as c:

        async def listed() -> None:
            c.get("/files")

        for _ in range(2):
            asyncio.run(listed())


@right(ways=IN_PROCESS)
def without_kept_connections_in_two_loops(mock: FilesMock) -> None:
    """There is nothing that belongs to a loop."""
    c = aclient(mock, limits=httpx.Limits(max_keepalive_connections=0))

    async def listed() -> None:
        await c.get("/files")

    for _ in range(2):
        asyncio.run(listed())


@wrong("no_timeout", ways=IN_PROCESS)
def requests_without_a_timeout(mock: FilesMock) -> None:
    """It has no default."""
    with session(mock) as s:
        s.get(mock.base_url + "/files")


@wrong("no_timeout", ways=IN_PROCESS)
async def aiohttp_with_a_limit_on_connecting_only(mock: FilesMock) -> None:
    """Once it is connected, it reads for ever."""
    async with (
        aio(mock, timeout=aiohttp.ClientTimeout(total=None, connect=5)) as s,
        s.get(mock.base_url + "/files"),
    ):
        pass


@right(ways=IN_PROCESS)
async def aiohttp_with_a_deadline_around_it(mock: FilesMock) -> None:
    """Beside its limit on connecting, the loop has one of the author's."""
    async with aio(mock, timeout=aiohttp.ClientTimeout(total=None, connect=5)) as s:
        answer = await asyncio.wait_for(s.get(mock.base_url + "/files"), 5)
        await asyncio.wait_for(answer.read(), 5)


@right(ways=IN_PROCESS)
async def wait_for_is_a_timeout(mock: FilesMock) -> None:
    """Around a client that has none."""
    async with aclient(mock, timeout=None) as c:
        await asyncio.wait_for(c.get("/files"), 5)


@wrong("files_left")
async def the_task_is_cancelled_before_it_deletes(mock: FilesMock) -> None:
    """No `finally`."""

    async def job() -> None:
        async with aclient(mock) as c:
            file_id = (await c.post("/files", **form())).json()["id"]
            await asyncio.sleep(5)
            await c.delete(f"/files/{file_id}")

    task = asyncio.create_task(job())
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@right()
async def an_upload_is_cancelled_and_comes_again(mock: FilesMock) -> None:
    """In the middle of its body: nothing is stored, nobody is accused."""
    body, kind = urllib3.encode_multipart_formdata({"purpose": "a", "file": ("a", b"x" * 400)})

    async def pieces(wait: float) -> Any:
        yield body[:200]
        await asyncio.sleep(wait)
        yield body[200:]

    async with aclient(mock) as c:
        for wait in (1.0, 0.0):
            with contextlib.suppress(asyncio.TimeoutError):
                sent = c.post("/files", content=pieces(wait), headers={"Content-Type": kind})
                answer = await asyncio.wait_for(sent, 0.5)
                await c.delete(f"/files/{answer.json()['id']}")


@right(arm=hit(faults.server_error(), "delete"), clock=CLOCK)
def tenacity_around_the_delete(mock: FilesMock) -> None:
    """Nothing is left."""

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(openai.InternalServerError),
        wait=tenacity.wait_random_exponential(multiplier=3, min=1),
        stop=tenacity.stop_after_attempt(3),
        sleep=CLOCK.sleep,
    )
    def delete(file_id: str) -> None:
        c.files.delete(file_id)

    with sdk(mock, max_retries=0) as c:
        delete(c.files.create(file=("a.pdf", b"%PDF"), purpose="assistants").id)


@right()
def urllib_handles_a_404(mock: FilesMock) -> None:
    """By its exception."""
    request = urllib.request.Request(f"{mock.base_url}/files/gone", headers=auth(mock))
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=5)
