"""Code that never ends under a failure is ended by the sweep, which says so: it never hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import freezegun
import openai
import pytest
import requests

from eugpt_files_mock import FaultUnavailable, FilesMock, faults
from eugpt_files_mock.sweep.endless import Limits

from .programs import wrong

pytestmark = [
    # What ends a thread is nothing that it should catch.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    # It may come between the making of a socket and the `with` that closes it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Get = Callable[[], None]


def by_requests(mock: FilesMock) -> None:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    requests.get(f"{mock.base_url}/files", headers=headers, timeout=5).raise_for_status()


def by_the_sdk(mock: FilesMock) -> None:
    with openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url, max_retries=0) as client:
        client.files.list()


def until_it_works(get: Get) -> None:
    while True:
        try:
            get()
        except Exception:  # noqa: BLE001
            time.sleep(1)
        else:
            return


def without_a_pause(get: Get) -> None:
    while True:
        with contextlib.suppress(Exception):
            get()
            return


def whatever_is_raised(get: Get) -> None:
    while True:
        try:
            get()
        except:  # noqa: E722 - as people write it
            time.sleep(1)
        else:
            return


def whatever_is_raised_at_once(get: Get) -> None:
    while True:
        try:
            get()
        except BaseException:  # noqa: BLE001
            continue
        return


def in_a_thread(get: Get) -> None:
    thread = threading.Thread(target=until_it_works, args=(get,))
    thread.start()
    thread.join()


def in_a_pool(get: Get) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(until_it_works, get).result()


def waiting_for_a_thread(get: Get) -> None:
    """Whose end nobody tells, if it isn't a good one."""
    done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work() -> None:
        until_it_works(get)
        done.put("done")

    threading.Thread(target=work, daemon=True).start()
    done.get()


def asking_whether_a_thread_is_done(get: Get) -> None:
    done = threading.Event()

    def work() -> None:
        with contextlib.suppress(Exception):
            get()
            done.set()

    threading.Thread(target=work, daemon=True).start()
    while not done.is_set():
        time.sleep(1)


def in_a_task(get: Get) -> None:
    """As a poller beside those who wait for its results."""

    async def poll(result: asyncio.Future[None]) -> None:
        while not result.done():
            await asyncio.sleep(5)
            with contextlib.suppress(Exception):
                await asyncio.to_thread(get)
                result.set_result(None)

    async def main() -> None:
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        poller = asyncio.create_task(poll(result))
        await result
        await poller

    asyncio.run(main())


def asking_whether_a_task_is_done(get: Get) -> None:
    async def main() -> None:
        done: list[None] = []

        async def work() -> None:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(get)
                done.append(None)

        task = asyncio.create_task(work())
        while not done:
            await asyncio.sleep(1)
        await task

    asyncio.run(main())


def waiting_for_a_thread_that_failed(get: Get) -> None:
    """Neither a call nor a sleep: only the time tells."""
    done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work() -> None:
        with contextlib.suppress(Exception):
            get()
            done.put("done")

    threading.Thread(target=work, daemon=True).start()
    done.get()


def waiting_for_a_task_that_failed(get: Get) -> None:
    async def main() -> None:
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def work() -> None:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(get)
                result.set_result(None)

        task = asyncio.create_task(work())
        await result
        await task

    asyncio.run(main())


def waiting_for_jobs(get: Get) -> None:
    """Whose worker has ended by an error."""
    jobs: queue.Queue[str] = queue.Queue()
    jobs.put("list")

    def work() -> None:
        while jobs.get():
            with contextlib.suppress(AssertionError):
                get()
            jobs.task_done()

    threading.Thread(target=work, daemon=True).start()
    jobs.join()
    jobs.put("")


by_a_signal = pytest.mark.skipif(
    sys.platform == "win32", reason="nothing ends there what waits for a lock"
)

PROGRAMS = [
    until_it_works,
    without_a_pause,
    whatever_is_raised,
    whatever_is_raised_at_once,
    in_a_thread,
    in_a_pool,
    pytest.param(waiting_for_a_thread, marks=by_a_signal),
    asking_whether_a_thread_is_done,
    pytest.param(waiting_for_a_thread_that_failed, marks=by_a_signal),
    in_a_task,
    asking_whether_a_task_is_done,
    pytest.param(waiting_for_a_task_that_failed, marks=by_a_signal),
]


def reasons(
    program: Callable[[Get], None],
    way: str,
    by: Callable[[FilesMock], None],
    *,
    longest: float = 2.0,
    silence: float = 3.0,
) -> dict[str, list[str]]:
    mock = FilesMock()
    with mock if way == "in process" else mock.serve():
        sweep = mock.sweep(failures=["outage"])
        # Less than the thousand calls, and the minute, that others have.
        sweep._least_limits = Limits(calls=50, usual=0, seconds=longest, silence=silence)
        with contextlib.suppress(AssertionError):
            for case in sweep:
                with case:
                    program(lambda: by(mock))
    assert sweep.is_whole
    return wrong(sweep)


@pytest.mark.parametrize("way", ["in process", "on a port"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_never_ends_is_ended(program: Callable[[Get], None], way: str) -> None:
    """In the main thread, in another, in a task; whatever it catches, and whether it sleeps."""
    assert "endless" in reasons(program, way, by_requests).get("list/outage", [])


@pytest.mark.parametrize("way", ["in process", "on a port"])
def test_what_never_ends_by_the_sdk_is_ended(way: str) -> None:
    """In a thread beside the one that waits for it."""
    assert reasons(in_a_pool, way, by_the_sdk) == {"list/outage": ["endless"]}


def test_the_many_calls_are_told_in_short() -> None:
    """A thousand times the same is said once."""
    with FilesMock() as mock:
        sweep = mock.sweep(failures=["outage"])
        with pytest.raises(AssertionError, match=r"What came: list: 503 \(1001 times\)\n"):
            for case in sweep:
                with case:
                    without_a_pause(lambda: by_requests(mock))


def test_a_loop_that_never_ended_once_may_end_in_another_run() -> None:
    """The limit is that of each run, whatever other runs did on the same lines."""

    def program(mock: FilesMock) -> None:
        for most in (None, 600):
            ask(lambda: by_requests(mock), most)

    def ask(get: Get, most: int | None) -> None:
        asked = 0
        while True:
            asked += 1
            try:
                return get()
            except Exception:
                if asked == most:
                    raise
                time.sleep(1)

    with FilesMock() as mock:
        sweep = mock.sweep(failures=["outage"])
        with pytest.raises(AssertionError):
            for case in sweep:
                with case:
                    program(mock)
    assert [1001, 601] == [len(case.calls) for case in sweep.cases[2:]]
    assert ["WRONG", "raised"] == [one.outcome for one in sweep.cases[2:]]


@by_a_signal
@pytest.mark.parametrize("way", ["in process", "on a port"])
@pytest.mark.parametrize("program", [waiting_for_jobs, waiting_for_a_task_that_failed])
def test_what_waits_for_ever_is_ended_before_what_takes_long(
    program: Callable[[Get], None], way: str
) -> None:
    """Nobody is there who could wake it: that is known after some seconds, not after a minute."""
    found = reasons(program, way, by_requests, longest=60.0, silence=0.3)
    assert {"list/outage": ["endless"]} == found


@by_a_signal
def test_what_waits_for_ever_is_ended_while_time_is_frozen() -> None:
    """What freezegun stops isn't what is waited by."""
    with freezegun.freeze_time("2030-01-01"):
        found = reasons(waiting_for_jobs, "in process", by_requests, longest=60.0, silence=0.3)
    assert {"list/outage": ["endless"]} == found


@by_a_signal
def test_who_waits_for_a_time_is_no_such_one() -> None:
    """The error of a timeout comes, though nothing else does."""

    def program(get: Get) -> None:
        with contextlib.suppress(Exception):
            get()
            return
        with pytest.raises(queue.Empty):
            queue.Queue().get(timeout=3)
        raise TimeoutError

    assert {} == reasons(program, "in process", by_requests, longest=60.0, silence=0.3)


@by_a_signal
@pytest.mark.parametrize("way", ["in process", "on a port"])
def test_a_thread_that_was_there_before_may_be_given_work(way: str) -> None:
    """Who waits for it waits for what comes."""
    shutdown = threading.Event()

    def patiently(get: Get) -> None:
        with contextlib.suppress(requests.RequestException):
            return get()
        shutdown.wait(3)
        return get()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        found = reasons(
            lambda get: pool.submit(patiently, get).result(),
            way,
            by_requests,
            longest=60.0,
            silence=0.3,
        )
    assert {} == found


@by_a_signal
def test_nothing_is_left_of_a_failure_that_is_refused() -> None:
    """The mock's calls are counted no longer, and the next sweep can end what waits."""
    before = signal.getsignal(signal.SIGURG)
    with FilesMock().serve() as mock:
        sweep = mock.sweep(failures={"dns": faults.dns_error()})
        sweep._least_limits = Limits(calls=1, usual=0, seconds=None, silence=3.0)
        with pytest.raises(FaultUnavailable, match="works in process only"):
            for case in sweep:
                with case:
                    by_requests(mock)
        for _ in range(25):
            by_requests(mock)
    assert before == signal.getsignal(signal.SIGURG)


def test_a_thread_of_a_pool_that_has_no_work_is_there_for_the_next_run() -> None:
    """What ends others would come when it gets its next work, which nobody would do then."""
    with ThreadPoolExecutor(4) as pool:

        def program(get: Get) -> None:
            try:
                return get()
            except requests.RequestException:
                list(pool.map(time.sleep, [0.01] * 3))
                while True:
                    time.sleep(60)

        assert "endless" in reasons(program, "in process", by_requests)["list/outage"]
        assert [0] * 4 == [pool.submit(int).result(timeout=5) for _ in range(4)]


@by_a_signal
def test_nothing_is_left_where_the_test_says_that_it_runs_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The signal is that of the real platform."""
    before = signal.getsignal(signal.SIGURG)
    with FilesMock() as mock:
        for case in mock.sweep(failures=["denied"]):
            with case:
                monkeypatch.setattr(sys, "platform", "win32")
                by_requests(mock)
            monkeypatch.undo()
    assert before == signal.getsignal(signal.SIGURG)


@by_a_signal
def test_nothing_is_left_of_what_ended_it() -> None:
    """Neither a thread that watches, nor a handler of a signal, nor an error that comes later."""
    before = signal.getsignal(signal.SIGURG), threading.active_count()
    reasons(waiting_for_a_task_that_failed, "in process", by_requests)
    time.sleep(1.5)
    assert before == (signal.getsignal(signal.SIGURG), threading.active_count())


MEASURED = """
import contextlib
from pathlib import Path

import coverage, requests

from eugpt_files_mock import FilesMock
from eugpt_files_mock.sweep.endless import Limits


def get(mock):
    headers = {"Authorization": "Bearer " + mock.api_key}
    with contextlib.suppress(Exception):
        return requests.get(mock.base_url + "/files", headers=headers).raise_for_status()
    while True:
        sum(range(3_000))
        for _ in range(100):
            pass


measuring = coverage.Coverage(data_file=None, config_file=False, source=["."], timid=True)
measuring.start()
with FilesMock() as mock:
    sweep = mock.sweep(failures=["outage", "busy", "reset"])
    sweep._least_limits = Limits(calls=50, usual=0, seconds=0.5, silence=3.0)
    with contextlib.suppress(AssertionError):
        for case in sweep:
            with case:
                get(mock)
exec(compile("", str(Path("afterwards.py").resolve()), "exec"), {})
measuring.stop()
print(*(case.outcome for case in sweep.cases))
print(*sorted(Path(name).name for name in measuring.get_data().measured_files()))
"""


@by_a_signal
def test_coverage_goes_on_after_what_never_ended(tmp_path: Path) -> None:
    """It's at work for most of this program: an error that came there would stop it for good."""
    (tmp_path / "program.py").write_text(MEASURED)
    # The coverage of our own tests would be in the way.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-W", "error", "program.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("ok ok WRONG WRONG WRONG\nafterwards.py program.py\n", "")


def test_code_that_waits_long_and_then_goes_on_is_not_endless() -> None:
    """Hours of sleep between two calls, in little steps, cost no time, and are no reason."""

    def patient(get: Get) -> None:
        for _ in range(3):
            with contextlib.suppress(Exception):
                get()
            for _ in range(5_000):
                time.sleep(10)

    assert "endless" not in reasons(patient, "in process", by_requests).get("list/outage", [])


@pytest.mark.parametrize("plugin", ["asyncio", "anyio"])
def test_an_asynchronous_test_is_ended(pytester: pytest.Pytester, plugin: str) -> None:
    """By the marker: its task waits for a result that another task asks for, for ever."""
    pytester.makepyfile(
        f"""
        import asyncio, contextlib, os
        import httpx, pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.eugpt_sweep(failures=["outage", "busy"])
        @pytest.mark.{plugin}
        async def test_polling(eugpt_files):
            result = asyncio.get_running_loop().create_future()
            headers = {{"Authorization": "Bearer " + eugpt_files.api_key}}

            async def poll():
                async with httpx.AsyncClient(headers=headers, timeout=5) as client:
                    while not result.done():
                        await asyncio.sleep(5)
                        with contextlib.suppress(httpx.HTTPError):
                            answer = await client.get(eugpt_files.base_url + "/files")
                            answer.raise_for_status()
                            result.set_result(None)

            poller = asyncio.create_task(poll())
            await result
            await poller

        def test_another(eugpt_files):
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", timeout=60)
    result.stdout.fnmatch_lines(["list   ok    WRONG", "    endless: made more than 1000 calls*"])
    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize("plugin", ["asyncio", "anyio"])
def test_an_asynchronous_test_of_several_tasks_is_ended(
    pytester: pytest.Pytester, plugin: str
) -> None:
    """What ended one of them comes again when the loop is closed, and may end the others then."""
    pytester.makepyfile(
        f"""
        import asyncio, contextlib
        import httpx, pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.eugpt_sweep(only="list/outage")
        @pytest.mark.{plugin}
        async def test_polling(eugpt_files):
            headers = {{"Authorization": "Bearer " + eugpt_files.api_key}}

            async def poll(client):
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        answer = await client.get(eugpt_files.base_url + "/files")
                        return answer.raise_for_status()
                    await asyncio.sleep(5)

            async with httpx.AsyncClient(headers=headers, timeout=5) as client:
                await asyncio.gather(poll(client), poll(client))

        def test_another(eugpt_files):
            assert not eugpt_files.calls
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", timeout=60)
    result.stdout.fnmatch_lines(["list   WRONG", "    endless: made more than 1000 calls*"])
    result.assert_outcomes(passed=1, failed=1)
