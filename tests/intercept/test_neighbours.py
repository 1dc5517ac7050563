"""Beside other mocks (`test_tools.py` has both orders): left crosswise, and without their line.

`CANNOT` are the two that cannot do it alone, with the line that helps; the docs show this table.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import pytest_httpx
import requests
import requests_mock
import responses
import respx
import vcr
from requests.adapters import HTTPAdapter

from eugpt_files_mock import FilesMock

from .broken_server import broken_server, replying

OTHER = "https://neighbour.example/hello"
httpx2 = pytest.importorskip("httpx2")
importlib.import_module("pytest_httpx2")  # registers its respx Mocker

Neighbour = Callable[[], AbstractContextManager[Any]]


@contextmanager
def respx_router(using: str) -> Iterator[respx.MockRouter]:
    with respx.mock(using=using, assert_all_called=True, assert_all_mocked=True) as router:
        router.get(OTHER).respond(200, text="neighbour")
        yield router


@contextmanager
def responses_mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        mock.get(OTHER, body="neighbour")
        yield mock


@contextmanager
def requests_mocker(**options: Any) -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker(**options) as mock:
        mock.get(OTHER, text="neighbour")
        yield mock


@contextmanager
def vcr_cassette() -> Iterator[None]:
    """A recording of the other host, and no permission to record more."""
    cassette = Path(__file__).parent.parent / "data" / "neighbour.yaml"
    with vcr.use_cassette(str(cassette), record_mode="none", allow_playback_repeats=True):
        yield


BESIDE: dict[str, tuple[Any, Neighbour]] = {
    "respx": (httpx, lambda: respx_router("httpcore")),
    "respx for httpx2 (pytest-httpx2)": (httpx2, lambda: respx_router("httpcore2")),
    "responses": (requests, responses_mock),
    "requests-mock with real_http": (requests, lambda: requests_mocker(real_http=True)),
    "vcrpy with httpx": (httpx, vcr_cassette),
    "vcrpy with httpx2": (httpx2, vcr_cassette),
    "vcrpy with requests": (requests, vcr_cassette),
}
CANNOT = {
    "respx using httpx, started last": (httpx, lambda: respx_router("httpx")),
    "requests-mock, strict, started last": (requests, requests_mocker),
}


def call_both(library: Any, mock: FilesMock) -> None:
    """Ours and the neighbour's, one after the other, with a client of that library."""
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    ours = library.post(
        f"{mock.base_url}/files",
        files={"file": ("a.txt", b"a")},
        data={"purpose": "batch"},
        headers=headers,
    )
    assert 200 == ours.status_code
    assert "neighbour" == library.get(OTHER).text
    assert 404 == library.get(f"{mock.base_url}/files/gone", headers=headers).status_code
    mock.assert_called("upload", times=1)
    assert 2 == len(mock.calls)


def test_respx_using_httpx_that_was_started_first_serves_its_own() -> None:
    """Our patch is then the outer one, and hands on what isn't ours."""
    with respx_router("httpx"), FilesMock() as mock:
        call_both(httpx, mock)


def test_respx_using_httpx_that_was_started_last_needs_a_line() -> None:
    """Its patch is then the outer one and has no route for ours; `pass_through()` adds it."""
    with FilesMock() as mock, respx_router("httpx") as router:
        router.route(host="chat.eugpt.ai").pass_through()
        call_both(httpx, mock)


def test_respx_using_httpx_that_was_started_last_refuses_loudly_without_it() -> None:
    """The request fails with respx's own message, instead of reaching the service."""
    with FilesMock() as mock, respx_router("httpx"):
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get(f"{mock.base_url}/files")
        httpx.get(OTHER)


def test_strict_requests_mock_that_was_started_first_serves_its_own() -> None:
    """It replaces `Session.send` to use an adapter of its own; we answer all the same."""
    with requests_mocker(), FilesMock() as mock:
        call_both(requests, mock)


def test_strict_requests_mock_that_was_started_last_needs_a_line() -> None:
    """It refuses what it doesn't know; `real_http` for our host hands the request on to us."""
    with FilesMock() as mock, requests_mocker() as neighbour:
        neighbour.register_uri(requests_mock.ANY, re.compile("//chat.eugpt.ai/"), real_http=True)
        call_both(requests, mock)


def test_strict_requests_mock_that_was_started_last_refuses_loudly_without_it() -> None:
    """It raises its own `NoMockAddress`, and nothing reaches the service."""
    with FilesMock() as mock, requests_mocker(), pytest.raises(requests_mock.NoMockAddress):
        requests.get(f"{mock.base_url}/files", timeout=1)


# -- left crosswise: first in, first out, as fixtures of different scopes may do it ----------------


def seams() -> list[object]:
    owners = {
        "_transport_for_url": ("Client", "AsyncClient"),
        "handle_request": ("HTTPTransport",),
        "handle_async_request": ("AsyncHTTPTransport",),
    }
    return [
        *(
            getattr(getattr(library, owner), name)
            for library in (httpx, httpx2)
            for name, names in owners.items()
            for owner in names
        ),
        requests.Session.get_adapter,
        HTTPAdapter.get_connection_with_tls_context,
        HTTPAdapter.send,
    ]


def seams_after_a_call() -> list[object]:
    """What neighbours had restored of ours is taken off by the next call."""
    with broken_server(replying(200, b'"real"')) as real:
        for library in (httpx, httpx2):
            assert "real" == library.get(real).json()
            assert "real" == anyio.run(get_async, library, real).json()
        assert "real" == requests.get(real, timeout=5).json()
    return seams()


async def get_async(library: Any, url: str, **words: Any) -> Any:
    async with library.AsyncClient() as client:
        return await client.get(url, **words)


class Wrapping(httpx.BaseTransport):
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self.inner.handle_request(request)
        return response


def call_ours(mock: FilesMock) -> None:
    """With each library, sync and async, and with a transport that wraps another."""
    url, headers = f"{mock.base_url}/files", {"Authorization": f"Bearer {mock.api_key}"}
    wrapped = httpx.Client(transport=Wrapping(httpx.HTTPTransport(verify=False)))
    answers = [
        *(library.get(url, headers=headers, timeout=5) for library in (httpx, httpx2, requests)),
        *(
            anyio.run(partial(get_async, library, url, headers=headers))
            for library in (httpx, httpx2)
        ),
        wrapped.get(url, headers=headers),
    ]
    assert [200] * 6 == [answer.status_code for answer in answers]


@contextmanager
def respx_for_clients() -> Iterator[respx.MockRouter]:
    """Patches the attribute that we patch; the line is for when it was started last."""
    with respx.mock(using="httpx", assert_all_called=False) as router:
        router.get(OTHER).respond(200, text="neighbour")
        router.route(host="127.0.0.1").pass_through()
        yield router


CROSSWISE = {**BESIDE, "respx using httpx": (httpx, respx_for_clients)}


@pytest.mark.parametrize("name", CROSSWISE)
def test_ours_is_left_first_and_the_neighbour_still_serves(name: str) -> None:
    """Also beside a second mock of ours; when all are left, the clients are as before."""
    library, neighbour = CROSSWISE[name]
    before = seams_after_a_call()
    with broken_server(replying(200, b'"real"')) as base_url, ExitStack() as neighbours:
        with FilesMock(base_url=base_url) as mock:
            neighbours.enter_context(neighbour())
            call_both(library, mock)
        assert "neighbour" == library.get(OTHER).text
        with FilesMock(base_url=base_url) as again:
            call_both(library, again)
        assert "neighbour" == library.get(OTHER).text
    assert before == seams_after_a_call()


@pytest.mark.parametrize("name", CROSSWISE)
def test_the_neighbour_is_left_first_and_ours_never_lets_a_request_out(name: str) -> None:
    """As it restores, it may take our patches off; the real server behind must see nothing."""
    library, neighbour = CROSSWISE[name]
    before = seams_after_a_call()
    came: list[object] = []
    with broken_server(came.append) as base_url:
        with ExitStack() as neighbours:
            neighbours.enter_context(neighbour())
            mock = FilesMock(base_url=base_url).start()
            call_both(library, mock)
        mock.reset()
        call_ours(mock)
        mock.stop()
        assert [] == came
    assert before == seams_after_a_call()


@pytest.mark.parametrize("name", CROSSWISE)
def test_what_a_neighbour_restored_of_ours_is_taken_off_by_the_next_mock(name: str) -> None:
    """The neighbour may put back a patch of ours after we have stopped."""
    before = seams_after_a_call()
    _, neighbour = CROSSWISE[name]
    mock = FilesMock().start()
    with neighbour() as it:
        for _ in range(3):
            mock.stop()
            mock.start()
        mock.stop()
        if name.startswith("respx"):
            it.reset()
            it.clear()
        elif it is not None:
            it.reset()
    with FilesMock():
        pass
    assert before == seams()


@pytest.fixture
def left_after_the_neighbour() -> Iterator[FilesMock]:
    """Requested before a fixture, started after it, and left after it."""
    before = seams_after_a_call()
    with broken_server(replying(200, b'"real"')) as base_url:
        mock = FilesMock(base_url=base_url)
        yield mock
        mock.reset()
        call_ours(mock)
        mock.stop()
    assert before == seams_after_a_call()


def test_pytest_httpx_is_left_first(
    left_after_the_neighbour: FilesMock, httpx_mock: pytest_httpx.HTTPXMock
) -> None:
    """The later fixture ends first; our mock must then still answer every client."""
    mock = left_after_the_neighbour.start()
    httpx_mock.add_response(url=OTHER, text="neighbour")
    call_both(httpx, mock)


@pytest.fixture
def the_seams_are_restored() -> Iterator[None]:
    before = seams_after_a_call()
    yield
    assert before == seams_after_a_call()


@pytest.mark.usefixtures("the_seams_are_restored")
def test_pytest_httpx_is_left_last(request: pytest.FixtureRequest) -> None:
    """It is requested inside our `with`, and goes on answering when we have stopped."""
    with FilesMock() as mock:
        httpx_mock = request.getfixturevalue("httpx_mock")
        httpx_mock.add_response(url=OTHER, text="neighbour", is_reusable=True)
        call_both(httpx, mock)
    assert "neighbour" == httpx.get(OTHER).text
