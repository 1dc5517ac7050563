"""Nothing of a refused or deleted upload is left, with the cyclic collector switched off."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from eugpt_files_mock import FilesMock

BOUNDARY = "b" * 30
SIZE = 3_000_000


def pieces() -> Iterator[bytes]:
    part = "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name="
    yield f'{part}"purpose"\r\n\r\nbatch\r\n{part}"file"; filename="a"\r\n\r\n'.encode()
    for _ in range(SIZE // 100_000):
        yield b"x" * 100_000
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


async def pieces_async() -> AsyncIterator[bytes]:
    for piece in pieces():
        yield piece


async def by_async_httpx(library: Any, url: str, headers: dict[str, str]) -> int:
    async with library.AsyncClient(headers=headers) as client:
        return int((await client.post(url, content=pieces_async())).status_code)


async def by_aiohttp(url: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, data=pieces_async()) as answer,
    ):
        await answer.read()
        return answer.status


UPLOADING: dict[str, Callable[[str, dict[str, str]], int]] = {
    "httpx": lambda url, headers: httpx.post(url, content=pieces(), headers=headers).status_code,
    "httpx2": lambda url, headers: httpx2.post(url, content=pieces(), headers=headers).status_code,
    "httpx, async": lambda url, headers: asyncio.run(by_async_httpx(httpx, url, headers)),
    "httpx2, async": lambda url, headers: asyncio.run(by_async_httpx(httpx2, url, headers)),
    "requests": lambda url, headers: (
        requests.post(url, data=pieces(), headers=headers, timeout=5).status_code
    ),
    "aiohttp": lambda url, headers: asyncio.run(by_aiohttp(url, headers)),
}


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "deleted"])
@pytest.mark.parametrize("client", UPLOADING)
def test_no_body_waits_for_the_collector(client: str, is_refused: bool) -> None:
    """A suite that uploads much would else need as much memory, until a full collection."""
    limit = {"max_file_bytes": 1_000} if is_refused else {}
    with FilesMock(**limit) as mock:
        headers = {
            "Authorization": f"Bearer {mock.api_key}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }

        def upload_and_delete() -> None:
            status = UPLOADING[client](f"{mock.base_url}/files", headers)
            assert (413 if is_refused else 200) == status
            for file in mock.files:
                httpx.delete(f"{mock.base_url}/files/{file.id}", headers=headers)

        upload_and_delete()  # what is imported and remembered once
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            upload_and_delete()
            assert tracemalloc.get_traced_memory()[0] < SIZE / 3
        finally:
            tracemalloc.stop()
            gc.enable()
