"""Right programs, as people write them with their libraries, are right in every cell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
import httpx
import openai
import pytest
import requests
import tenacity
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from eugpt_files_mock import FilesMock, after_seconds

from .programs import Refused, checked, client, swept, upload, wrong

PATIENT = Retry(3, backoff_factor=1, status_forcelist=[429, 500, 502, 503])


def url(path: str) -> str:
    return os.environ["EUGPT_BASE_URL"] + path


def headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"}


def downloads_with_the_retries_of_urllib3() -> int:
    """GET may be sent again after anything."""
    with requests.Session() as session:
        session.headers.update(headers())
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=PATIENT))
        answer = session.get(url("/files"), timeout=5)
        answer.raise_for_status()
        for file in answer.json()["data"]:
            content = session.get(url(f"/files/{file['id']}/content"), timeout=5)
            content.raise_for_status()
        return len(answer.json()["data"])


def polls_with_aiohttp() -> None:
    """And deletes in a `finally`."""

    async def main() -> None:
        patience = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(headers=headers(), timeout=patience) as session:
            form = aiohttp.FormData({"purpose": "assistants"})
            form.add_field("file", b"abc", filename="a.txt")
            async with session.post(url("/files"), data=form) as answer:
                answer.raise_for_status()
                file_id = (await answer.json())["id"]
            try:
                await processed(session, file_id)
            finally:
                async with session.delete(url(f"/files/{file_id}")) as answer:
                    answer.raise_for_status()

    async def processed(session: aiohttp.ClientSession, file_id: str) -> None:
        for _ in range(100):
            async with session.get(url(f"/files/{file_id}")) as answer:
                answer.raise_for_status()
                if (await answer.json())["status"] == "processed":
                    return
            await asyncio.sleep(5)
        raise TimeoutError

    asyncio.run(main())


def gathers_uploads_of_the_sdk() -> None:
    """Each of them once; what was stored goes, whatever became of the others."""

    async def main() -> None:
        async with openai.AsyncOpenAI(
            api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
        ) as sdk:
            once = sdk.with_options(max_retries=0)
            made = await asyncio.gather(
                *(
                    once.files.create(file=(f"{number}.txt", b"x"), purpose="assistants")
                    for number in range(3)
                ),
                return_exceptions=True,
            )
            ids = [file.id for file in made if not isinstance(file, BaseException)]
            await asyncio.gather(*map(sdk.files.delete, ids), return_exceptions=True)
            for failed in made:
                if isinstance(failed, BaseException):
                    raise failed

    asyncio.run(main())


def walks_the_pages() -> int:
    """To the empty one."""
    count, after = 0, ""
    with client() as http:
        while page := checked(partial(http.get, f"/files?limit=2{after}"))["data"]:
            count, after = count + len(page), f"&after={page[-1]['id']}"
    return count


@tenacity.retry(
    retry=tenacity.retry_if_exception(lambda error: getattr(error, "may_pass", False)),
    wait=tenacity.wait_exponential(),
    stop=tenacity.stop_after_delay(120),
    reraise=True,
)
def asks_again_with_tenacity() -> list[str]:
    """Only after what may pass, and for two minutes."""
    with client() as http:
        return [file["filename"] for file in checked(lambda: http.get("/files"))["data"]]


def polls_until_a_deadline() -> None:
    """Swallows what may pass, and clears up when it stops."""
    ends_at = time.time() + 600
    with client() as http:
        file_id = upload(http, "a.txt")
        try:
            while time.time() < ends_at:
                with passing():
                    if checked(lambda: http.get(f"/files/{file_id}"))["status"] == "processed":
                        return
                time.sleep(3)
            raise TimeoutError
        except BaseException:
            with contextlib.suppress(httpx.HTTPError):
                http.delete(f"/files/{file_id}")
            raise


@contextlib.contextmanager
def passing() -> Any:
    try:
        yield
    except Refused as error:
        if not error.may_pass:
            raise


def uploads_in_threads() -> None:
    """Those that went through are deleted when one did not."""

    def one(number: int) -> str:
        with client() as http:
            return upload(http, f"{number}.txt")

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(one, number) for number in range(4)]
    failed = [error for future in futures if (error := future.exception())]
    if failed:
        with client() as http:
            for future in futures:
                if not future.exception():
                    with contextlib.suppress(httpx.HTTPError):
                        http.delete(f"/files/{future.result()}")
        raise failed[0]


PROGRAMS = [
    downloads_with_the_retries_of_urllib3,
    polls_with_aiohttp,
    gathers_uploads_of_the_sdk,
    walks_the_pages,
    asks_again_with_tenacity,
    polls_until_a_deadline,
    uploads_in_threads,
]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["in process", "on a port"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_right_program_is_right(program: Callable[[], object], way: str) -> None:
    """With retries, polls, tasks, threads and pages; whatever its client."""
    mock = FilesMock(environ="eugpt", processing=after_seconds(10))
    with mock.serve() if way == "on a port" else mock as mock:
        for number in range(5):
            mock.add_file(f"kept-{number}.txt", b"x" * 1000)
        sweep = swept(mock, program)
        assert {} == wrong(sweep), str(sweep)
