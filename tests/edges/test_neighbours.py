"""Beside other mocks, in both orders: our URLs are ours, all others are theirs, nobody complains.

`CANNOT` are the two that cannot do it alone, with the line that helps; the docs show this table.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import requests_mock
import responses
import respx
import vcr

from eugpt_files_mock import FilesMock

OTHER = "https://neighbour.example/hello"
ORDERS = ("neighbour first", "neighbour last")
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
    "requests-mock, strict": (requests, requests_mocker),
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


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", BESIDE)
def test_each_serves_its_own(name: str, order: str) -> None:
    library, neighbour = BESIDE[name]
    mock = FilesMock()
    first, last = (neighbour(), mock) if order == "neighbour first" else (mock, neighbour())
    with first, last:
        call_both(library, mock)


def test_respx_using_httpx_that_was_started_first_serves_its_own() -> None:
    with respx_router("httpx"), FilesMock() as mock:
        call_both(httpx, mock)


def test_respx_using_httpx_that_was_started_last_needs_a_line() -> None:
    with FilesMock() as mock, respx_router("httpx") as router:
        router.route(host="chat.eugpt.ai").pass_through()
        call_both(httpx, mock)


def test_respx_using_httpx_that_was_started_last_refuses_loudly_without_it() -> None:
    with FilesMock() as mock, respx_router("httpx"):
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get(f"{mock.base_url}/files")
        httpx.get(OTHER)


@pytest.mark.parametrize("order", ORDERS)
def test_strict_requests_mock_needs_a_line(order: str) -> None:
    mock = FilesMock()
    neighbour = requests_mocker()
    first, last = (neighbour, mock) if order == "neighbour first" else (mock, neighbour)
    with first as one, last as two:
        requests_mocker_ = one if order == "neighbour first" else two
        requests_mocker_.register_uri(
            requests_mock.ANY, re.compile("//chat.eugpt.ai/"), real_http=True
        )
        call_both(requests, mock)


@pytest.mark.parametrize("order", ORDERS)
def test_strict_requests_mock_refuses_loudly_without_it(order: str) -> None:
    mock = FilesMock()
    first, last = (
        (requests_mocker(), mock) if order == "neighbour first" else (mock, requests_mocker())
    )
    with first, last, pytest.raises(requests_mock.NoMockAddress):
        requests.get(f"{mock.base_url}/files", timeout=1)


@pytest.mark.parametrize("order", ORDERS)
def test_pytest_httpx_serves_its_own(order: str, request: pytest.FixtureRequest) -> None:
    """Its strict checks run at the teardown of this test."""
    mock = FilesMock()
    if order == "neighbour first":
        request.getfixturevalue("httpx_mock").add_response(url=OTHER, text="neighbour")
    with mock:
        if order == "neighbour last":
            request.getfixturevalue("httpx_mock").add_response(url=OTHER, text="neighbour")
        call_both(httpx, mock)


@pytest.mark.parametrize("order", ORDERS)
def test_mocks_that_are_left_crosswise_leave_nothing_behind(order: str) -> None:
    """First in, first out: as fixtures of different scopes may do it."""
    originals = httpx.Client._transport_for_url, requests.Session.get_adapter
    mock, neighbour = FilesMock(), responses_mock()
    first, last = (neighbour, mock) if order == "neighbour first" else (mock, neighbour)
    first.__enter__()
    last.__enter__()
    call_both(requests, mock)
    first.__exit__(None, None, None)
    last.__exit__(None, None, None)
    assert originals == (httpx.Client._transport_for_url, requests.Session.get_adapter)
