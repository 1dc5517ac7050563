"""A mock on a port: what is kept of a request, what ends its waits, what stays in memory."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
import tracemalloc

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.model.faults import Fault

from ..conftest import wait_until
from ..robustness.sockets import PATIENCE, connect

KEY = {"Authorization": "Bearer eugpt_key"}
MEGABYTE = 1_000_000


def sent(mock: FilesMock, raw: bytes) -> bytes:
    """All that comes back, after the client has closed its end."""
    url = httpx.URL(mock.base_url)
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"GET /v1/files HTTP/2.0\r\n\r\n", 505, "http_version_not_supported"),
        (b"GET /v1/files\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 140_000, 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nkey=eugpt_secret\r\n\r\n", 400, "bad_request"),
    ],
)
def test_what_cannot_be_read_is_a_call_without_what_was_sent(
    raw: bytes, status: int, code: str
) -> None:
    """It is answered in the envelope, and the exit checks don't look at it."""
    with FilesMock().serve() as mock:
        answer = sent(mock, raw)
        (call,) = mock.calls

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b'"code":"%s"' % code.encode() in answer
    assert (status, code, None, "") == (call.status, call.error, call.operation, call.path)
    assert "eugpt_secret" not in repr(call)


def test_the_path_is_matched_as_sent() -> None:
    """`//v1/files` is another path, and so is the one below a proxy's."""
    with FilesMock(assert_all_requests_known=False).serve() as mock:
        statuses = [
            sent(mock, b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (path, KEY_LINE))[9:12]
            for path in (b"//v1/files", b"/v1/files", b"http://localhost/v1/files")
        ]
    assert [b"404", b"200", b"200"] == statuses


KEY_LINE = b"Authorization: Bearer eugpt_key\r\n"


def test_a_reset_ends_what_a_fault_keeps_waiting() -> None:
    """The client of the last test doesn't hold a thread until the delay is over."""
    with FilesMock().serve() as mock:
        mock.inject(faults.delay(3600), on="list")
        failed: list[Exception] = []

        def wait() -> None:
            try:
                httpx.get(f"{mock.base_url}/files", headers=KEY, timeout=60)
            except httpx.HTTPError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(mock._service.journal.waiting)
        mock.reset()
        thread.join(10)

    assert [httpx.RemoteProtocolError] == [type(error) for error in failed]


def test_a_function_may_stop_the_mock_that_calls_it() -> None:
    """So that a service can go away after a call; the client's connection ends at once."""
    before, mock = threading.enumerate(), FilesMock()
    mock.serve().start()
    mock.after("list", lambda _: mock.stop())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{mock.base_url}/files", headers=KEY, timeout=PATIENCE)
    for thread in set(threading.enumerate()).difference(before):
        thread.join(PATIENCE)
        assert not thread.is_alive()
    mock.check()


@pytest.mark.parametrize(
    ("options", "headers", "status"),
    [
        ({"max_file_bytes": 10}, KEY, 413),
        ({}, {}, 401),
        ({"rate_limit": (1, 3600)}, KEY, 429),
        ({}, KEY, 400),
    ],
    ids=["413", "401", "429", "400"],
)
def test_a_refused_upload_does_not_stay_in_memory(
    options: dict[str, object], headers: dict[str, str], status: int
) -> None:
    """Without a garbage collection: no cycle, and no traceback, holds on to its body."""
    form = {
        "files": {"file": ("a.bin", bytes(5 * MEGABYTE))},
        "data": {"purpose": "" if status == 400 else "batch"},
    }
    with FilesMock(**options).serve() as mock, httpx.Client(headers=headers) as client:
        client.get(f"{mock.base_url}/files")
        client.post(f"{mock.base_url}/files", **form)
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            statuses = {client.post(f"{mock.base_url}/files", **form).status_code for _ in range(6)}
            client.get(f"{mock.base_url}/files")  # the connection lets go of the last request
            left = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
            gc.enable()

    assert {status} == statuses
    assert left < 4 * MEGABYTE


def test_a_request_over_a_port_is_one_of_the_port() -> None:
    """Which library sent it isn't known."""
    with FilesMock().serve() as mock:
        httpx.get(f"{mock.base_url}/files", headers=KEY)
        sent(mock, b"GET /v1/files HTTP/2.0\r\n\r\n")
        assert ["port", "port"] == [call.client for call in mock.calls]


def test_a_target_with_bytes_beyond_ascii_is_read() -> None:
    """As curl sends `?purpose=é`, and nginx passes it on."""
    with FilesMock().serve() as mock:
        mock.add_file("a.txt", purpose="é")
        mock.add_file("b.txt", purpose="e")
        raw = "GET /v1/files?purpose=é HTTP/1.1\r\nHost: localhost\r\n".encode()
        answer = sent(mock, raw + KEY_LINE + b"\r\n")
    assert b"a.txt" in answer
    assert b"b.txt" not in answer


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nx\r\n--b\r\n'
    b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n%s\r\n--b--\r\n'
)


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_a_reset_amid_a_request_comes_once_so_many_bytes_have_come(framing: str) -> None:
    """The rest isn't read: a client that goes on sending meets it there."""
    with FilesMock().serve() as mock, connect(mock) as client:
        mock.inject(faults.connection_reset(after_bytes=100_000), on="upload")
        length = {"sized": b"Content-Length: 5000000", "chunked": b"Transfer-Encoding: chunked"}
        client.sendall(
            b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" % (KEY_LINE, length[framing])
        )
        client.sendall(b"4c4b40\r\n" if framing == "chunked" else b"")
        client.sendall(bytes(99_000))
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(PATIENCE)
        with pytest.raises(ConnectionError):
            _send_until_it_fails(client)
        (call,) = mock.calls
        assert ("upload", None, "connection_reset") == (call.operation, call.status, call.fault)
        assert 0 == len(mock.files)


def _send_until_it_fails(client: socket.socket) -> None:
    for _ in range(1000):
        client.sendall(bytes(1_000))
    client.recv(1)


def test_a_shorter_request_meets_the_reset_at_its_end() -> None:
    """The fault is for the operation, not for uploads of a size."""
    with FilesMock().serve() as mock:
        mock.inject(faults.connection_reset(after_bytes=100_000), on="upload")
        with pytest.raises(httpx.ReadError):
            httpx.post(
                f"{mock.base_url}/files", headers=KEY, files={"file": b"a"}, data={"purpose": "x"}
            )
        assert [None] == [call.status for call in mock.calls]


@pytest.mark.parametrize(
    ("method", "target", "error"),
    [("POST", "/v1/files", "invalid_multipart"), ("DELETE", "/v1/files/1", "bad_request")],
)
def test_the_call_of_half_a_request_says_what_was_missing(
    method: str, target: str, error: str
) -> None:
    """Of an upload, the end of its form; of another request, that of its body."""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n".encode()
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    with FilesMock().serve() as mock:
        sent(mock, head + KEY_LINE + kind + b"--b\r\n")
        assert [(error, None)] == [(call.error, call.status) for call in mock.calls]


BROKEN = {
    "an upload that was deleted": (FORM % bytes(3_000_000), b""),
    "an upload that is refused": (FORM.replace(b"purpose", b"porpuse") % bytes(3_000_000), b""),
    "no form": (bytes(3_000_000), b""),
    "half an upload": (FORM % bytes(3_000_000), b"half"),
    "an invalid chunk": (FORM % bytes(3_000_000), b"chunk"),
    "no key": (FORM % bytes(3_000_000), b"key"),
}


@pytest.mark.parametrize("fault", [None, faults.connection_reset(), faults.server_error()], ids=str)
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize(("body", "how"), BROKEN.values(), ids=BROKEN)
def test_nothing_of_a_request_stays_in_memory_without_the_collector(
    body: bytes, how: bytes, framing: str, fault: Fault | None
) -> None:
    """Neither of an upload that is stored and deleted, nor of one that is refused."""
    key = b"" if how == b"key" else KEY_LINE
    chunks = b"%x\r\n%s\r\n" % (len(body) // 2, body[: len(body) // 2])
    chunks += b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - len(body) // 2, body[len(body) // 2 :])
    sized = b"Content-Length: %d" % len(body)
    framed, payload = {
        "sized": (sized, body), "chunked": (b"Transfer-Encoding: chunked", chunks)
    }[framing]  # fmt: skip
    if how == b"chunk":
        framed, payload = b"Transfer-Encoding: chunked", chunks[:-7] + b"no chunk\r\n\r\n"
    payload = payload[: len(payload) // 2] if how == b"half" else payload
    head = b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n" % (key, framed)
    raw = head + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + payload
    with FilesMock(assert_all_faults_fired=False).serve() as mock:
        gc.collect()
        gc.disable()
        try:
            _upload_and_delete(mock, raw, fault)
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(3):
                _upload_and_delete(mock, raw, fault)
            _until_all_connections_are_closed(mock)
            assert MEGABYTE > tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
            gc.enable()


def _upload_and_delete(mock: FilesMock, raw: bytes, fault: Fault | None) -> None:
    if fault is not None:
        mock.inject(fault, on="upload")
    with contextlib.suppress(OSError):
        sent(mock, raw)
    for file in tuple(mock.files):
        httpx.delete(f"{mock.base_url}/files/{file.id}", headers=KEY)


def _until_all_connections_are_closed(mock: FilesMock) -> None:
    mock._lifecycle._ports[-1]._server.end_connections()  # type: ignore[union-attr]
