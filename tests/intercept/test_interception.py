"""What is intercepted, what is not, and that nothing is left behind."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import httpx
import pytest
import requests
import responses
from packaging.version import Version
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from urllib3 import Retry
from urllib3.connectionpool import HTTPConnectionPool

from eugpt_files_mock import ExpectationNotMet, FilesMock, PatchTargetMissing, StateError, faults
from eugpt_files_mock.intercept import registry
from eugpt_files_mock.service.operations import _files_route

from ..clients import IN_PROCESS, Client, connected
from ..conftest import WAYS, entered
from . import broken_server as broken

AUTH = {"Authorization": "Bearer eugpt_test"}
FORM: dict[str, Any] = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}


def seams() -> list[object]:
    return [
        httpx.Client._transport_for_url,
        httpx.AsyncClient._transport_for_url,
        requests.Session.get_adapter,
        HTTPAdapter.get_connection_with_tls_context,
        HTTPAdapter.send,
        HTTPConnectionPool.urlopen,
    ]


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_client_made_before_the_mock_is_intercepted(kind: type[Client]) -> None:
    """An application may make its client at import: the class is patched, not the object."""
    mock = FilesMock()
    with connected(kind, mock.base_url, mock.api_key) as client, mock:
        assert 200 == client.list().status
        mock.assert_called("list", times=1)


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_every_other_host_is_reached_as_without_the_mock(kind: type[Client]) -> None:
    """A real server answers, and the request isn't among `mock.calls`."""
    real = broken.replying(200, b'{"from": "a real server"}')
    with broken.broken_server(real) as base_url, FilesMock() as mock:
        with connected(kind, base_url, "eugpt_x") as client:
            assert b'{"from": "a real server"}' == client.list().body
        assert 0 == len(mock.calls)


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_an_unknown_path_on_our_host_never_leaves_and_fails_the_test(kind: type[Client]) -> None:
    """`/v2` isn't the service's: the client gets 404, and the final error lists the request."""
    mock = FilesMock().start()
    with connected(kind, "https://chat.eugpt.ai/v2", mock.api_key) as client:
        answer = client.list()
    assert (404, "route_not_found") == (answer.status, answer.json["error"]["code"])
    assert (None, "/v2/files", 404) == (
        mock.calls.last.operation,
        mock.calls.last.path,
        mock.calls.last.status,
    )
    with pytest.raises(ExpectationNotMet, match=r"What came:\n  \? .* GET /v2/files -> 404"):
        mock.stop()


def test_a_known_path_with_another_method_is_405_and_no_stranger() -> None:
    """It doesn't fail the test, as an unknown path does; `Allow` says what the path takes."""
    with FilesMock() as mock:
        answer = httpx.put(f"{mock.base_url}/files", headers=AUTH)
        assert (405, "POST, GET") == (answer.status_code, answer.headers["allow"])


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.eugpt.ai/v1/files",
        "https://api.eugpt.ai/v1/files",
        "https://CHAT.eugpt.ai:443/v1/files",
        "http://chat.eugpt.ai/v1/files",
    ],
)
@pytest.mark.parametrize("library", [httpx, requests])
def test_both_hosts_are_ours_however_they_are_written(library: Any, url: str) -> None:
    """In capitals, with the default port, or by `http://`: none may reach the service."""
    with FilesMock():
        assert 200 == library.get(url, headers=AUTH).status_code


def test_another_port_of_our_host_is_not_ours() -> None:
    """Another local server must stay reachable; here nobody listens, so it fails to connect."""
    with FilesMock(base_url="http://127.0.0.1:1/v1") as mock, broken.nobody() as base_url:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{base_url}/files")
        assert 0 == len(mock.calls)


@pytest.mark.parametrize("library", [httpx, requests])
def test_any_prefix_can_be_intercepted(library: Any) -> None:
    """A gateway has paths of its own; a slash at the end of `base_url` makes no difference."""
    with FilesMock(base_url="https://gateway.example/eu/gpt/v1/") as mock:
        assert "https://gateway.example/eu/gpt/v1" == mock.base_url
        answer = library.get(f"{mock.base_url}/files", headers=AUTH)
        assert {"object": "list", "data": []} == answer.json()
        assert "/eu/gpt/v1/files" == mock.calls.last.path


@pytest.mark.parametrize("library", [httpx, requests])
def test_passthrough_leaves_a_path_to_others(library: Any) -> None:
    """Only that path and what is below it: `/v1/responses-too` begins alike, and is ours."""
    real = broken.replying(200, b'"from a real server"')
    options: dict[str, Any] = {
        "passthrough": "/v1/responses",
        "assert_all_requests_known": False,
        "allow_network": True,
    }
    with broken.broken_server(real) as base_url, FilesMock(base_url=base_url, **options) as mock:
        assert "from a real server" == library.get(f"{base_url}/responses/7").json()
        assert 401 == library.get(f"{base_url}/responses-too").status_code
        assert 401 == library.get(f"{base_url}/files").status_code
        assert 2 == len(mock.calls)


def test_the_innermost_mock_that_owns_the_url_answers() -> None:
    """Of two with the same URL, the one that was started last stores the upload."""
    with FilesMock() as outer, FilesMock() as inner:
        httpx.post(f"{inner.base_url}/files", headers=AUTH, **FORM)
        assert (0, 1) == (len(outer.files), len(inner.files))


def test_mocks_with_prefixes_on_one_host_answer_for_their_own() -> None:
    """The host is the same, so the path decides; the one started last isn't simply asked."""
    a, b = "https://gateway.example/a/v1", "https://gateway.example/b/v1"
    with FilesMock(base_url=a) as outer, FilesMock(base_url=b) as inner:
        for base_url in (a, b, a):
            assert 200 == requests.get(f"{base_url}/files", headers=AUTH, timeout=1).status_code
        assert (2, 1) == (len(outer.calls), len(inner.calls))


def test_mocks_can_be_left_in_any_order_and_by_an_exception() -> None:
    """The others go on answering; whichever stops last restores the clients."""
    before = seams()
    first, second, third = FilesMock(), FilesMock(base_url="https://b.example/v1"), FilesMock()
    for mock in (first, second, third):
        mock.start()
    first.stop()
    assert 200 == httpx.get(f"{third.base_url}/files", headers=AUTH).status_code
    third.stop()
    assert 200 == httpx.get(f"{second.base_url}/files", headers=AUTH).status_code
    second.stop()
    with pytest.raises(KeyError), FilesMock():
        raise KeyError
    assert before == seams()


def test_a_second_start_is_an_error_and_a_second_stop_is_not() -> None:
    """Cleaning up twice does no harm, and a mock that was stopped can be started again."""
    mock = FilesMock().start()
    with pytest.raises(StateError, match="intercepts already"):
        mock.start()
    mock.stop()
    mock.stop()
    with mock:
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code


def test_all_threads_share_the_active_mocks() -> None:
    """Code under test may send from threads of its own, which know nothing of the mock."""
    statuses = []
    with FilesMock() as mock:

        def call() -> None:
            statuses.append(httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [200] * 8 == statuses


@contextlib.contextmanager
def without(owner: Any, name: str) -> Iterator[None]:
    """A release of a client library that has renamed the attribute."""
    kept = owner.__dict__[name]
    delattr(owner, name)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (httpx.Client, "_transport_for_url"),
        (httpx.AsyncClient, "_transport_for_url"),
        (requests.Session, "get_adapter"),
        (HTTPAdapter, "get_connection_with_tls_context"),
        (HTTPConnectionPool, "urlopen"),
    ],
)
def test_a_library_without_its_seam_is_refused_and_nothing_stays_patched(
    owner: Any, name: str
) -> None:
    """A later release of a client may rename what is patched; the error says what is missing."""
    before = seams()
    with without(owner, name), pytest.raises(PatchTargetMissing, match=name):
        FilesMock().start()
    assert before == seams()
    assert not registry.any_is_active()
    with FilesMock() as mock:
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code


# -- transports of the user's own -------------------------------------------------------------


async def hello(request: Any) -> PlainTextResponse:
    return PlainTextResponse("the user's own app")


APP = Starlette(routes=[Route("/v1/files", hello)])


def test_a_test_client_is_left_alone_even_on_our_host() -> None:
    """It calls the user's own application, which may have the paths of the service."""
    from starlette.testclient import TestClient

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # starlette's own, about httpx
        client = TestClient(APP, base_url="https://chat.eugpt.ai")
    with FilesMock() as mock:
        assert "the user's own app" == client.get("/v1/files").text
        assert 0 == len(mock.calls)


def test_asgi_wsgi_and_mock_transports_are_left_alone() -> None:
    """They reach no network: a test that uses one of them has chosen it on purpose."""

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"wsgi"]

    transports = {
        "wsgi": httpx.WSGITransport(wsgi),
        "mock": httpx.MockTransport(lambda request: httpx.Response(200, text="mock")),
    }
    with FilesMock() as mock:
        for expected, transport in transports.items():
            with httpx.Client(transport=transport) as client:
                assert expected == client.get(f"{mock.base_url}/files").text
        assert 0 == len(mock.calls)


class RetryingTransport(httpx.BaseTransport):
    """As people write them: tries a 503 again, counts, and has a transport inside."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.tries = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        while True:
            self.tries += 1
            response = self.inner.handle_request(request)
            if response.status_code != 503:
                return response

    def close(self) -> None:
        self.inner.close()


def test_a_transport_that_wraps_another_keeps_its_work() -> None:
    """Both layers retry and count, another host is reached, and the inner transport is the same."""
    inner = httpx.HTTPTransport()
    retrying = RetryingTransport(RetryingTransport(inner))
    with httpx.Client(transport=retrying) as client:
        with FilesMock() as mock:
            mock.inject(faults.unavailable(), on="list", times=2)
            assert 200 == client.get(f"{mock.base_url}/files", headers=AUTH).status_code
            assert 3 == len(mock.calls)
            with broken.broken_server(broken.replying(200, b"real")) as base_url:
                assert "real" == client.get(f"{base_url}/files").text
        assert retrying.inner.inner is inner
        assert (2, 4) == (retrying.tries, retrying.inner.tries)


def test_a_transport_that_is_wrapped_keeps_its_retries() -> None:
    """Those are httpcore's, below where a transport can be replaced."""

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


# -- requests -----------------------------------------------------------------------------------


def bodies() -> dict[str, tuple[Any, str]]:
    encoder = MultipartEncoder({"purpose": "batch", "file": ("a.txt", io.BytesIO(b"abc"))})
    monitored = MultipartEncoderMonitor(
        MultipartEncoder({"purpose": "batch", "file": ("a.txt", b"abc")})
    )
    encoded = MultipartEncoder({"purpose": "batch", "file": ("a.txt", b"abc")})
    whole = encoded.read()
    kind = encoded.content_type
    return {
        "bytes": (whole, kind),
        "text": (whole.decode(), kind),
        "a file": (io.BytesIO(whole), kind),
        "a generator": ((whole[i : i + 7] for i in range(0, len(whole), 7)), kind),
        "toolbelt's encoder": (encoder, encoder.content_type),
        "toolbelt's monitor": (monitored, monitored.content_type),
    }


@pytest.mark.parametrize("name", bodies())
def test_requests_can_send_any_body(name: str, mock: FilesMock) -> None:
    """Bytes, text, files, generators and toolbelt's encoders are all read as the same form."""
    body, kind = bodies()[name]
    answer = requests.post(
        f"{mock.base_url}/files", data=body, headers=AUTH | {"Content-Type": kind}, timeout=1
    )
    assert (200, 3) == (answer.status_code, answer.json()["bytes"])


def test_an_adapter_with_retries_retries(mock: FilesMock) -> None:
    """A 503 and a reset are retried by urllib3's own `Retry`, and each attempt is a call."""
    retry = Retry(total=3, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=retry))
        mock.inject([faults.unavailable(), faults.connection_reset()], on="upload")
        answer = session.post(f"{mock.base_url}/files", headers=AUTH, timeout=1, **FORM)
    assert 200 == answer.status_code
    assert [503, None, 200] == [call.status for call in mock.calls]
    assert 1 == len(mock.files)


def test_an_adapter_whose_retries_are_used_up_raises_as_ever(mock: FilesMock) -> None:
    """It is requests' own `RetryError`, after the first attempt and one more."""
    retry = Retry(total=1, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=retry))
        mock.inject(faults.unavailable(), on="list", times=None)
        with pytest.raises(requests.exceptions.RetryError):
            session.get(f"{mock.base_url}/files", headers=AUTH, timeout=1)
    assert 2 == len(mock.calls)


class PatientAdapter(HTTPAdapter):
    """As people write them: gives every request a timeout."""

    def send(self, request: Any, **words: Any) -> requests.Response:
        words["timeout"] = words.get("timeout") or 7
        return super().send(request, **words)


@pytest.mark.parametrize("responses_too", [False, True])
def test_an_adapter_of_the_users_own_keeps_its_work(responses_too: bool) -> None:
    """Also while responses is active, which patches the method that it calls."""
    with FilesMock() as mock, contextlib.ExitStack() as stack, requests.Session() as session:
        if responses_too:
            stack.enter_context(responses.RequestsMock())
        session.mount("https://", PatientAdapter())
        mock.inject(faults.timeout(), on="list")
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{mock.base_url}/files", headers=AUTH)


class ConnectingAdapter(HTTPAdapter):
    """As people write them: makes connections of its own."""

    def get_connection_with_tls_context(self, request: Any, *args: Any, **words: Any) -> Any:
        return self.poolmanager.connection_from_url("http://127.0.0.1:1")


@pytest.mark.parametrize("responses_too", [False, True])
def test_an_adapter_that_makes_connections_of_its_own_does_not_get_out(responses_too: bool) -> None:
    """Its own connection, to port 1, is never used; also while responses is active."""
    with FilesMock() as mock, contextlib.ExitStack() as stack, requests.Session() as session:
        if responses_too:
            stack.enter_context(responses.RequestsMock())
        session.mount("https://", ConnectingAdapter())
        assert 200 == session.get(f"{mock.base_url}/files", headers=AUTH).status_code


def test_an_adapter_can_be_used_without_a_session(mock: FilesMock) -> None:
    """No method of `Session` runs then: the adapter asks for a connection, and gets ours."""
    prepared = requests.Request("GET", f"{mock.base_url}/files", headers=AUTH).prepare()
    with contextlib.closing(HTTPAdapter()) as adapter:
        assert 200 == adapter.send(prepared).status_code


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_large_upload_arrives_whole(kind: type[Client]) -> None:
    """Its content ends like the start of a boundary; a download gives the same bytes back."""
    content = bytes(range(256)) * 20_000 + b"\r\n--"
    with FilesMock() as mock, connected(kind, mock.base_url, mock.api_key) as client:
        file = client.upload("large.bin", content).json
        assert content == mock.files[file["id"]].content == client.download(file["id"]).body


@pytest.mark.skipif(
    Version(version("multipart")) < Version("2"), reason="older releases of multipart copy it"
)
def test_a_large_upload_through_httpx_is_not_even_copied(mock: FilesMock) -> None:
    """What is stored is the very object that the test gave, so it is in memory once."""
    content = bytes(2_000_000)
    form: dict[str, Any] = {"files": {"file": ("a", content)}, "data": {"purpose": "batch"}}
    httpx.post(f"{mock.base_url}/files", headers=AUTH, **form)
    (file,) = mock.files
    is_the_very_object = content is file.content
    assert is_the_very_object


def test_a_large_upload_from_a_file_arrives_whole(mock: FilesMock) -> None:
    """From httpx it comes in pieces, which must be joined in their order."""
    content = bytes(range(256)) * 8_000
    form: dict[str, Any] = {"data": {"purpose": "batch"}}
    for library in (httpx, requests):
        form["files"] = {"file": ("a", io.BytesIO(content))}
        library.post(f"{mock.base_url}/files", headers=AUTH, **form)
    assert [content, content] == [file.content for file in mock.files]


def test_an_upload_whose_body_breaks_off_stores_nothing(mock: FilesMock) -> None:
    """The generator's own error reaches the user; half an upload is a call, as on a port."""

    def body() -> Iterator[bytes]:
        yield b"--b\r\n"
        raise ZeroDivisionError

    headers = AUTH | {"Content-Type": "multipart/form-data; boundary=b"}
    for library in (httpx, requests):
        words = {"content" if library is httpx else "data": body()}
        with pytest.raises(ZeroDivisionError):
            library.post(f"{mock.base_url}/files", headers=headers, **words)
    assert 0 == len(mock.files)
    seen = [(call.status, call.error) for call in mock.calls]  # as on a port
    assert [(None, "invalid_multipart")] * 2 == seen


# -- what is installed ----------------------------------------------------------------------------


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def test_httpx2_under_the_name_of_httpx_is_patched_once() -> None:
    """After `alias_httpx()` both names are one module, and its original must be restored."""
    pytest.importorskip("httpx2")
    code = """
import httpx2; httpx2.alias_httpx()
import httpx
from eugpt_files_mock import FilesMock
original = httpx.Client._transport_for_url
with FilesMock() as mock:
    headers = {"Authorization": "Bearer eugpt_x"}
    assert httpx.get(mock.base_url + "/files", headers=headers).status_code == 200
    print(mock.calls.last.client)
assert httpx.Client._transport_for_url is original
"""
    assert "httpx2" == python(code)


def test_httpx2_is_not_required() -> None:
    """Where it can't be imported, httpx is intercepted all the same."""
    code = """
import sys
sys.modules["httpx2"] = None
import httpx
from eugpt_files_mock import FilesMock
with FilesMock() as mock:
    headers = {"Authorization": "Bearer eugpt_x"}
    print(httpx.get(mock.base_url + "/files", headers=headers).status_code)
"""
    assert "200" == python(code)


def test_importing_the_package_imports_no_client_server_or_faker() -> None:
    """Together they cost a second, which a run that uses no mock should not pay."""
    code = """
import sys
before = set(sys.modules)  # a measurement of coverage imports some of them
import eugpt_files_mock
heavy = {"httpx", "httpx2", "requests", "respx", "responses", "werkzeug", "faker", "openai"}
heavy |= {"h11", "multipart", "email", "http.client", "hashlib", "statistics", "difflib"}
heavy |= {"eugpt_files_mock.verdict.verdict"}
print(sorted(heavy & set(sys.modules) - before))
"""
    assert "[]" == python(code)


def test_the_verdicts_classes_are_there_before_they_are_imported() -> None:
    """For annotations, and for who completes a name; another name is an error as everywhere."""
    code = """
import eugpt_files_mock
print({"Finding", "Verdict"} <= set(dir(eugpt_files_mock)))
print(eugpt_files_mock.Verdict.__name__, eugpt_files_mock.Finding.__name__)
print(hasattr(eugpt_files_mock, "Verdicts"))
"""
    assert "True\nVerdict Finding\nFalse" == python(code)


@pytest.mark.parametrize("way", WAYS)
def test_a_url_is_remembered_only_while_a_mock_is_active(way: str) -> None:
    """It may have a key in its path, or among its parameters."""
    with entered(way) as mock:
        requests.get(f"{mock.base_url}/files/eugpt_in_the_path?api_key=eugpt_in_the_url", timeout=1)
        assert 0 < _files_route.cache_info().currsize
    assert 0 == _files_route.cache_info().currsize == registry.place_of.cache_info().currsize


def test_no_key_is_remembered_for_longer_than_its_mock() -> None:
    """Python keeps regular expressions: so no key is looked for by one."""
    accepted, presented = "eugpt_accepted_by_it", "eugpt_presented_to_it"
    with FilesMock(api_keys=[accepted]) as mock:
        for key in (accepted, presented):
            headers = {"Authorization": f"Bearer {key}", "X-Copy": f"{accepted} {key}"}
            requests.get(f"{mock.base_url}/files", headers=headers, timeout=1)
    kept = str(list(re._cache))  # type: ignore[attr-defined]
    assert accepted not in kept
    assert presented not in kept
