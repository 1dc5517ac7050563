"""Tracers wrap the methods of clients by wrapt's proxies: they see our calls too, and stay."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
import requests
import urllib3
import wrapt

from eugpt_files_mock import FilesMock

from .broken_server import broken_server, replying

httpx2 = pytest.importorskip("httpx2")

AUTH = {"Authorization": "Bearer eugpt_test"}


async def get_async(library: Any, url: str) -> int:
    async with library.AsyncClient() as client:
        return int((await client.get(url, headers=AUTH)).status_code)


CALLS: dict[str, tuple[str, Callable[[str], int]]] = {
    "httpx": (
        "httpx:HTTPTransport.handle_request",
        lambda url: httpx.get(url, headers=AUTH).status_code,
    ),
    "httpx async": (
        "httpx:AsyncHTTPTransport.handle_async_request",
        lambda url: anyio.run(get_async, httpx, url),
    ),
    "httpx2": (
        "httpx2:HTTPTransport.handle_request",
        lambda url: httpx2.get(url, headers=AUTH).status_code,
    ),
    "httpx2 async": (
        "httpx2:AsyncHTTPTransport.handle_async_request",
        lambda url: anyio.run(get_async, httpx2, url),
    ),
    "requests": (
        "requests:Session.send",
        lambda url: requests.get(url, headers=AUTH, timeout=5).status_code,
    ),
    "requests over a traced urllib3": (
        "urllib3.connectionpool:HTTPConnectionPool.urlopen",
        lambda url: requests.get(url, headers=AUTH, timeout=5).status_code,
    ),
    "urllib3": (
        "urllib3.connectionpool:HTTPConnectionPool.urlopen",
        lambda url: urllib3.request("GET", url, headers=AUTH).status,
    ),
}


@contextmanager
def traced(target: str) -> Iterator[list[str]]:
    """A wrapper around this method, which counts, and is taken off as tracers do it."""
    seen: list[str] = []

    def count(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append(wrapped.__name__)
        return wrapped(*args, **kwargs)

    module, _, path = target.partition(":")
    owner, _, name = path.rpartition(".")
    wrapt.wrap_function_wrapper(sys.modules[module], path, count)
    yield seen
    kind = pkgutil.resolve_name(f"{module}:{owner}")
    setattr(kind, name, vars(kind)[name].__wrapped__)


@pytest.fixture
def real() -> Iterator[str]:
    with broken_server(replying(200, b'"real"')) as base_url:
        yield base_url


def method(target: str) -> Any:
    kind = pkgutil.resolve_name(target.rpartition(".")[0])
    return vars(kind)[target.rpartition(".")[2]]


@pytest.mark.parametrize("name", CALLS)
def test_a_tracer_that_was_there_before_sees_both(name: str, real: str) -> None:
    target, call = CALLS[name]
    before = method(target)
    with traced(target) as seen:
        with FilesMock() as mock:
            assert (200, 1) == (call(real), len(seen))
            assert (200, 2) == (call(f"{mock.base_url}/files"), len(seen))
            assert 1 == len(mock.calls)
        assert (200, 3) == (call(real), len(seen))
    assert before is method(target)


@pytest.mark.parametrize("name", CALLS)
def test_a_tracer_that_came_meanwhile_sees_both_and_stays(name: str, real: str) -> None:
    target, call = CALLS[name]
    before = method(target)
    mock = FilesMock().start()
    with traced(target) as seen:
        assert (200, 1) == (call(real), len(seen))
        assert (200, 2) == (call(f"{mock.base_url}/files"), len(seen))
        mock.stop()
        assert (200, 3) == (call(real), len(seen))
    assert 200 == call(real)
    assert (3, True) == (len(seen), before is method(target))


@pytest.mark.parametrize("name", CALLS)
def test_a_tracer_that_left_meanwhile_leaves_the_mock_in_place(name: str, real: str) -> None:
    target, call = CALLS[name]
    before = method(target)
    with FilesMock() as mock:
        with traced(target):
            pass
        assert (200, 200) == (call(real), call(f"{mock.base_url}/files"))
    assert before is method(target)


def test_sentry_sees_http_client_under_requests() -> None:
    """It replaces two methods of http.client by plain functions."""
    import http.client

    kind, seen = http.client.HTTPConnection, []
    own = kind.putrequest

    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(url)
        answer = own(self, method, url, *args, **kwargs)
        self.putheader("sentry-trace", "7")
        return answer

    kind.putrequest = putrequest  # type: ignore[method-assign]
    try:
        with FilesMock() as mock:
            requests.get(f"{mock.base_url}/files", headers=AUTH, timeout=5)
            assert (["/v1/files"], "7") == (seen, mock.calls.last.headers["sentry-trace"])
    finally:
        kind.putrequest = own  # type: ignore[method-assign]


def test_a_transport_that_is_wrapped_keeps_its_retries() -> None:
    """Those are httpcore's, below where a transport can be replaced."""
    from eugpt_files_mock import faults

    class Slotted(httpx.BaseTransport):
        __slots__ = ("_inner",)

        def __init__(self, inner: httpx.BaseTransport) -> None:
            self._inner = [inner]

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return self._inner[0].handle_request(request)

    retrying = partial(httpx.HTTPTransport, retries=2, verify=False)
    for transport in (retrying(), Slotted(retrying())):
        with FilesMock() as mock, httpx.Client(transport=transport, headers=AUTH) as client:
            mock.inject(faults.connection_refused(), on="list", times=2)
            assert 200 == client.get(f"{mock.base_url}/files").status_code
            assert 3 == len(mock.calls)
