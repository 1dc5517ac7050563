"""The WSGI application under other servers, and on a port of our own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import trustme
import waitress
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from eugpt_files_mock import (
    AddressInUse,
    FaultUnavailable,
    FilesMock,
    StateError,
    StubRequest,
    faults,
)

from ..clients import Httpx, connected
from ..portable import needs_fork
from ..test_life_of_a_file import life_of_a_file

AUTH = {"Authorization": "Bearer eugpt_wsgi"}


def test_a_path_that_a_server_leaves_out_is_empty() -> None:
    """As PEP 3333 lets it, where nothing follows the place at which the application is mounted."""
    mock = FilesMock(assert_all_requests_known=False)
    environ = EnvironBuilder().get_environ()
    del environ["PATH_INFO"]
    _, status, _ = run_wsgi_app(mock.wsgi_app, environ)
    assert ("401 Unauthorized", [""]) == (status, [call.path for call in mock.calls])


class Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def under_waitress(mock: FilesMock) -> Iterator[str]:
    server = waitress.create_server(mock.wsgi_app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}/v1"
    finally:
        server.trigger.pull_trigger(server.close)
        server.task_dispatcher.shutdown()
        thread.join(5)


def test_it_runs_under_waitress() -> None:
    """Each call's client is `wsgi`: which library sent it isn't known on a port."""
    mock = FilesMock()
    with under_waitress(mock) as base_url, connected(Httpx, base_url, mock.api_key) as client:
        life_of_a_file(mock, client)
    assert {"wsgi"} == {call.client for call in mock.calls}


@needs_fork
def test_it_runs_under_gunicorn(tmp_path: Path) -> None:
    """In a process of its own, which inherits a socket that is bound already."""
    pytest.importorskip("gunicorn")
    (tmp_path / "fake_app.py").write_text(
        "from eugpt_files_mock import FilesMock\nmock = FilesMock()\napp = mock.wsgi_app\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{descriptor}", "fake_app:app"]
        command += ["--threads", "4", "--log-level", "error"]
        process = subprocess.Popen(command, cwd=tmp_path, pass_fds=[descriptor])
        try:
            base_url = f"http://127.0.0.1:{port}/v1"
            with connected(Httpx, base_url, "eugpt_gunicorn", 30.0) as client:
                life_of_a_file(FilesMock(), client)
        finally:
            process.terminate()
            process.wait(30)


def test_the_path_is_matched_as_sent() -> None:
    """As on a port: a second slash makes another path."""
    mock = FilesMock(assert_all_requests_known=False)
    with httpx.Client(transport=httpx.WSGITransport(app=mock.wsgi_app), headers=AUTH) as client:
        paths = ("/v1/files", "//v1/files", "/v1//files")
        statuses = [client.get(f"http://mock{path}").status_code for path in paths]
    assert [200, 404, 404] == statuses
    assert list(paths) == [call.path for call in mock.calls]


@pytest.mark.parametrize("path", ["files", "responses"])
def test_nothing_is_done_for_a_client_that_breaks_off_its_body(path: str) -> None:
    """As on a port: nobody gets an answer, so the call has no status, and no stub is asked."""
    mock = FilesMock()
    asked: list[StubRequest] = []
    stub = mock.stub("POST", "/responses", reply=lambda request: asked.append(request) or {})
    raw = f"POST /v1/{path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer eugpt_wsgi\r\n"
    raw += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    with make_server("127.0.0.1", 0, mock.wsgi_app, handler_class=Silent) as server:
        with socket.create_connection(server.server_address) as client:
            client.sendall(raw.encode())
        server.handle_request()
    assert [None] == [call.status for call in mock.calls]
    assert ([], 0) == (asked, stub.hits)


def test_a_fault_that_another_server_cannot_produce_is_an_error_that_says_so() -> None:
    """It needs the socket, which WSGI doesn't give; `serve()` has no such limit."""
    mock = FilesMock()
    mock.inject([faults.connection_reset(), faults.timeout()], on="list")
    client = WerkzeugClient(mock.wsgi_app)
    for ending in ("reset", "left hanging"):
        with pytest.raises(FaultUnavailable, match=f"cannot be {ending} by this WSGI server"):
            client.get("/v1/files", headers=AUTH)


def test_a_busy_port_is_an_error_at_once_in_the_callers_thread() -> None:
    """An `OSError` as well, for code that expects one; the message advises port 0."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"127.0.0.1:{port}: .*Port 0 takes") as caught:
            FilesMock().serve(port=port).start()
        assert (port, True) == (caught.value.port, isinstance(caught.value, OSError))


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("203.0.113.1", 0)])
def test_another_port_is_advised_only_where_it_would_help(host: str, port: int) -> None:
    """These addresses aren't this machine's: no port of them can be bound."""
    with pytest.raises(AddressInUse) as caught:
        FilesMock().serve(host, port).start()
    assert "Port 0" not in str(caught.value)


def test_a_port_is_free_again_when_the_server_has_stopped() -> None:
    """The next mock can bind it at once; after the last one, a client is refused."""
    with FilesMock().serve() as first:
        port = httpx.URL(first.base_url).port or 0
    with FilesMock().serve(port=port) as second:
        assert 200 == httpx.get(f"{second.base_url}/files", headers=AUTH).status_code
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/v1/files")


def test_only_the_loopback_address_is_bound_by_default() -> None:
    """So no other machine reaches the mock unless the user asks for it."""
    with FilesMock().serve() as mock:
        port = httpx.URL(mock.base_url).port
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=1)


def test_starting_twice_is_an_error_and_stopping_twice_is_not() -> None:
    """A cleanup may stop what has stopped; before the start there is no `url`."""
    serving = FilesMock().serve()
    with pytest.raises(StateError, match="not being served"):
        _ = serving.url
    serving.start()
    with pytest.raises(StateError, match="serves already"):
        serving.start()
    serving.stop()
    serving.stop()


def test_it_serves_https() -> None:
    """With the user's own certificate; the text at the root has https addresses too."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with FilesMock().serve(ssl_context=context) as mock:
        assert mock.base_url.startswith("https://127.0.0.1:")
        with httpx.Client(verify=trusting, headers=AUTH) as client:
            assert 200 == client.get(f"{mock.base_url}/files").status_code
            root = mock.base_url.removesuffix("v1")
            assert f"API:  {root}v1\nPage: {root}__admin/\n" in client.get(root).text
            mock.inject(faults.connection_reset(), on="list")
            with pytest.raises(httpx.TransportError):  # over TLS a reset looks like an end
                client.get(f"{mock.base_url}/files")


def test_it_answers_and_stops_at_once_while_other_connections_sit_idle() -> None:
    """Some have sent nothing, some half a request; neither may hold up the others."""
    serving = FilesMock().serve()
    mock = serving.start()
    port = httpx.URL(mock.base_url).port or 0
    with contextlib.ExitStack() as stack:
        for began in (b"", b"GET /v1/files HTTP/1.1\r\nHost", b"POST /v1/files HTTP/1.1\r\n"):
            for _ in range(20):
                idle = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                idle.sendall(began)
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=AUTH).status_code
        before = time.monotonic()
        serving.stop()
        assert 2 > time.monotonic() - before


def test_chunked_bodies_are_accepted() -> None:
    """A client that streams an upload sends no `Content-Length`."""

    def chunks() -> Iterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name=purpose\r\n\r\nbatch\r\n--b\r\n"
        yield b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        yield b"a" * 100_000
        yield b"\r\n--b--\r\n"

    headers = AUTH | {"Content-Type": "multipart/form-data; boundary=b"}
    with FilesMock().serve() as mock:
        answer = httpx.post(f"{mock.base_url}/files", content=chunks(), headers=headers)
        assert (200, 100_000) == (answer.status_code, answer.json()["bytes"])
