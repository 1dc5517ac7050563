"""A crowd at the door: threads and tasks that call everything at once, through several clients."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx2
import pytest
import requests

from eugpt_files_mock import FilesMock

from ..conftest import WAYS, entered
from .effort import EFFORT

pytestmark = pytest.mark.slow

THREADS, TASKS = 50, 200
ROUNDS = {"in process": 6 * EFFORT, "on a port": 2 * EFFORT}
"""Each has five calls or six."""

HEADERS = {"Authorization": "Bearer eugpt_key"}
PATIENCE = 60.0


class Visitor:
    """One of the crowd: uploads files, looks at them, and deletes every other one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.rng = random.Random(number)
        self.kept: dict[str, bytes] = {}
        self.gone: list[str] = []
        self.calls: Counter[tuple[str, int]] = Counter()
        self.story: list[tuple[str, str]] = []
        self._filename = ""
        self._rounds = 0

    def form(self) -> tuple[bytes, dict[str, Any]]:
        self._rounds += 1
        content = self.rng.randbytes(self.rng.randrange(2_000))
        self._filename = f"{self.number}-{self._rounds}.bin"
        file, purpose = (self._filename, content), f"p{self.number % 3}"
        return content, {"files": {"file": file}, "data": {"purpose": purpose}}

    def note(self, operation: str, answer: Any) -> None:
        self.calls[operation, answer.status_code] += 1
        if operation != "list" and answer.status_code == 200:
            self.story.append((operation, self._filename))

    def finish(self, file_id: str, content: bytes, deleted: Any) -> None:
        if deleted is None:
            self.kept[file_id] = content
        else:
            self.note("delete", deleted)
            self.gone.append(file_id)

    def exchange(self, send: Callable[..., Any], url: str) -> None:
        """Six calls, or five."""
        content, form = self.form()
        uploaded = send("POST", url, headers=HEADERS, **form)
        self.note("upload", uploaded)
        file_id = uploaded.json()["id"]
        retrieved = send("GET", f"{url}/{file_id}", headers=HEADERS)
        self.note("retrieve", retrieved)
        assert retrieved.json() == uploaded.json()
        self.note("list", send("GET", url, headers=HEADERS, params={"limit": 3}))
        downloaded = send("GET", f"{url}/{file_id}/content", headers=HEADERS)
        self.note("download", downloaded)
        assert downloaded.content == content
        self.note("retrieve", send("GET", f"{url}/nowhere", headers=HEADERS))
        goes = self._rounds % 2
        deleted = send("DELETE", f"{url}/{file_id}", headers=HEADERS) if goes else None
        self.finish(file_id, content, deleted)

    async def visit_async(self, send: Callable[..., Any], url: str) -> None:
        """The same."""
        content, form = self.form()
        uploaded = await send("POST", url, headers=HEADERS, **form)
        self.note("upload", uploaded)
        file_id = uploaded.json()["id"]
        retrieved = await send("GET", f"{url}/{file_id}", headers=HEADERS)
        self.note("retrieve", retrieved)
        assert retrieved.json() == uploaded.json()
        self.note("list", await send("GET", url, headers=HEADERS, params={"limit": 3}))
        downloaded = await send("GET", f"{url}/{file_id}/content", headers=HEADERS)
        self.note("download", downloaded)
        assert downloaded.content == content
        self.note("retrieve", await send("GET", f"{url}/nowhere", headers=HEADERS))
        goes = self._rounds % 2
        deleted = await send("DELETE", f"{url}/{file_id}", headers=HEADERS) if goes else None
        self.finish(file_id, content, deleted)


def check_nothing_is_lost(mock: FilesMock, crowd: list[Visitor]) -> None:
    """What the crowd knows and what the mock knows is the same, and each one's calls are in the
    journal in the order in which they were made.
    """
    kept = {file_id: content for visitor in crowd for file_id, content in visitor.kept.items()}
    gone = [file_id for visitor in crowd for file_id in visitor.gone]
    uploads = [call.file_id for call in mock.calls.to("upload")]
    stories: defaultdict[str, list[tuple[str | None, str]]] = defaultdict(list)
    for call in mock.calls:
        if call.filename is not None:
            stories[call.filename.split("-")[0]].append((call.operation, call.filename))

    assert len(set(uploads)) == len(uploads) == len(kept) + len(gone)
    assert {file.id: file.content for file in mock.files} == kept
    assert sum((visitor.calls for visitor in crowd), Counter()) == Counter(
        (call.operation, call.status) for call in mock.calls
    )
    for visitor in crowd:
        assert visitor.story == stories[str(visitor.number)]


@pytest.mark.parametrize("way", WAYS)
def test_fifty_threads_lose_nothing(way: str) -> None:
    """With httpx, httpx2 and requests at once."""
    crowd = [Visitor(number) for number in range(THREADS)]
    with entered(way, max_calls=1_000_000) as mock:
        url = f"{mock.base_url}/files"
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda visitor: _visit_often(visitor, url, ROUNDS[way]), crowd))

        check_nothing_is_lost(mock, crowd)


def _visit_often(visitor: Visitor, url: str, rounds: int) -> None:
    with _client(visitor.number) as client:
        for _ in range(rounds):
            visitor.exchange(client.request, url)


def _client(number: int) -> Any:
    if number % 3 == 0:
        return httpx.Client(verify=False, timeout=PATIENCE)
    return httpx2.Client(verify=False, timeout=PATIENCE) if number % 3 == 1 else requests.Session()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_two_hundred_tasks_lose_nothing(way: str, library: Any) -> None:
    """They share one async client; files and journal agree with what each task did."""
    crowd = [Visitor(number) for number in range(TASKS)]
    with entered(way, max_calls=1_000_000) as mock:
        asyncio.run(_all_visit(crowd, library, f"{mock.base_url}/files", 1 + ROUNDS[way] // 10))

        check_nothing_is_lost(mock, crowd)


async def _all_visit(crowd: list[Visitor], library: Any, url: str, rounds: int) -> None:
    limits = library.Limits(max_connections=TASKS)
    async with library.AsyncClient(verify=False, timeout=PATIENCE, limits=limits) as client:

        async def visit_often(visitor: Visitor) -> None:
            for _ in range(rounds):
                await visitor.visit_async(client.request, url)

        await asyncio.gather(*(visit_often(visitor) for visitor in crowd))


@pytest.fixture
def impatience() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 1_000)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatience")
def test_resets_amid_a_crowd_leave_a_sound_store() -> None:
    """A seed makes ids repeat after a reset; requests that are under way must bear with it."""
    with FilesMock(seed=7, max_calls=1_000) as mock:
        url = f"{mock.base_url}/files"
        with ThreadPoolExecutor(8) as pool:
            visits = [pool.submit(_upload_and_page, url, 60 * EFFORT) for _ in range(8)]
            while not all(exchange.done() for exchange in visits):
                mock.reset()
            statuses = set().union(*(exchange.result() for exchange in visits))

        assert statuses <= {200, 400, 404}
        mock.reset()
        assert (len(mock.files), list(mock.files)) == (0, [])


def _upload_and_page(url: str, rounds: int) -> set[int]:
    statuses = set()
    with requests.Session() as session:
        for _ in range(rounds):
            form = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}
            file_id = session.post(url, headers=HEADERS, **form).json()["id"]
            page = session.get(url, headers=HEADERS, params={"after": file_id})
            gone = session.delete(f"{url}/{file_id}", headers=HEADERS)
            statuses |= {page.status_code, gone.status_code}
    return statuses


def test_an_id_that_is_taken_is_not_given_twice() -> None:
    """A seed repeats its ids; a file that has one of them already keeps it."""
    form: dict[str, Any] = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}
    with FilesMock(seed=7) as mock:
        url = f"{mock.base_url}/files"
        first = requests.post(url, headers=HEADERS, **form).json()["id"]
        mock.reset()
        mock.add_file("b.txt", id=first)

        second = requests.post(url, headers=HEADERS, **form).json()["id"]

        assert [file.id for file in mock.files] == [first, second]
        assert first != second


def test_a_call_that_arrives_first_and_ends_last_is_the_first() -> None:
    """`mock.calls` is in order of arrival, whichever answer is ready first."""
    arrived, ended = threading.Event(), threading.Event()

    def clock() -> float:
        if threading.current_thread().name == "first":
            arrived.set()
            assert ended.wait(PATIENCE)
        return 1_800_000_000

    with FilesMock(clock=clock) as mock:
        url = f"{mock.base_url}/files?purpose="
        sent = threading.Thread(
            target=requests.get, args=(url + "first",), kwargs={"headers": HEADERS}, name="first"
        )
        sent.start()
        assert arrived.wait(PATIENCE)
        requests.get(url + "second", headers=HEADERS)
        ended.set()
        sent.join()

        assert [call.purpose for call in mock.calls] == ["first", "second"]
