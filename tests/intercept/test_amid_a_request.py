"""Requests that don't come as a whole: broken off by a fault, by the client, or by its code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests

from eugpt_files_mock import FilesMock, faults

from ..conftest import WAYS, entered

BOUNDARY = "b" * 30
HEADERS = {
    "Authorization": "Bearer eugpt_test",
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
}
PIECES = 1_000


class Body:
    """A form in many pieces; counts those that were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def pieces(self) -> Iterator[bytes]:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield head.encode()
        for _ in range(PIECES):
            self.taken += 1
            yield b"x" * 1_000
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    async def pieces_async(self) -> AsyncIterator[bytes]:
        for piece in self.pieces():
            await asyncio.sleep(0)
            yield piece


def by_async_httpx(url: str, body: Body) -> None:
    async def send() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(url, headers=HEADERS, content=body.pieces_async())

    asyncio.run(send())


def by_aiohttp(url: str, body: Body) -> None:
    async def send() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(url, headers=HEADERS, data=body.pieces_async())

    asyncio.run(send())


SENDING: dict[str, tuple[Callable[[str, Body], Any], type[BaseException]]] = {
    "httpx": (
        lambda url, body: httpx.post(url, headers=HEADERS, content=body.pieces()),
        httpx.ReadError,
    ),
    "httpx2": (
        lambda url, body: httpx2.post(url, headers=HEADERS, content=body.pieces()),
        httpx2.ReadError,
    ),
    "httpx, async": (by_async_httpx, httpx.ReadError),
    "requests": (
        lambda url, body: requests.post(url, headers=HEADERS, data=body.pieces(), timeout=5),
        requests.ConnectionError,
    ),
    "aiohttp": (by_aiohttp, aiohttp.ClientOSError),
}


@pytest.mark.parametrize("name", SENDING)
def test_a_reset_comes_while_the_body_is_being_sent(name: str) -> None:
    """So many bytes are read of the caller's stream, and not many more."""
    send, expected = SENDING[name]
    body = Body()
    with FilesMock() as mock:
        mock.inject(faults.connection_reset(after_bytes=50_000), on="upload")
        with pytest.raises(expected):
            send(f"{mock.base_url}/files", body)
        assert 50 <= body.taken < 150
        assert (None, "connection_reset") == (mock.calls.last.status, mock.calls.last.fault)
        assert 0 == len(mock.files)


@pytest.mark.parametrize("name", SENDING)
def test_a_body_that_ends_earlier_is_reset_all_the_same(name: str) -> None:
    """The fault hits each upload that it matches, whatever its length."""
    send, expected = SENDING[name]
    with FilesMock() as mock:
        mock.inject(faults.connection_reset(after_bytes=50_000_000), on="upload")
        with pytest.raises(expected):
            send(f"{mock.base_url}/files", Body())
        assert 1 == len(mock.calls)


def test_a_retry_after_a_reset_amid_the_body_is_served() -> None:
    """The fault is used up once, by the request that it broke off."""
    form: dict[str, Any] = {"files": {"file": ("a", b"x" * 1_000)}, "data": {"purpose": "batch"}}
    headers = {"Authorization": "Bearer eugpt_test"}
    with FilesMock() as mock, httpx.Client(headers=headers) as client:
        mock.inject(faults.connection_reset(after_bytes=10), on="upload")
        with pytest.raises(httpx.ReadError):
            client.post(f"{mock.base_url}/files", **form)
        assert 200 == client.post(f"{mock.base_url}/files", **form).status_code
        assert [None, 200] == [call.status for call in mock.calls]


@pytest.mark.parametrize("way", WAYS)
def test_who_tries_again_after_a_reset_amid_the_body_has_not_given_up(way: str) -> None:
    """Of the first attempt not even the filename has come, in process and on a port."""
    with entered(way) as mock:
        mock.inject(faults.connection_reset(after_bytes=50), on="upload")
        with openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url) as client:
            client.files.create(file=("a.txt", b"x" * 1_000_000), purpose="assistants")
        assert [None, 200] == [call.status for call in mock.calls]
        assert [50, 1_000_000] == [record.size for record in mock._service.journal.records()]
        assert ["files_left"] == [finding.kind for finding in mock.verdict().findings]


# -- aiohttp's connection keeps what asyncio promises ----------------------------------------------


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_session_closes_whatever_was_read(size: int) -> None:
    """`close()` waits for `connection_lost`, which every transport must call."""

    async def run(mock: FilesMock) -> None:
        file = mock.add_file("a.bin", b"x" * size)
        session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {mock.api_key}"})
        answer = await session.get(f"{mock.base_url}/files/{file.id}/content")
        assert 200 == answer.status
        await asyncio.wait_for(session.close(), 5)
        answer.close()

    with FilesMock() as mock:
        asyncio.run(run(mock))


def test_a_large_download_that_nobody_reads_is_not_taken_from_the_connection() -> None:
    """Aiohttp pauses reading; so only a part of the body is in its buffer."""

    async def run(mock: FilesMock) -> None:
        file = mock.add_file("a.bin", b"x" * 5_000_000)
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{mock.base_url}/files/{file.id}/content") as answer,
        ):
            await asyncio.sleep(0.01)
            assert answer.content.total_bytes < 1_000_000
            assert 5_000_000 == len(await answer.read())

    with FilesMock() as mock:
        asyncio.run(run(mock))


@pytest.mark.parametrize("size", [10, 600_000, 3_000_000])
def test_what_has_answered_ends_when_all_is_read(size: int) -> None:
    """A task that waited on would be collected, and asyncio would say that it was pending."""

    async def run(mock: FilesMock) -> set[asyncio.Task[Any]]:
        file = mock.add_file("a.bin", b"x" * size)
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{mock.base_url}/files/{file.id}/content") as answer,
        ):
            async for _ in answer.content.iter_chunked(100_000):
                pass
        # The connection is closed by a step of the loop, and what was waiting there takes one more.
        for _ in range(5):
            await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    with FilesMock() as mock:
        assert set() == asyncio.run(run(mock))


@pytest.mark.parametrize("fault", [faults.delay(60), faults.timeout(), faults.dribble(5, 60)])
def test_what_is_late_is_not_waited_for_when_the_client_has_gone(fault: faults.Fault) -> None:
    """A task that slept on would be seen by whoever looks for tasks that a test has left."""

    async def run(mock: FilesMock) -> set[asyncio.Task[Any]]:
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {mock.api_key}"},
            timeout=aiohttp.ClientTimeout(total=None),
        ) as session:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(_read(session, f"{mock.base_url}/files"), 0.1)
        for _ in range(5):
            await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    with FilesMock() as mock:
        mock.inject(fault, on="list")
        assert set() == asyncio.run(run(mock))


async def _read(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        return await answer.read()
