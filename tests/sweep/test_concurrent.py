"""Calls are known by name, so a failure hits the right one whatever their order."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock

from .programs import PURPOSE

NAMES = [f"{number}.txt" for number in range(20)]


def keeping_going(send: Callable[[str], object], name: str) -> None:
    """Each upload for itself: one that fails disturbs no other."""
    with contextlib.suppress(httpx.HTTPError):
        send(name)


def words(mock: FilesMock) -> dict[str, Any]:
    return {
        "base_url": mock.base_url,
        "headers": {"Authorization": f"Bearer {mock.api_key}"},
        "timeout": 5,
    }


def in_threads(mock: FilesMock) -> None:
    """Eight at once."""
    with httpx.Client(**words(mock)) as http, ThreadPoolExecutor(8) as pool:

        def send(name: str) -> None:
            http.post("/files", files={"file": (name, b"x")}, data=PURPOSE).raise_for_status()

        list(pool.map(lambda name: keeping_going(send, name), NAMES))


def gathered(mock: FilesMock) -> None:
    """All at once, in one loop."""

    async def run() -> None:
        async with httpx.AsyncClient(**words(mock)) as http:

            async def one(name: str) -> None:
                await asyncio.sleep(random.random())
                files = {"file": (name, b"x")}
                (await http.post("/files", files=files, data=PURPOSE)).raise_for_status()

            await asyncio.gather(*map(one, NAMES), return_exceptions=True)

    asyncio.run(run())


def shuffled(mock: FilesMock) -> None:
    """One after the other, in another order in each run."""
    with httpx.Client(**words(mock)) as http:

        def send(name: str) -> None:
            http.post("/files", files={"file": (name, b"x")}, data=PURPOSE).raise_for_status()

        for name in random.sample(NAMES, len(NAMES)):
            keeping_going(send, name)


WAYS = [in_threads, gathered, shuffled]


def check(mock: FilesMock, program: Callable[[FilesMock], None], failures: list[str]) -> None:
    """Each cell hits its own call, and that only."""
    sweep = mock.sweep(failures=failures)
    try:
        for case in sweep:
            with case:
                program(mock)
    except AssertionError:
        assert sweep.is_whole, sweep
    cells = [case for case in sweep.cases if case.failure]
    assert len(NAMES) * len(failures) == len(cells)
    for case in cells:
        hit = [f"upload {call.filename}" for call in case.calls if call.fault]
        assert hit[:1] == [case.call]
        assert len(hit) == 1 or case.failure == "outage"


@pytest.mark.parametrize("program", WAYS)
def test_no_cell_is_missed(program: Callable[[FilesMock], None]) -> None:
    """Twenty uploads, in eight threads, in one loop, in any order."""
    with FilesMock() as mock:
        check(mock, program, ["error", "lost"])
    assert threading.active_count() < 50


@pytest.mark.slow
@pytest.mark.parametrize("program", WAYS)
def test_no_cell_is_missed_in_fifty_repetitions(program: Callable[[FilesMock], None]) -> None:
    """What happens once in a thousand runs happens in somebody's CI each day."""
    with FilesMock() as mock:
        for _ in range(50):
            check(mock, program, ["error"])
