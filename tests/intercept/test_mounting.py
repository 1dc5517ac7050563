"""`mount`: the mock within another mock, in every order of starting and stopping the two."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import requests
import responses
import respx
from requests.adapters import HTTPAdapter

from eugpt_files_mock import FilesMock, OptionError

importlib.import_module("pytest_httpx2")  # registers its respx Mocker

OTHER = "https://neighbour.example/hello"
AUTH = {"Authorization": "Bearer eugpt_test"}


def strict_router(using: str) -> respx.MockRouter:
    return respx.mock(using=using, assert_all_called=True, assert_all_mocked=True)


def strict_responses() -> responses.RequestsMock:
    return responses.RequestsMock(assert_all_requests_are_fired=True)


OTHERS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "respx, using httpx": (httpx, lambda: strict_router("httpx")),
    "respx, using httpcore": (httpx, lambda: strict_router("httpcore")),
    "respx, using httpcore2": (httpx2, lambda: strict_router("httpcore2")),
    "respx.mock": (httpx, lambda: respx.mock),
    "responses.RequestsMock": (requests, strict_responses),
    "responses": (requests, lambda: responses),
}
ORDERS = [
    order
    for order in permutations(("mock", "other", "mount"))
    for order in [(*order, "mock left", "other left"), (*order, "other left", "mock left")]
]


def started(other: Any) -> Any:
    """The object that has `start` and `stop`, with one route of its own."""
    if isinstance(other, respx.MockRouter):
        other.get(OTHER).respond(200, text="neighbour")
    else:
        other.get(OTHER, body="neighbour")
    return other


def routes(other: Any) -> list[object]:
    """What it holds, to see that nothing of ours is left there."""
    if isinstance(other, respx.MockRouter):
        return list(other.routes)
    return list((responses.mock if other is responses else other).passthru_prefixes)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert [] == routes(respx.mock)
    assert [] == routes(responses)
    responses.reset()


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("name", OTHERS)
def test_our_urls_are_answered_within_a_strict_mock(name: str, order: tuple[str, ...]) -> None:
    """Whoever was started first, mounted before or after, and left in any order."""
    library, make = OTHERS[name]
    other, mock = make(), FilesMock()
    before = routes(other)
    for step in order:
        if step == "mock":
            mock.start()
        elif step == "other":
            other.start()
            started(other)
        elif step == "mount":
            assert None is mock.mount(other)
        elif step == order[3]:
            ask(library, mock)
            # Its own checks, at which a route of ours that wasn't called would fail.
            (other if step == "other left" else mock).stop()
        else:
            (other if step == "other left" else mock).stop()
    if isinstance(other, respx.MockRouter):
        assert before == routes(other)
    else:
        other.reset()
        assert before == routes(other)


def ask(library: Any, mock: FilesMock) -> None:
    ours = library.get(f"{mock.base_url}/files", headers=AUTH, timeout=5)
    assert (200, "list") == (ours.status_code, ours.json()["object"])
    assert 404 == library.get("https://chat.eugpt.ai/elsewhere", headers=AUTH).status_code
    assert "neighbour" == library.get(OTHER, timeout=5).text
    mock.assert_called("list", times=1)
    assert 2 == len(mock.calls)
    mock.reset()


@pytest.mark.parametrize("name", OTHERS)
def test_a_mock_of_which_no_url_was_asked_for_fails_no_check(name: str) -> None:
    """It counts as called: that the code under test didn't come by is no matter of that check."""
    _, make = OTHERS[name]
    other = make()
    with contextlib.suppress(AttributeError):
        other.assert_all_requests_are_fired = True
    other.start()
    with FilesMock() as mock:
        mock.mount(other)
        other.stop()
    other.reset()


def test_a_route_that_was_not_called_still_fails_their_check() -> None:
    """Only ours counts as called."""
    router = strict_router("httpx")
    router.start()
    with FilesMock() as mock:
        mock.mount(router)
        router.get(OTHER).respond(200)
        httpx.get(f"{mock.base_url}/files", headers=AUTH)
        with pytest.raises(AssertionError, match="not called"):
            router.stop()


def test_a_route_that_matches_everything_does_not_take_our_urls() -> None:
    """Ours lies before it, also if it was there earlier."""
    with FilesMock() as mock, strict_router("httpx") as router:
        router.route().respond(200, text="everything")
        mock.mount(router)
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code
        assert "everything" == httpx.get(OTHER).text
        mock.assert_called("list", times=1)


@pytest.mark.parametrize("using", ["httpx", "httpcore"])
def test_after_the_mock_was_left_a_router_refuses_again(using: str) -> None:
    """What was mounted is taken out, and lets no request out to the service."""
    with strict_router(using) as router:
        with FilesMock() as mock:
            mock.mount(router)
            httpx.get(f"{mock.base_url}/files", headers=AUTH)
            router.get(OTHER).respond(200)
            httpx.get(OTHER)
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get(f"{mock.base_url}/files")


def test_after_the_mock_was_left_responses_refuses_again() -> None:
    """Also where requests is asked below its sessions."""
    request = requests.Request("GET", "https://chat.eugpt.ai/v1/files", headers=AUTH).prepare()
    with responses.RequestsMock() as other:
        with FilesMock() as mock:
            mock.mount(other)
            assert 200 == HTTPAdapter().send(request).status_code
        with pytest.raises(requests.ConnectionError, match="refused by Responses"):
            HTTPAdapter().send(request)


def test_mounted_twice_it_is_there_once() -> None:
    """The second time has no effect."""
    with FilesMock() as mock, respx.mock(using="httpx") as router:
        mock.mount(router)
        mock.mount(router)
        assert 1 == len(router.routes)
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code


def test_two_mocks_are_mounted_in_one_router() -> None:
    """Each answers its own URLs."""
    with (
        FilesMock() as eugpt,
        FilesMock(base_url="https://files.example/v1") as other,
        respx.mock(using="httpx") as router,
    ):
        eugpt.mount(router)
        other.mount(router)
        for mock in (eugpt, other):
            assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code
            mock.assert_called("list", times=1)


def test_a_path_in_passthrough_stays_with_the_other_mock() -> None:
    """As without `mount`."""
    with FilesMock(passthrough="/v1/chat") as mock, respx.mock(using="httpx") as router:
        mock.mount(router)
        router.post("https://chat.eugpt.ai/v1/chat/completions").respond(json={"choices": []})
        answer = httpx.post("https://chat.eugpt.ai/v1/chat/completions", json={})
        assert {"choices": []} == answer.json()
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code


@pytest.mark.parametrize("name", OTHERS)
def test_a_strict_mock_lets_requests_to_a_port_through(name: str) -> None:
    """A served mock is mounted too."""
    library, make = OTHERS[name]
    other = make()
    other.start()
    started(other)
    with FilesMock().serve() as mock:
        mock.mount(other)
        answer = library.get(f"{mock.base_url}/files", headers=AUTH, timeout=5)
        assert 200 == answer.status_code
        assert "neighbour" == library.get(OTHER).text
    other.stop()
    other.reset()


# -- as the suites of others have them -------------------------------------------------------------


@respx.mock(using="httpx")
def test_within_a_decorator_of_respx(respx_mock: respx.MockRouter) -> None:
    """`@respx.mock(...)`, with the router as an argument."""
    with FilesMock() as mock:
        mock.mount(respx_mock)
        respx_mock.get(OTHER).respond(200, text="neighbour")
        ask(httpx, mock)


def test_within_the_global_decorator_async() -> None:
    """`@respx.mock` around a coroutine, which has no argument for it."""

    @respx.mock
    async def run() -> None:
        respx.get(OTHER).respond(200, text="neighbour")
        async with FilesMock() as mock, httpx.AsyncClient() as client:
            mock.mount(respx.mock)
            assert 200 == (await client.get(f"{mock.base_url}/files", headers=AUTH)).status_code
            assert "neighbour" == (await client.get(OTHER)).text

    anyio.run(run)


@pytest.mark.respx(using="httpx", assert_all_called=True)
def test_within_the_fixtures_async(respx_mock: respx.MockRouter, eugpt_files: FilesMock) -> None:
    """Both as fixtures, and an async client."""

    async def ask_async() -> int:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{eugpt_files.base_url}/files", headers=AUTH)).status_code

    eugpt_files.mount(respx_mock)
    assert 200 == anyio.run(ask_async)


@responses.activate(assert_all_requests_are_fired=True)
def test_within_a_decorator_of_responses(eugpt_files: FilesMock) -> None:
    """`@responses.activate`, and the module itself."""
    eugpt_files.mount(responses)
    responses.get(OTHER, body="neighbour")
    ask(requests, eugpt_files)


# -- what it can't be mounted in -------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [None, "respx", respx, respx.MockRouter, responses.RequestsMock, FilesMock(), httpx.Client],
    ids=str,
)
def test_anything_else_is_refused(other: object) -> None:
    """With what it can be mounted in."""
    with pytest.raises(OptionError, match=r"respx\.mock.*MockRouter.*RequestsMock.*responses"):
        FilesMock().mount(other)
