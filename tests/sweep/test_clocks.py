"""Sleeping that takes no time: the clocks of the process go on by as much."""

from __future__ import annotations

import asyncio
import datetime
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from types import FrameType
from typing import Any

import anyio
import pytest
import stamina
import tenacity
import trio

from eugpt_files_mock.real_clock import real_seconds
from eugpt_files_mock.sweep.clocks import _CLOCKS, look_again, without_waiting

PATIENCE = 30
"""Real seconds that none of these may take: what they sleep is much longer."""


@pytest.fixture(autouse=True)
def skipping() -> Iterator[None]:
    """Within, and with a look at what the tests have imported."""
    began = real_seconds()
    with without_waiting():
        look_again()
        yield
    assert real_seconds() - began < PATIENCE


@pytest.mark.parametrize(
    "clock",
    [
        time.time,
        time.monotonic,
        time.perf_counter,
        lambda: time.time_ns() / 1e9,
        lambda: time.monotonic_ns() / 1e9,
        lambda: datetime.datetime.now().timestamp(),
        lambda: datetime.datetime.now(datetime.timezone.utc).timestamp(),
    ],
)
def test_every_clock_goes_on_by_what_was_slept(clock: Callable[[], float]) -> None:
    """Looked up in its module, as code does; that of `datetime` by time-machine."""
    # The functions of the table were read before anything was replaced.
    clock = getattr(time, getattr(clock, "__name__", ""), clock)
    before = clock()
    time.sleep(100)
    sleep(50)
    assert 150 <= clock() - before < 150 + PATIENCE


def test_asynchronous_sleepers_wake_in_the_order_of_their_times() -> None:
    """As they would if time passed."""
    woken: list[float] = []

    async def sleeper(seconds: float, nap: Callable[[float], Any]) -> None:
        await nap(seconds)
        woken.append(seconds)

    async def main() -> None:
        await asyncio.gather(
            sleeper(300, asyncio.sleep), sleeper(100, anyio.sleep), sleeper(200, asyncio.sleep)
        )

    asyncio.run(main())
    assert [100, 200, 300] == woken


def test_a_time_out_comes_before_a_longer_sleep_and_not_before_a_shorter_one() -> None:
    """The loop's own clock goes on too."""

    async def main() -> None:
        began = asyncio.get_running_loop().time()
        await asyncio.wait_for(asyncio.sleep(100), 200)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(200), 100)
        with anyio.move_on_after(100) as scope:
            await anyio.sleep(200)
        assert scope.cancelled_caught
        assert asyncio.get_running_loop().time() - began >= 300

    asyncio.run(main())


def test_trio_sleeps_no_time_either() -> None:
    """With its deadlines, and its own clock."""
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await trio.sleep(seconds)
        woken.append(seconds)

    async def main() -> None:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for seconds in (300, 100, 200):
                nursery.start_soon(sleeper, seconds)
        with trio.move_on_after(100) as scope:
            await trio.sleep(200)
        assert scope.cancelled_caught
        assert trio.current_time() - began >= 400

    trio.run(main)
    assert [100, 200, 300] == woken


def test_a_loop_that_waits_for_a_thread_gives_it_time() -> None:
    """A thread works in real time: a deadline of ten seconds must not be over in no time."""
    done = threading.Event()

    def work() -> int:
        done.wait(0.02)
        return 7

    with ThreadPoolExecutor() as pool:
        future = pool.submit(work)
        ends_at = time.monotonic() + 10
        while not future.done():
            assert time.monotonic() < ends_at
            time.sleep(0.1)
    assert 7 == future.result()


@pytest.mark.parametrize("library", [tenacity, stamina])
def test_retry_libraries_wait_no_time(library: Any) -> None:
    """Whatever function they sleep with."""
    calls: list[float] = []

    def failing() -> None:
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise ValueError

    if library is tenacity:
        tenacity.retry(wait=tenacity.wait_fixed(100), stop=tenacity.stop_after_attempt(5))(
            failing
        )()
    else:
        stamina.retry(on=ValueError, attempts=5, wait_initial=100, wait_max=100, timeout=1000)(
            failing
        )()
    assert 3 == len(calls)
    assert calls[2] - calls[0] > 90


def test_what_is_wrong_with_a_sleep_is_said_as_usual() -> None:
    """Only sleeping is replaced, not its errors."""
    with pytest.raises(ValueError, match="negative"):
        time.sleep(-1)
    with pytest.raises(TypeError):
        time.sleep("1")  # type: ignore[arg-type]


def test_a_thread_that_asks_for_the_time_at_the_end_of_a_sweep_gets_it() -> None:
    """It asks while the clock goes on, and is in the middle of it when all is given back."""
    asks, is_over = threading.Event(), threading.Event()

    def stop_at_the_clock(frame: FrameType, event: str, arg: object) -> None:
        asks.set()
        is_over.wait(PATIENCE)

    def ask() -> float:
        sys.settrace(stop_at_the_clock)
        try:
            return time.time()
        finally:
            sys.settrace(None)

    _CLOCKS.leave()  # The fixture entered it.
    try:
        with ThreadPoolExecutor(1) as pool:
            with without_waiting():
                time.sleep(100)
                answer = pool.submit(ask)
                assert asks.wait(PATIENCE), "no Python code tells the time: this shows nothing"
            is_over.set()
            assert answer.result(PATIENCE) == pytest.approx(time.time() + 100, abs=PATIENCE)
    finally:
        _CLOCKS.enter()


def test_everything_is_given_back() -> None:
    """Also in modules that were imported meanwhile, and whatever a test put there stays."""
    replaced = time.sleep
    late = type(time)("late_module")
    late.nap = replaced  # type: ignore[attr-defined]
    with without_waiting():
        pass
    assert time.sleep is replaced, "the fixture is entered still"
    replaced(0.001)
