"""Who sent a request: what the verdict knows of it, in process and on a port."""

from __future__ import annotations

import asyncio
import time
import unittest.mock
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import freezegun
import httpx
import pytest
import requests
import stamina
import trio

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.model.messages import PortConnection, Sender

from ..conftest import entered

KEY = {"Authorization": "Bearer eugpt_key"}


def senders(mock: FilesMock) -> list[Sender]:
    found = [record.sender for record in mock._service.journal.records()]
    assert None not in found
    return [sender for sender in found if sender is not None]


def by_aiohttp(url: str) -> Any:
    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(url, headers=KEY) as answer:
            await answer.read()

    return get()


def by_httpx(url: str) -> Any:
    async def get() -> None:
        async with httpx.AsyncClient() as client:
            await client.get(url, headers=KEY)

    return get()


@pytest.mark.parametrize("get", [by_aiohttp, by_httpx])
def test_each_task_is_a_sender_and_not_a_task_of_the_client_or_of_ours(
    mock: FilesMock, get: Any
) -> None:
    """Two requests of one task have one sender; a second task is another."""

    async def twice() -> None:
        for _ in range(2):
            await get(f"{mock.base_url}/files")

    async def both() -> None:
        await asyncio.gather(twice(), twice())

    asyncio.run(both())
    assert 2 == len({id(sender.who) for sender in senders(mock)})
    assert 1 == len({id(sender.loop) for sender in senders(mock)})
    assert 4 == len({id(sender.client) for sender in senders(mock)})


@pytest.mark.parametrize("library", [httpx, requests])
def test_each_thread_is_a_sender(mock: FilesMock, library: Any) -> None:
    """A client that isn't async belongs to no event loop."""
    url = f"{mock.base_url}/files"
    with ThreadPoolExecutor(1) as threads:
        for _ in range(2):
            threads.submit(library.get, url, headers=KEY).result()
    library.get(url, headers=KEY)
    first, second, third = senders(mock)
    assert first.who is second.who is not third.who
    assert [None, None] == [third.loop, third.client]


def test_a_task_of_trio_is_a_sender(mock: FilesMock) -> None:
    """With the time of its clock, which a test may set."""

    async def twice() -> None:
        for _ in range(2):
            await by_httpx(f"{mock.base_url}/files")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(twice)
            await by_httpx(f"{mock.base_url}/files")

    trio.run(main)
    assert 2 == len({id(sender.who) for sender in senders(mock)})
    assert None not in {sender.loop_ahead for sender in senders(mock)}


@pytest.mark.parametrize("is_real", [True, False], ids=["real asyncio", "frozen asyncio"])
def test_an_event_loop_is_compared_with_the_real_clock_while_time_is_frozen(
    mock: FilesMock, is_real: bool
) -> None:
    """Else a loop that isn't frozen would seem to be set forward when frozen time goes back."""

    async def twice() -> None:
        await by_httpx(f"{mock.base_url}/files")
        frozen.tick(-1_000)
        await by_httpx(f"{mock.base_url}/files")

    with freezegun.freeze_time("2030-01-01", real_asyncio=is_real) as frozen:
        asyncio.run(twice())
    before, after = (sender.loop_ahead or 0.0 for sender in senders(mock))
    assert is_real == (abs(after - before) < 500)


def test_on_a_port_each_connection_is_a_sender() -> None:
    """With the times at which it was opened and closed."""
    with entered("on a port") as mock, httpx.Client(headers=KEY) as client:
        for _ in range(2):
            client.get(f"{mock.base_url}/files")
        httpx.get(f"{mock.base_url}/files", headers=KEY)
    first, second, third = (sender.who for sender in senders(mock))
    assert first is second is not third
    assert isinstance(first, PortConnection)
    assert isinstance(third, PortConnection)
    assert first.opened < third.opened < (third.closed or 0)
    assert first.closed is not None


def test_what_a_new_connection_continues_is_known_while_time_is_frozen() -> None:
    """When one was opened and closed is measured by a clock that freezegun doesn't stop."""
    headers = KEY | {"Connection": "close"}
    with entered("on a port") as mock, freezegun.freeze_time("2030-01-01"):
        mock.inject(faults.rate_limited(retry_after=30), on="list")
        for _ in range(2):
            httpx.get(f"{mock.base_url}/files", headers=headers)
    assert ["retry_after_ignored"] == [finding.kind for finding in mock.verdict().findings]


def test_a_deadline_of_the_event_loop_is_known_where_the_client_has_none(mock: FilesMock) -> None:
    """`asyncio.wait_for` is one; a timer that is for something else isn't."""

    async def main() -> None:
        async with httpx.AsyncClient(timeout=None) as client:
            asyncio.get_running_loop().call_later(5, print)
            await client.get(f"{mock.base_url}/files", headers=KEY)
            await asyncio.wait_for(client.get(f"{mock.base_url}/files", headers=KEY), 5)

    asyncio.run(main())
    assert [False, True] == [sender.has_deadline for sender in senders(mock)]


def sleep(seconds: float) -> None:
    """Stands for one that the code under test has imported."""


@pytest.mark.parametrize(
    ("replacing", "expected"),
    [
        (lambda: unittest.mock.patch("time.sleep"), True),
        (lambda: unittest.mock.patch("asyncio.sleep"), True),
        (lambda: unittest.mock.patch.object(time, "sleep", sleep), True),
        (lambda: unittest.mock.patch(f"{__name__}.sleep"), True),
        (lambda: unittest.mock.patch(f"{__name__}.time"), True),
        (lambda: unittest.mock.patch("tenacity.nap.time"), True),
        (lambda: stamina.set_testing(True), True),
        (lambda: unittest.mock.patch("time.localtime"), False),
    ],
)
def test_it_is_known_whether_the_test_has_replaced_sleeping(
    mock: FilesMock, replacing: Any, expected: bool
) -> None:
    """Then how long the code waits tells nothing."""
    mock.inject(faults.server_error(), on="list")
    with replacing():
        httpx.get(f"{mock.base_url}/files", headers=KEY)
    (sender,) = senders(mock)
    assert expected is sender.is_sleeping_replaced
