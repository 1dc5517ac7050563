"""What the programs of the corpus are made of: their table, their clock, their clients."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
import openai
import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from eugpt_files_mock import FilesMock, Verdict, faults
from eugpt_files_mock.model.faults import Fault

from ...conftest import WAYS, entered

Arm = Callable[[FilesMock], object]
Run = Callable[[FilesMock], Any]


@dataclass(frozen=True, kw_only=True)
class Program:
    """Code under test, the failure that it meets, and what is right to say.

    `must` has to be found, `may` is fair; anything else would be a false accusation.
    """

    name: str
    run: Run
    must: frozenset[str]
    may: frozenset[str]
    arm: Arm
    options: dict[str, Any] = field(default_factory=dict)
    ways: tuple[str, ...] = tuple(WAYS)

    def __str__(self) -> str:
        return self.name


PROGRAMS: dict[str, Program] = {}


def wrong(
    *must: str,
    arm: Arm = lambda mock: None,
    may: tuple[str, ...] = (),
    ways: tuple[str, ...] = tuple(WAYS),
    **options: Any,
) -> Callable[[Run], Run]:
    """A program that deserves these findings; `files_left` is fair for all others too."""

    def add(run: Run) -> Run:
        assert run.__name__ not in PROGRAMS
        PROGRAMS[run.__name__] = Program(
            name=run.__name__,
            run=run,
            must=frozenset(must),
            may=frozenset({*may, "files_left"} - set(must)),
            arm=arm,
            options=options,
            ways=ways,
        )
        return run

    return add


def right(**words: Any) -> Callable[[Run], Run]:
    """A program of which nothing may be said; most have a wrong twin."""
    return wrong(**words)


IN_PROCESS = ("in process",)


class Clock:
    """A clock for the mock. What sleeps by it sets it forward, and takes no time."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


CLOCK = Clock()


def judged(program: Program, way: str) -> Verdict:
    """The verdict on one run. What the program lets through is its own affair, but for bugs."""
    CLOCK.now = time.time()
    options = {"assert_all_faults_fired": False, "assert_all_requests_known": False}
    with entered(way, **options, **program.options) as mock:
        program.arm(mock)
        with contextlib.suppress(*LET_THROUGH):
            done = program.run(mock)
            if inspect.isawaitable(done):
                asyncio.run(_awaited(done))
        return mock.verdict()


LET_THROUGH = (
    OSError, TimeoutError, httpx.HTTPError, requests.RequestException, openai.OpenAIError,
    aiohttp.ClientError, tenacity.RetryError, ValueError, KeyError, urllib3.exceptions.HTTPError,
)  # fmt: skip


async def _awaited(done: Any) -> Any:
    return await done


# -- failures -------------------------------------------------------------------------------------


def hit(fault: Fault, on: str = "list", **words: Any) -> Arm:
    """Arm this fault."""
    return lambda mock: mock.inject(fault, on=on, **words)


def lost(on: str = "upload", fault: Fault | None = None) -> Arm:
    """The work is done, and the answer isn't seen."""
    return hit(fault or faults.gateway_timeout(), on, phase="after")


def busy(value: str = "1", status: int = 429) -> Fault:
    """A refusal that says how long to wait."""
    return faults.http_error(status, headers={"Retry-After": value})


def both(*arms: Arm) -> Arm:
    """Do all of these."""
    return lambda mock: [arm(mock) for arm in arms]


def stubbed(method: str, path: str, json: Any = None, **words: Any) -> Arm:
    """A route beside the Files API."""
    return lambda mock: mock.stub(method, path, json={} if json is None else json, **words)


def stored(name: str = "a.pdf", content: bytes = b"%PDF" * 50) -> Arm:
    """A file of the id `f`."""
    return lambda mock: mock.add_file(name, content, id="f")


# -- clients --------------------------------------------------------------------------------------


def auth(mock: FilesMock) -> dict[str, str]:
    return {"Authorization": f"Bearer {mock.api_key}"}


def client(mock: FilesMock, **words: Any) -> httpx.Client:
    return httpx.Client(**{"base_url": mock.base_url, "headers": auth(mock), "timeout": 5, **words})


def aclient(mock: FilesMock, **words: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        **{"base_url": mock.base_url, "headers": auth(mock), "timeout": 5, **words}
    )


def session(mock: FilesMock, retries: Any = None) -> requests.Session:
    made = requests.Session()
    made.headers.update(auth(mock))
    if retries is not None:
        for scheme in ("https://", "http://"):
            made.mount(scheme, HTTPAdapter(max_retries=retries))
    return made


def sdk(mock: FilesMock, **words: Any) -> openai.OpenAI:
    return openai.OpenAI(
        **{"api_key": mock.api_key, "base_url": mock.base_url, "timeout": 5, **words}
    )


def asdk(mock: FilesMock, **words: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        **{"api_key": mock.api_key, "base_url": mock.base_url, "timeout": 5, **words}
    )


def aio(mock: FilesMock, **words: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers=auth(mock), **{"timeout": aiohttp.ClientTimeout(total=5), **words}
    )


def form(content: bytes = b"%PDF", name: str = "report.pdf", **fields: str) -> dict[str, Any]:
    return {"files": {"file": (name, content)}, "data": {"purpose": "assistants", **fields}}


def uploaded(one: httpx.Client, **words: Any) -> str:
    """Upload, and give the id."""
    answer = one.post("/files", **(words or form()))
    answer.raise_for_status()
    file_id: str = answer.json()["id"]
    return file_id


def until_done(
    send: Callable[[], Any], *waits: float, sleep: Callable[[float], None] = CLOCK.sleep
) -> Any:
    """Send until the status is below 400, with these waits in between."""
    for wait in (*waits, 0.0):
        with contextlib.suppress(httpx.TransportError, requests.RequestException):
            answer = send()
            if answer.status_code < 400:
                return answer
        sleep(wait)
    return None
