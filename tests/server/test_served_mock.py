"""A mock on a port: what is kept of a request, what ends its waits, what stays in memory."""

from __future__ import annotations

import gc
import socket
import threading
import time
import tracemalloc

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults

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
        deadline = time.monotonic() + 10
        while not mock.calls:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(0.05)  # the wait begins right after the call was recorded

        mock.reset()
        thread.join(10)

    assert [httpx.RemoteProtocolError] == [type(error) for error in failed]


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
