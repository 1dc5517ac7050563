"""The faults: what each is addressed by, what it does, and what is refused when it is armed."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import openai
import pytest

from eugpt_files_mock import (
    ClientHasNoTimeout,
    ExpectationNotMet,
    FaultUnavailable,
    FilesMock,
    OptionError,
    faults,
)
from eugpt_files_mock.cli.arguments import parse_fault

from .clients import IN_PROCESS, Client, connected
from .conftest import WAYS, entered
from .service_requests import code_of, file_part, header, purpose_part, send, upload


@pytest.fixture
def mock() -> FilesMock:
    """Not entered: these tests speak to the service itself."""
    return FilesMock(seed=1)


def hits(mock: FilesMock, count: int, resource: str = "/files") -> str:
    """One character for each request to the resource: x where the fault hit."""
    return "".join("x" if send(mock, "GET", resource).status == 503 else "." for _ in range(count))


def upload_named(mock: FilesMock, filename: str, purpose: bytes = b"batch", **words: Any) -> int:
    return upload(mock, file_part(filename=filename), purpose_part(purpose), **words).status


# -- which request --------------------------------------------------------------------------------

COUNTED: dict[str, tuple[dict[str, Any], str]] = {
    "once": ({}, "x....."),
    "twice": ({"times": 2}, "xx...."),
    "always": ({"times": None}, "xxxxxx"),
    "after two": ({"skip": 2}, "..x..."),
    "every third": ({"every": 3, "times": None}, "..x..x"),
    "every second, once, after one": ({"every": 2, "skip": 1}, "..x..."),
    "certainly": ({"probability": 1, "times": 3}, "xxx..."),
}


@pytest.mark.parametrize("name", COUNTED)
def test_a_fault_hits_as_often_as_it_was_told(mock: FilesMock, name: str) -> None:
    """`skip` and `every` count the requests that match; `times` counts those that it hit."""
    words, expected = COUNTED[name]
    armed = mock.inject(faults.unavailable(), on="list", **words)
    assert expected == hits(mock, 6)
    assert expected.count("x") == armed.hits
    assert words.get("times", 1) is None or armed.remaining == 0


def test_chance_repeats_with_a_seed() -> None:
    """A test that failed by chance fails again with its seed; another seed hits other requests."""
    runs = []
    for seed in (5, 5, 6):
        mock = FilesMock(seed=seed)
        mock.inject(faults.unavailable(), on="list", times=None, probability=0.5)
        runs.append(hits(mock, 40))
    assert runs[0] == runs[1] != runs[2]
    assert 5 < runs[0].count("x") < 35


def test_a_fault_is_for_its_operations_only(mock: FilesMock) -> None:
    """Two are named; the three others are answered, `retrieve` for the same file."""
    file = mock.add_file("a")
    mock.inject(faults.unavailable(), on=("download", "delete"), times=None)
    resource = f"/files/{file.id}"
    assert [200, 200, 503, 503] == [
        send(mock, "GET", "/files").status,
        send(mock, "GET", resource).status,
        send(mock, "GET", f"{resource}/content").status,
        send(mock, "DELETE", resource).status,
    ]
    assert 200 == upload(mock).status


def test_a_fault_can_be_for_a_filename_before_and_after_the_upload(mock: FilesMock) -> None:
    """The form has the name at first, the stored file later; a list names no file: it isn't hit."""
    mock.inject(faults.unavailable(), filename="bad.pdf", times=None)
    assert (200, 503) == (upload_named(mock, "good.pdf"), upload_named(mock, "bad.pdf"))
    good, bad = mock.add_file("good.pdf"), mock.add_file("bad.pdf")
    assert "." == hits(mock, 1, f"/files/{good.id}")
    assert "x" == hits(mock, 1, f"/files/{bad.id}/content")
    assert "." == hits(mock, 1)


def test_a_fault_can_be_for_a_file_id(mock: FilesMock) -> None:
    """Both files have the same name, so only the id tells them apart."""
    first, second = mock.add_file("a"), mock.add_file("a")
    mock.inject(faults.unavailable(), file_id=second.id, times=None)
    assert (".", "x") == (hits(mock, 1, f"/files/{first.id}"), hits(mock, 1, f"/files/{second.id}"))


def test_a_fault_can_be_for_a_purpose(mock: FilesMock) -> None:
    """An upload has it in its form, a list in its query; a list without one is not hit."""
    mock.inject(faults.unavailable(), on=["upload", "list"], purpose="batch", times=None)
    assert 503 == upload_named(mock, "a")
    assert 200 == upload_named(mock, "a", b"vision")
    assert 503 == send(mock, "GET", "/files", query="purpose=batch").status
    assert 200 == send(mock, "GET", "/files").status


def test_a_fault_can_be_for_a_user() -> None:
    """The key of the request says whose it is."""
    mock = FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"})
    mock.inject(faults.unavailable(), user="bob", times=None)
    assert 200 == send(mock, "GET", "/files", key="eugpt_a").status
    assert 503 == send(mock, "GET", "/files", key="eugpt_b").status


def test_the_first_armed_fault_that_matches_wins_and_then_the_next(mock: FilesMock) -> None:
    """One that stands behind the fault that hits doesn't count the request: it still hits twice."""
    mock.inject(faults.server_error(), on="list")
    mock.inject(faults.unavailable(), on="*", times=2)
    assert [500, 503, 503, 200] == [send(mock, "GET", "/files").status for _ in range(4)]


def test_a_sequence_is_used_up_in_order_as_often_as_told(mock: FilesMock) -> None:
    """`times` counts whole runs: two faults, twice, are four hits."""
    armed = mock.inject([faults.server_error(), faults.unavailable()], on="list", times=2)
    assert [500, 503, 500] == [send(mock, "GET", "/files").status for _ in range(3)]
    assert (3, 1) == (armed.hits, armed.remaining)
    assert [503, 200] == [send(mock, "GET", "/files").status for _ in range(2)]


def test_of_the_spent_faults_the_last_thousand_are_kept_to_be_shown(mock: FilesMock) -> None:
    """The oldest go first, so that a mock that runs for long doesn't grow; live ones stay."""
    live = mock.inject(faults.delay(0), times=None, skip=9_999)
    spent = [mock.inject(faults.server_error(), on="list") for _ in range(1_005)]
    for _ in spent:
        send(mock, "GET", "/files")
    assert [live] == mock.armed
    assert [live, *spent[5:]] == mock._service.armed.all()
    spent[5].cancel()
    assert [live, *spent[6:]] == mock._service.armed.all()


def test_a_cancelled_fault_hits_no_more(mock: FilesMock) -> None:
    """Not even one that would always hit; a second `cancel` does nothing."""
    armed = mock.inject(faults.unavailable(), on="list", times=None)
    assert [armed] == mock.armed
    assert "xx" == hits(mock, 2)
    armed.cancel()
    armed.cancel()
    assert ("..", []) == (hits(mock, 2), mock.armed)


def test_a_fault_hits_a_request_that_would_have_been_refused(mock: FilesMock) -> None:
    """For a bad form or a missing key, but not for a route that the API does not have."""
    mock.inject(faults.unavailable(), times=None)
    assert 503 == upload(mock, body=b"").status
    assert 503 == send(mock, "GET", "/files", key=None).status
    assert 404 == send(mock, "GET", "/nowhere").status


def test_a_fault_for_a_user_does_not_hit_a_request_without_a_valid_key() -> None:
    """Whose it would be is not known."""
    mock = FilesMock(api_keys={"eugpt_alice": "alice"})
    mock.inject(faults.unavailable(), user="alice", times=None)
    assert 401 == send(mock, "GET", "/files", key=None).status
    assert 401 == send(mock, "GET", "/files", key="eugpt_other").status
    assert 503 == send(mock, "GET", "/files", key="eugpt_alice").status


# -- what it does ---------------------------------------------------------------------------------


def test_before_the_work_nothing_is_stored_and_after_it_everything(mock: FilesMock) -> None:
    """After the work only the answer is lost: the client can't know that its file is stored."""
    mock.inject(faults.unavailable(), on="upload")
    mock.inject(faults.connection_reset(), on="upload", phase="after")
    assert 503 == upload(mock).status
    assert 0 == len(mock.files)
    with pytest.raises(AssertionError):  # no reply: the connection was severed
        upload(mock)
    assert (1, None, "connection_reset") == (
        len(mock.files),
        mock.calls.last.status,
        mock.calls.last.fault,
    )
    mock.assert_uploaded("a.txt")
    file = next(iter(mock.files))
    mock.inject(faults.server_error(), on="delete", phase="after")
    assert 500 == send(mock, "DELETE", f"/files/{file.id}").status
    assert 0 == len(mock.files)


ANSWERS: dict[str, tuple[int, str | None]] = {
    "bad_request": (400, "bad_request"),
    "unauthorized": (401, "invalid_api_key"),
    "forbidden": (403, "project_forbidden"),
    "not_found": (404, "file_not_found"),
    "too_large": (413, "file_too_large"),
    "unsupported_media_type": (415, "unsupported_media_type"),
    "rate_limited": (429, "rate_limited"),
    "server_error": (500, "server_error"),
    "bad_gateway": (502, None),
    "unavailable": (503, "unavailable"),
    "gateway_timeout": (504, None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_each_error_answer_has_its_status_and_code(mock: FilesMock, name: str) -> None:
    """Those of gateways, 502 and 504, are plain text without a code, as documented."""
    status, code = ANSWERS[name]
    mock.inject(getattr(faults, name)(), on="list")
    reply = send(mock, "GET", "/files")
    assert (status, name) == (reply.status, mock.calls.last.fault)
    assert mock.calls.last.request_id == header(reply, "X-Request-Id")
    if code is None:
        assert "text/plain; charset=utf-8" == header(reply, "Content-Type")
    else:
        assert code == code_of(reply)


def test_error_bodies_have_the_shapes_that_are_documented_and_those_of_proxies(
    mock: FilesMock,
) -> None:
    """A client that expects an object in `error` may meet a string there, HTML, or nothing."""
    words = {"code": "teapot", "message": "short and stout"}
    shapes: dict[Any, bytes] = {
        "detail": b'{"detail":"short and stout"}',
        "error_string": b'{"detail":"short and stout","error":"teapot"}',
        "text": b"short and stout",
        "empty": b"",
        b"\xff\xfe": b"\xff\xfe",
        "html": b"<html><body><h1>418</h1><p>short and stout</p></body></html>",
        "envelope": b'{"detail":"short and stout","error":{"type":"invalid_request_error",'
        b'"code":"teapot","message":"short and stout"}}',
    }
    for shape, body in shapes.items():
        mock.inject(faults.http_error(418, body=shape, **words), on="list")
        reply = send(mock, "GET", "/files")
        assert (418, body) == (reply.status, reply.body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("content", [b"", b"a", b"abcd"])
def test_a_corrupted_download_differs_even_if_it_is_empty(way: str, content: bytes) -> None:
    """The length stays, so only the content shows it; an empty body becomes one wrong byte."""
    with entered(way) as mock:
        mock.inject(faults.corrupted(), on="download")
        file = mock.add_file("a", content)
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        answer = httpx.get(f"{mock.base_url}/files/{file.id}/content", headers=headers)
    assert content != answer.content
    assert max(1, len(content)) == len(answer.content)


def test_headers_of_a_fault_come_along(mock: FilesMock) -> None:
    """A `Content-Type` too, though the answer has one of its own."""
    mock.inject(faults.http_error(503, headers={"X-Cache": "MISS", "Content-Type": "a/b"}))
    reply = send(mock, "GET", "/files")
    assert ("MISS", "a/b") == (header(reply, "X-Cache"), header(reply, "Content-Type"))


@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_a_header_of_a_fault_takes_the_place_of_ours_in_any_spelling(
    mock: FilesMock, spelt: Callable[[str], str]
) -> None:
    """No header comes twice; the journal keeps the mock's own request id."""
    theirs = {"Content-Type": "a/b", "X-Request-Id": "theirs", "WWW-Authenticate": "Basic"}
    mock.inject(faults.http_error(401, headers={spelt(name): theirs[name] for name in theirs}))
    reply = send(mock, "GET", "/files")
    came = [(name.lower(), value) for name, value in reply.headers]
    length = ("content-length", str(len(reply.body)))
    expected = [length, *((name.lower(), value) for name, value in theirs.items())]
    assert sorted(expected) == sorted(came)
    assert "theirs" != mock.calls.last.request_id


def test_retry_headers_cost_no_time_unless_seconds_are_given(mock: FilesMock) -> None:
    """The `openai` SDK reads `retry-after-ms` first, so its retry waits for a millisecond."""
    mock.inject([faults.rate_limited(), faults.rate_limited(30), faults.unavailable(0.5)])
    replies = [send(mock, "GET", "/files") for _ in range(3)]
    assert ["1", None, None] == [header(reply, "retry-after-ms") for reply in replies]
    assert ["0", "30", "1"] == [header(reply, "Retry-After") for reply in replies]


@pytest.mark.parametrize(
    ("seconds", "sent"), [(1234567, "1234567"), (60.0, "60"), (0, "0"), (1234567.25, "1234568")]
)
def test_the_seconds_to_wait_are_whole_and_rounded_up(
    mock: FilesMock, seconds: float, sent: str
) -> None:
    """RFC 9110 allows whole seconds only; rounded down, a client would come back too early."""
    mock.inject(faults.rate_limited(seconds))
    assert sent == header(send(mock, "GET", "/files"), "Retry-After")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("library", ["httpx", "httpx2", "requests"])
def test_any_request_can_ask_for_a_failure_itself(library: str, way: str) -> None:
    """By `Prefer: code=503`, as with Prism; other preferences may stand beside it."""
    get = pytest.importorskip(library).get
    with entered(way) as mock:
        headers = {"Authorization": f"Bearer {mock.api_key}", "Prefer": "respond-async, code=503"}
        assert 503 == get(f"{mock.base_url}/files", headers=headers).status_code
        assert "http_error" == mock.calls.last.fault


@pytest.mark.parametrize("wish", ["code=200", "code=abc", "code=", "code=600"])
def test_a_wish_that_cannot_be_granted_is_400(mock: FilesMock, wish: str) -> None:
    """Answered as usual, a typing error would go unnoticed; only 400 to 599 are valid."""
    reply = send(mock, "GET", "/files", Prefer=wish)
    assert (400, "invalid_parameter") == (reply.status, code_of(reply))


def test_other_preferences_are_ignored(mock: FilesMock) -> None:
    """A server must ignore the preferences that it doesn't know (RFC 7240, 2)."""
    assert 200 == send(mock, "GET", "/files", Prefer="return=minimal, wait=5").status


# -- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_timeout_in_process_costs_no_time(kind: type[Client]) -> None:
    """Each client raises its own timeout error at once, not after its 60 seconds."""
    with FilesMock() as mock, connected(kind, mock.base_url, mock.api_key, 60.0) as client:
        for fault in (faults.timeout(), faults.delay(61), faults.dribble(1, 61)):
            mock.inject(fault, on="list")
            began = time.monotonic()
            with pytest.raises(Exception, match=r"(?i)time|read") as caught:
                client.list()
            assert "time" in type(caught.value).__name__.lower() + str(caught.value).lower()
            assert 5 > time.monotonic() - began


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_shorter_delay_really_passes(kind: type[Client]) -> None:
    """Below the client's timeout nothing is skipped: the answer comes, and comes late."""
    for way in WAYS:
        with entered(way) as mock, connected(kind, mock.base_url, mock.api_key) as client:
            mock.inject(faults.delay(0.15), on="list")
            began = time.monotonic()
            assert 200 == client.list().status
            assert 0.15 <= time.monotonic() - began


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_delay_does_not_block_the_loop(backend: str, mock: FilesMock) -> None:
    """Other tasks go on meanwhile, in the pauses of a slow body too."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.01)

    async def main() -> None:
        headers = {"Authorization": "Bearer eugpt_x"}
        async with httpx.AsyncClient(headers=headers) as client, anyio.create_task_group() as group:
            group.start_soon(tick)
            for fault in (faults.delay(0.2), faults.dribble(10, 0.05)):
                mock.inject(fault, on="list")
                await client.get(f"{mock.base_url}/files")
            group.cancel_scope.cancel()

    with mock:
        anyio.run(main, backend=backend)
    assert 10 < ticks


def test_a_dribbled_body_arrives_whole() -> None:
    """A client that streams gets the pieces as they come, and no byte is lost between them."""
    for way in WAYS:
        with entered(way) as mock:
            file = mock.add_file("a", b"0123456789")
            mock.inject(faults.dribble(3, 0.02), on="download")
            headers = {"Authorization": f"Bearer {mock.api_key}"}
            url = f"{mock.base_url}/files/{file.id}/content"
            with httpx.stream("GET", url, headers=headers) as response:
                pieces = list(response.iter_raw())
            assert b"0123456789" == b"".join(pieces)
            # On a port, TCP may join pieces where the machine is busy.
            if way == "in process":
                assert 4 == len(pieces)


@pytest.mark.parametrize("library", ["httpx", "requests"])
def test_a_hang_without_a_client_timeout_is_an_error_for_the_author(library: str) -> None:
    """With `timeout=None` the client would wait for ever, and the test with it."""
    get = __import__(library).get
    with FilesMock() as mock:
        mock.inject(faults.timeout(), on="list")
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        with pytest.raises(ClientHasNoTimeout, match="give the client one"):
            get(f"{mock.base_url}/files", headers=headers, timeout=None)
        mock.reset()


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (faults.delay(1e10), "delay(10000000000.0)"),
        (faults.dribble(10, 1e10), "dribble(10, 10000000000.0)"),
    ],
    ids=["delay", "dribble"],
)
def test_a_wait_longer_than_python_can_wait_names_its_fault(fault: Any, name: str) -> None:
    """Without a timeout, sleeping for so long would raise OverflowError."""
    mock = FilesMock(assert_all_faults_fired=False).start()
    mock.inject(fault, on="list")
    with pytest.raises(ClientHasNoTimeout, match=re.escape(f"The fault {name} hit a client")):
        httpx.get(
            f"{mock.base_url}/files", headers={"Authorization": "Bearer eugpt_x"}, timeout=None
        )
    mock.stop()


def test_a_hang_without_a_client_timeout_fails_the_test_even_if_it_was_swallowed() -> None:
    """Code under test may catch every exception; then the exit checks report it."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="list")
    with contextlib.suppress(Exception):  # the code under test
        httpx.get(
            f"{mock.base_url}/files", headers={"Authorization": "Bearer eugpt_x"}, timeout=None
        )
    with pytest.raises(ExpectationNotMet, match="has no timeout"):
        mock.stop()


def test_a_hang_without_a_client_timeout_can_be_allowed() -> None:
    """For a whole mock; the client's call still ends with the error."""
    with FilesMock(assert_all_faults_fired=False) as mock:
        mock.inject(faults.timeout(), on="list")
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        with pytest.raises(ClientHasNoTimeout, match=r"To allow it: .*assert_all_faults_fired"):
            httpx.get(f"{mock.base_url}/files", headers=headers, timeout=None)


def test_a_fault_that_need_not_fire_does_not_allow_a_hang() -> None:
    """`optional=True` says that the fault may never fire, and nothing else."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="list", optional=True)
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with pytest.raises(ClientHasNoTimeout):
        httpx.get(f"{mock.base_url}/files", headers=headers, timeout=None)
    with pytest.raises(ExpectationNotMet, match="has no timeout"):
        mock.stop()


def test_a_hang_on_a_port_ends_when_the_client_has_gone() -> None:
    """Else twenty clients that gave up would leave twenty threads that wait."""
    with FilesMock().serve() as mock:
        mock.inject(faults.timeout(), on="list", times=None)
        before = threading.active_count()
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        for _ in range(20):
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{mock.base_url}/files", headers=headers, timeout=0.05)
        read_timeout = time.monotonic() + 20
        while threading.active_count() > before + 5 and time.monotonic() < read_timeout:
            time.sleep(0.05)
        assert before + 5 >= threading.active_count()


def test_hangs_and_slow_bodies_end_when_the_server_stops() -> None:
    """The stop doesn't wait 30 seconds for them, and the clients get a connection error."""

    async def ask(url: str, key: str) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            await client.get(url, headers={"Authorization": f"Bearer {key}"})

    async def main() -> float:
        serving = FilesMock().serve()
        mock = serving.start()
        file = mock.add_file("a", b"0123456789")
        mock.inject([faults.timeout(), faults.dribble(1, 30), faults.delay(30)], on="download")
        url = f"{mock.base_url}/files/{file.id}/content"
        asking = [asyncio.create_task(ask(url, mock.api_key)) for _ in range(3)]
        while len(mock.calls) < 3:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await asyncio.to_thread(serving.stop)
        took = time.monotonic() - began
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [True] * 3 == [isinstance(one, httpx.TransportError) for one in ended]
        return took

    assert 2 > asyncio.run(main())


def test_retries_of_the_sdk_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rate_limited()` asks for a wait of a millisecond; else the SDK takes its own, longer one."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with FilesMock() as mock:
        client = openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url)
        client.files.list()
        mock.inject(faults.rate_limited(), on="upload", times=2)
        client.files.create(file=("a.txt", b"a"), purpose="assistants")
    assert [0.001, 0.001] == waits
    assert [429, 429, 200] == [call.status for call in mock.calls.to("upload")]


# -- refused when armed ---------------------------------------------------------------------------

f = faults
REFUSED: dict[str, Callable[[FilesMock], object]] = {
    "Unknown operation 'uplaod'. Did you mean 'upload'?": lambda m: m.inject(f.garbage(), "uplaod"),
    "name at least one operation": lambda m: m.inject(f.garbage(), []),
    "times must be an integer of 1 or more": lambda m: m.inject(f.garbage(), times=0),
    "skip must be an integer": lambda m: m.inject(f.garbage(), skip=-1),
    "every must be an integer": lambda m: m.inject(f.garbage(), every=0),
    "probability must be over 0": lambda m: m.inject(f.garbage(), probability=1.5),
    "Unknown phase 'afterwards'. Did you mean 'after'?": lambda m: m.inject(
        f.garbage(),
        phase="afterwards",  # type: ignore[arg-type]
    ),
    "takes faults made by": lambda m: m.inject("503"),  # type: ignore[arg-type]
    "made by eugpt_files_mock.faults": lambda m: m.inject([]),
    "filename='a' can never match on list": lambda m: m.inject(f.garbage(), "list", filename="a"),
    "file_id='a' can never match on upload": lambda m: m.inject(f.garbage(), "upload", file_id="a"),
    "connection_refused() cannot have phase='after'": lambda m: m.inject(
        [f.garbage(), f.connection_refused()], phase="after"
    ),
    "malformed_json cannot hit a download": lambda m: m.inject(f.malformed_json(), "download"),
    "Unknown user 'carol'": lambda m: m.inject(f.garbage(), user="carol"),
    "status must be 400 to 599": lambda m: m.inject(f.http_error(200)),
    "Unknown body of http_error 'evelope'. Did you mean 'envelope'": lambda m: f.http_error(
        500,
        body="evelope",  # type: ignore[arg-type]
    ),
    "without line breaks": lambda m: f.http_error(500, headers={"a": "b\r\nc"}),
    "Content-length says how the answer is sent": lambda m: f.http_error(
        500, headers={"Content-length": "3"}
    ),
    "transfer-encoding says how": lambda m: f.http_error(500, headers={"transfer-encoding": "x"}),
    "Connection says how": lambda m: f.http_error(500, headers={"Connection": "close"}),
    "retry_after must be 0 or more": lambda m: f.rate_limited(-1),
    "seconds must be 0 or more": lambda m: f.delay(float("nan")),
    "jitter must be 0 or more seconds": lambda m: f.delay(1, "2"),  # type: ignore[arg-type]
    "after_bytes must be an integer": lambda m: f.truncated(-1),
    "chunk_bytes must be an integer of 1 or more": lambda m: f.dribble(0, 1),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_makes_no_sense_is_refused_when_it_is_armed(message: str) -> None:
    """The error is at the line of the mistake, and no fault stays armed."""
    mock = FilesMock(api_keys={"eugpt_a": "alice"})
    with pytest.raises(OptionError) as caught:
        REFUSED[message](mock)
    assert message in str(caught.value)
    assert [] == mock.armed


def test_malformed_json_on_everything_leaves_downloads_alone(mock: FilesMock) -> None:
    """A download is not JSON; it doesn't use the fault up either."""
    file = mock.add_file("a", b"abc")
    armed = mock.inject(faults.malformed_json())
    assert b"abc" == send(mock, "GET", f"/files/{file.id}/content").body
    assert 0 == armed.hits


def test_a_served_mock_cannot_refuse_a_connection() -> None:
    """A port that listens accepts connections; a fault that was armed before forbids the start."""
    with FilesMock().serve() as mock, pytest.raises(FaultUnavailable, match="in process only"):
        mock.inject(faults.connection_refused())
    armed_before = FilesMock()
    armed_before.inject(faults.connection_refused())
    with pytest.raises(FaultUnavailable):
        armed_before.serve().start()


# -- in one word ----------------------------------------------------------------------------------


def test_a_fault_and_its_aim_can_be_one_word() -> None:
    """As `--fault` takes it; `times=always` stands for None."""
    assert (
        faults.http_error(503),
        {"on": ("upload",), "times": 2},
    ) == parse_fault("upload:503:times=2")
    assert (
        faults.delay(1.5, jitter=0.5),
        {"on": ("list", "retrieve"), "times": None, "user": "7"},
    ) == parse_fault("list,retrieve:delay:seconds=1.5:jitter=0.5:times=always:user=7")
    assert (
        faults.http_error(429, body="text", headers={"Retry-After": "1"}),
        {"on": ("*",), "probability": 0.5, "optional": True},
    ) == parse_fault("*:429:body=text:headers=Retry-After=1:probability=0.5:optional=true")


def test_a_value_may_have_colons() -> None:
    """A word of ours begins the next value."""
    assert (
        faults.http_error(503, message="see: http://a:80/b?c=d:", headers={"X-Time": "12:30"}),
        {"on": ("upload",), "times": 2, "filename": "a:b.txt"},
    ) == parse_fault(
        "upload:503:message=see: http://a:80/b?c=d::headers=X-Time=12:30:times=2:filename=a:b.txt"
    )
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert (
        faults.rate_limited(date),
        {"on": ("list",), "times": 2},
    ) == parse_fault(f"list:rate_limited:retry_after={date}:times=2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upload:503:tims", "tims needs a value"),
        ("upload:503:message=a:times", "times needs a value"),
        ("upload:503:message=a:tims=2", "Did you mean 'times'?"),
        ("upload:503:times=2:3", "times: cannot read '2:3'"),
        ("upload", "such as upload:503:times=2"),
        (":503", "such as upload:503:times=2"),
        ("upload:server_eror", "Did you mean 'server_error'?"),
        ("upload:503:tims=2", "Did you mean 'times'?"),
        ("upload:503:times", "times needs a value"),
        ("upload:503:times=two", "times: cannot read 'two'"),
        ("upload:200", "status must be 400 to 599"),
        ("upload:delay", "missing a required argument: 'seconds'"),
        ("upload:429:retry_after=2", "Unknown argument of http_error 'retry_after'"),
        ("upload:rate_limited:retry_after=2 s", "or a date such as"),
    ],
)
def test_a_bad_word_for_a_fault_says_what_is_wrong(text: str, message: str) -> None:
    """On the command line it is all that the user sees."""
    with pytest.raises(OptionError) as caught:
        parse_fault(text)
    assert message in str(caught.value)


def test_every_fault_can_be_written_in_one_word() -> None:
    """One that is added later must work on the command line too; some need an argument."""
    needed = {
        "http_error": "status=500",
        "delay": "seconds=1",
        "dribble": "chunk_bytes=1:seconds=1",
        "redirect": "location=/v1/files",
    }
    for name in faults.FAULTS:
        fault, _ = parse_fault(":".join(filter(None, ("*", name, needed.get(name, "")))))
        assert name == fault.name


def test_completion_offers_nothing_but_faults() -> None:
    """Python adds a name of `dir` to a traceback too, and no helper is what anybody meant."""
    assert sorted(f.FAULTS) == [name for name in dir(f) if not name.startswith("__")]
