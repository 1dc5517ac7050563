"""requests with adapters of the user's own, and urllib3 beneath: nothing of ours gets out."""

from __future__ import annotations

import contextlib
import gzip
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from eugpt_files_mock import FilesMock, faults

from . import broken_server as broken

AUTH = {"Authorization": "Bearer eugpt_test"}
TIMEOUT = 3


@pytest.fixture
def touched() -> list[bool]:
    """One for each connection that arrived at the real server."""
    return []


@pytest.fixture
def mock(touched: list[bool]) -> Iterator[FilesMock]:
    """A mock of an address where a real server listens, which is to see nothing."""

    def answer(connection: socket.socket) -> None:
        touched.append(True)
        broken.replying(200, b"from the real server")(connection)

    with (
        broken.broken_server(answer) as base_url,
        FilesMock(base_url=base_url, assert_all_requests_known=False) as mock,
    ):
        yield mock
        assert [] == touched


# -- adapters that make connections of their own -----------------------------------------------


class Connecting(HTTPAdapter):
    """As people write them: sends by itself, through a connection that it makes."""

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        response = self.connection(request.url).urlopen(
            method=request.method,
            url=request.path_url,
            body=request.body,
            headers=request.headers,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, response)

    def connection(self, url: str) -> Any:
        return self.poolmanager.connection_from_url(url)


class ByHost(Connecting):
    def connection(self, url: str) -> Any:
        parts = urlsplit(url)
        return self.poolmanager.connection_from_host(parts.hostname, parts.port, parts.scheme)


class ByTheAdaptersOldMethod(Connecting):
    def connection(self, url: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.get_connection(url)


class Choosing(requests.Session):
    """A session that chooses an adapter by itself."""

    def __init__(self, adapter: HTTPAdapter) -> None:
        super().__init__()
        self.adapter = adapter

    def get_adapter(self, url: str) -> HTTPAdapter:
        return self.adapter


def mounted(adapter: HTTPAdapter, url: str) -> requests.Response:
    with requests.Session() as session:
        session.mount("http://", adapter)
        return session.get(url, headers=AUTH, timeout=TIMEOUT)


def chosen(adapter: HTTPAdapter, url: str) -> requests.Response:
    with Choosing(adapter) as session:
        return session.get(url, headers=AUTH, timeout=TIMEOUT)


def alone(adapter: HTTPAdapter, url: str) -> requests.Response:
    return adapter.send(requests.Request("GET", url, headers=AUTH).prepare(), timeout=TIMEOUT)


@pytest.mark.parametrize("responses_too", [False, True])
@pytest.mark.parametrize("way", [mounted, chosen, alone])
@pytest.mark.parametrize("kind", [Connecting, ByHost, ByTheAdaptersOldMethod])
def test_an_adapter_that_sends_by_itself_does_not_get_out(
    kind: type[Connecting],
    way: Callable[[HTTPAdapter, str], requests.Response],
    responses_too: bool,
    mock: FilesMock,
) -> None:
    """By whichever method it gets its connection, and also while responses is active."""
    with contextlib.ExitStack() as stack:
        if responses_too:
            stack.enter_context(responses.RequestsMock())
        adapter = stack.enter_context(contextlib.closing(kind()))
        answer = way(adapter, f"{mock.base_url}/files?limit=5")
    assert (200, []) == (answer.status_code, answer.json()["data"])
    assert "5" == mock.calls.last.query["limit"]


@pytest.mark.parametrize("kind", [Connecting, ByHost, ByTheAdaptersOldMethod])
def test_an_adapter_that_sends_by_itself_reaches_every_other_host(kind: type[Connecting]) -> None:
    """A real server answers, and the request isn't among `mock.calls`."""
    real = broken.replying(200, b"from the real server")
    with broken.broken_server(real) as base_url, FilesMock() as mock:
        with contextlib.closing(kind()) as adapter:
            assert "from the real server" == mounted(adapter, f"{base_url}/files").text
        assert 0 == len(mock.calls)


def test_an_http_proxy_is_not_asked(mock: FilesMock) -> None:
    """What it would be asked for is ours; here nobody even listens at its address."""
    with broken.nobody() as proxy:
        answer = requests.get(
            f"{mock.base_url}/files",
            headers=AUTH,
            timeout=TIMEOUT,
            proxies={"http": proxy.removesuffix("/v1")},
        )
    assert 200 == answer.status_code


class Double(BaseAdapter):
    """What stands for a service in a test, such as an adapter for WSGI applications."""

    def send(self, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 204
        return response

    def close(self) -> None:
        pass


@pytest.mark.parametrize("responses_too", [False, True])
def test_a_double_of_the_users_own_is_left_alone(responses_too: bool, mock: FilesMock) -> None:
    """It stands for a service in the user's test and reaches no network; also beside responses."""
    with contextlib.ExitStack() as stack, requests.Session() as session:
        if responses_too:
            stack.enter_context(responses.RequestsMock())
        session.mount(mock.base_url, Double())
        assert 204 == session.get(f"{mock.base_url}/files").status_code
    assert 0 == len(mock.calls)


# -- what urllib3 does ---------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"connect": 1, "read": 2}])
def test_a_total_timeout_holds_for_each_call(more: dict[str, float], mock: FilesMock) -> None:
    """One `Timeout` object may serve many calls: its clock must not run on from the first."""
    timeout: Any = urllib3.Timeout(total=3, **more)
    for _ in range(2):
        answer = requests.get(f"{mock.base_url}/files", headers=AUTH, timeout=timeout)
        assert 200 == answer.status_code
    mock.inject(faults.timeout(), on="list")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{mock.base_url}/files", headers=AUTH, timeout=timeout)


@pytest.fixture
def pool(mock: FilesMock) -> Iterator[urllib3.HTTPConnectionPool]:
    with urllib3.connection_from_url(mock.base_url, headers=AUTH, timeout=TIMEOUT) as pool:
        yield pool


def test_plain_urllib3_does_not_get_out(mock: FilesMock) -> None:
    """Without requests above it, an upload through a `PoolManager` is answered by the mock."""
    with urllib3.PoolManager() as manager:
        form: Any = {"purpose": "batch", "file": ("a.txt", b"abc")}
        url = f"{mock.base_url}/files"
        answer = manager.request("POST", url, fields=form, headers=AUTH, timeout=TIMEOUT)
        assert (200, 3) == (answer.status, answer.json()["bytes"])


def test_a_pool_of_urllib3_takes_its_arguments_by_position(
    pool: urllib3.HTTPConnectionPool, mock: FilesMock
) -> None:
    """Body, headers and retries may come without their names, as `urlopen` allows."""
    answer = pool.urlopen("POST", "/v1/files", memoryview(b"x"), {"X-Trace": "7"}, False)
    assert (401, "7") == (answer.status, mock.calls.last.headers["x-trace"])


def test_a_pool_of_urllib3_has_headers_and_a_timeout_of_its_own(
    pool: urllib3.HTTPConnectionPool, mock: FilesMock
) -> None:
    """Given once, when the pool is made, they hold for each call that names none."""
    assert 200 == pool.urlopen("GET", "/v1/files").status
    mock.inject(faults.timeout(), on="list")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.urlopen("GET", "/v1/files", retries=False)


@pytest.mark.parametrize(("retries", "tries"), [(None, 4), (2, 3)])
def test_urllib3_retries_as_often_as_it_was_told(
    retries: Any, tries: int, pool: urllib3.HTTPConnectionPool, mock: FilesMock
) -> None:
    """Without a number it is urllib3's own default, three retries after the first attempt."""
    mock.inject(faults.connection_reset(), on="list", times=tries - 1)
    assert 200 == pool.urlopen("GET", "/v1/files", retries=retries).status
    assert tries == len(mock.calls)


@pytest.mark.parametrize(
    ("retries", "error"),
    [(0, urllib3.exceptions.MaxRetryError), (False, urllib3.exceptions.ProtocolError)],
)
def test_urllib3_without_retries_fails_as_ever(
    retries: Any, error: type[Exception], pool: urllib3.HTTPConnectionPool, mock: FilesMock
) -> None:
    """With 0 it is `MaxRetryError`, with `False` the error itself; both after one call."""
    mock.inject(faults.connection_reset(), on="list")
    with pytest.raises(error):
        pool.urlopen("GET", "/v1/files", retries=retries)
    assert 1 == len(mock.calls)


@pytest.mark.parametrize("preload", [False, True])
@pytest.mark.parametrize("decode", [False, True])
def test_urllib3_reads_and_decodes_when_it_was_told(
    decode: bool, preload: bool, pool: urllib3.HTTPConnectionPool, mock: FilesMock
) -> None:
    """`preload_content` and `decode_content` decide when a gzip body is read and unpacked."""
    packed = gzip.compress(b"unpacked")
    mock.inject(faults.http_error(500, body=packed, headers={"Content-Encoding": "gzip"}))
    answer = pool.urlopen("GET", "/v1/files", preload_content=preload, decode_content=decode)
    assert (b"" if preload else b"unpacked" if decode else packed) == answer.read()
    assert not preload or (b"unpacked" if decode else packed) == answer.data


# -- the same in process and on a port ------------------------------------------------------------


@pytest.fixture(params=["in process", "on a port"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[FilesMock]:
    mock = FilesMock()
    with mock if request.param == "in process" else mock.serve():
        yield mock


def test_the_answer_to_head_has_no_body(anywhere: FilesMock) -> None:
    """A client must not wait for the bytes whose length is announced."""
    answer = requests.head(f"{anywhere.base_url}/files", headers=AUTH, timeout=TIMEOUT)
    assert (405, b"") == (answer.status_code, answer.content)
    assert 0 < int(answer.headers["Content-Length"])


def test_a_cookie_in_an_answer_is_kept_by_the_session(anywhere: FilesMock) -> None:
    """Even the cookie of a 503 that a fault answers: the second request sends it back."""
    cookie = faults.http_error(503, headers={"Set-Cookie": "route=b; Path=/"})
    anywhere.inject(cookie, on="list")
    with requests.Session() as session:
        for _ in range(2):
            session.get(f"{anywhere.base_url}/files", headers=AUTH, timeout=TIMEOUT)
        assert {"route": "b"} == session.cookies.get_dict()
    assert ["cookie" in call.headers for call in anywhere.calls] == [False, True]


# -- retries ------------------------------------------------------------------------------------


def test_an_adapter_whose_retries_are_a_number_is_answered(mock: FilesMock) -> None:
    """urllib3 takes a number in the place of a `Retry`, and so do we."""
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.adapters[scheme].max_retries = 2
        assert 200 == session.get(f"{mock.base_url}/files", headers=AUTH, timeout=3).status_code
