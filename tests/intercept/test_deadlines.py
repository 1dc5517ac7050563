"""The application's own deadlines, under a fault that never answers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import anyio
import freezegun
import httpx
import httpx2
import pytest

from eugpt_files_mock import ClientHasNoTimeout, ExpectationNotMet, FilesMock, faults

DEADLINE = 0.05


async def by_httpx(library: Any, mock: FilesMock, timeout: float | None) -> None:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    async with library.AsyncClient(headers=headers, timeout=timeout) as client:
        await client.get(f"{mock.base_url}/files")


async def by_aiohttp(mock: FilesMock, timeout: float | None) -> None:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    limits = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(headers=headers, timeout=limits) as session:
        await session.get(f"{mock.base_url}/files")


async def ask(client: str, mock: FilesMock, timeout: float | None) -> None:
    if client == "aiohttp":
        await by_aiohttp(mock, timeout)
    else:
        await by_httpx({"httpx": httpx, "httpx2": httpx2}[client], mock, timeout)


CLIENTS = ("httpx", "httpx2", "aiohttp")


@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_deadline_of_asyncio_comes(client: str, timeout: float | None) -> None:
    """`wait_for` raises its own error, and the exit checks have nothing to say."""

    async def run(mock: FilesMock) -> None:
        await asyncio.wait_for(ask(client, mock, timeout), DEADLINE)

    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list")
        with pytest.raises((TimeoutError, asyncio.TimeoutError)) as raised:
            asyncio.run(run(mock))
        assert not isinstance(raised.value, (httpx.HTTPError, httpx2.HTTPError))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("client", ["httpx", "httpx2"])
def test_a_deadline_that_is_over_before_the_call_comes_first(
    client: str, timeout: float | None, backend: str
) -> None:
    """Also where the event loop was busy, and hasn't told the task of it yet."""

    async def late(mock: FilesMock) -> None:
        time.sleep(2 * DEADLINE)  # The loop is busy.
        await ask(client, mock, timeout)

    async def by_wait_for(mock: FilesMock) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(late(mock), DEADLINE)

    async def by_scope(mock: FilesMock) -> None:
        with anyio.move_on_after(DEADLINE) as scope:
            await late(mock)
        assert scope.cancelled_caught

    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list", times=None)
        anyio.run(by_scope, mock, backend=backend)
        if backend == "asyncio":
            anyio.run(by_wait_for, mock)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("timeout", [None, 5])
@pytest.mark.parametrize("client", ["httpx", "httpx2"])
def test_a_deadline_of_anyio_and_trio_comes(
    client: str, timeout: float | None, backend: str
) -> None:
    """A cancel scope ends the wait; the code goes on after it."""

    async def run(mock: FilesMock) -> bool:
        with anyio.move_on_after(DEADLINE) as scope:
            await ask(client, mock, timeout)
        return scope.cancelled_caught

    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list")
        assert anyio.run(run, mock, backend=backend)


@pytest.mark.parametrize("client", ["httpx", "httpx2"])
def test_a_clients_time_out_that_is_nearer_comes_at_once(client: str) -> None:
    """As without a deadline: no time passes."""

    async def run(mock: FilesMock) -> None:
        await asyncio.wait_for(ask(client, mock, 1_000), 10_000)

    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list")
        with pytest.raises((httpx.ReadTimeout, httpx2.ReadTimeout)):
            asyncio.run(run(mock))


@pytest.mark.parametrize("client", CLIENTS)
def test_what_would_really_wait_for_ever_ends(client: str) -> None:
    """After some seconds, in an error for the test author that the exit checks repeat."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="list")
    with pytest.raises(ClientHasNoTimeout, match=r"timeout\(\) hit a client that has no timeout"):
        asyncio.run(ask(client, mock, None))
    with pytest.raises(ExpectationNotMet, match="no timeout"):
        mock.stop()


@pytest.mark.parametrize(
    ("client", "backend"), [("httpx", "asyncio"), ("httpx", "trio"), ("aiohttp", "asyncio")]
)
def test_a_late_answer_comes_while_time_is_frozen(client: str, backend: str) -> None:
    """As on a port, although no sleep of the event loop ends then."""
    with freezegun.freeze_time("2030-01-01"), FilesMock() as mock:
        mock.inject(faults.delay(0.1), on="list")
        anyio.run(ask, client, mock, 60.0, backend=backend)
        assert [200] == [call.status for call in mock.calls]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_late_answer_comes_when_frozen_time_is_set_forward(client: str) -> None:
    """By another task, which needn't wait until so much time has really passed."""

    async def run(mock: FilesMock) -> None:
        asking = asyncio.create_task(ask(client, mock, None))
        while not mock._service.journal.waiting():
            await asyncio.sleep(0)
        frozen.tick(4_000)
        await asking

    with freezegun.freeze_time("2030-01-01") as frozen, FilesMock() as mock:
        mock.inject(faults.delay(3_600), on="list")
        asyncio.run(run(mock))
        assert [200] == [call.status for call in mock.calls]
