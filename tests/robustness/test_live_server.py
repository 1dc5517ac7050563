"""The live server among clients that keep silent, say half, say nonsense, or go away."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from eugpt_files_mock import FilesMock, faults

from ..conftest import wait_until
from .forms import CONTENT_TYPE, upload_form
from .sockets import PATIENCE, answer, connect, exchange, reset, status_of

HEADERS = {"Authorization": "Bearer eugpt_key"}
GET = b"GET /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer eugpt_key\r\n"
POST = (
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer eugpt_key\r\n"
    b"Content-Type: " + CONTENT_TYPE.encode() + b"\r\n"
)
FORM = upload_form()
DESCRIPTORS = Path("/dev/fd")


def _with_length(form: bytes) -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n" % len(form) + form


HALF_SENT = {
    "silent": b"",
    "half a request line": b"GET /v1/fi",
    "half a header": GET + b"X-Half: a",
    "headers without an end": GET,
    "half a body": _with_length(FORM)[:-20],
    "a body announced": POST + b"Content-Length: 1000000\r\n\r\n",
    "a body that may come": POST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n--the-bou",
    "half a chunk's length": POST + b"Transfer-Encoding: chunked\r\n\r\nf",
    "more than was announced": GET + b"\r\n" + b"x" * 100,
}
"""What a client has sent when it stops and keeps the line open."""


@contextlib.contextmanager
def held_open(mock: FilesMock, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have said so much, and say no more."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(mock)) for _ in range(count)]
        for connection in connections:
            connection.sendall(sent)
        yield connections


def is_served(mock: FilesMock) -> bool:
    return httpx.get(f"{mock.base_url}/files", headers=HEADERS, timeout=PATIENCE).status_code == 200


@contextlib.contextmanager
def stopped_at_once() -> Iterator[None]:
    """It takes hundredths of a second; two whole ones are for a machine that is very busy."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("sent", HALF_SENT.values(), ids=HALF_SENT)
def test_it_serves_beside_connections_that_hang_and_stops_with_them(sent: bytes) -> None:
    """A hundred clients that stop in mid-request delay neither another client nor `stop()`."""
    serving = FilesMock().serve()
    mock = serving.start()
    with held_open(mock, 100, sent) as connections:
        assert is_served(mock)

        with stopped_at_once():
            serving.stop()

        assert [_ends(connection) for connection in connections] == [True] * 100
    assert list(mock.files) == []


def _ends(connection: socket.socket) -> bool:
    answer(connection)
    return True


def test_hundreds_of_connections_of_every_kind_keep_nobody_out() -> None:
    """400 at once have stopped in mid-request, and the next client is served."""
    serving = FilesMock().serve()
    mock = serving.start()
    with contextlib.ExitStack() as stack:
        for sent in HALF_SENT.values():
            stack.enter_context(held_open(mock, 40, sent))

        assert all(is_served(mock) for _ in range(20))
        with stopped_at_once():
            serving.stop()


FAULTS = {
    "timeout": faults.timeout(),
    "delay": faults.delay(3_600),
    "dribble": faults.dribble(1, 3_600),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_it_stops_while_a_fault_keeps_clients_waiting(fault: faults.Fault) -> None:
    """A test must not wait for the hour of a delay that it has injected."""
    mock = FilesMock()
    serving = mock.serve()
    serving.start()
    mock.inject(fault, times=None)
    with held_open(mock, 20, GET + b"\r\n"):
        wait_until(lambda: len(mock.calls) == 20)

        with stopped_at_once():
            serving.stop()


def test_it_stops_while_a_client_does_not_read_its_download() -> None:
    """The server can't send all of 32 MB, and must not wait for the client to read it."""
    mock = FilesMock()
    file = mock.add_file("large.bin", bytes(32_000_000))
    serving = mock.serve()
    serving.start()
    download = GET.replace(b"/v1/files", f"/v1/files/{file.id}/content".encode()) + b"\r\n"
    with held_open(mock, 5, download):
        wait_until(lambda: len(mock.calls) == 5)

        with stopped_at_once():
            serving.stop()


def test_a_client_that_shakes_no_hands_keeps_nobody_out() -> None:
    """The handshake is in the connection's own thread, not in the one that accepts."""
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trusting)
    serving = FilesMock().serve(ssl_context=context)
    mock = serving.start()
    with held_open(mock, 20, b""), held_open(mock, 20, b"\x16\x03\x01"), held_open(mock, 20, GET):
        url = f"{mock.base_url}/files"
        response = httpx.get(url, headers=HEADERS, verify=trusting, timeout=PATIENCE)

        assert response.status_code == 200
        with stopped_at_once():
            serving.stop()


def test_a_head_that_breaks_off_is_no_request(served: FilesMock) -> None:
    """Wherever it does: nobody takes it for the whole, and nothing is done."""
    statuses = {status_of(exchange(served, GET[:size])) for size in range(len(GET))}

    assert statuses == {None}
    assert len(served.calls) == 0


def test_a_client_that_asks_whether_it_may_send_is_told_once(served: FilesMock) -> None:
    """RFC 9110, 10.1.1: the client waits for `100 Continue` before it sends its body."""
    with connect(served) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        told = connection.recv(1000)
        connection.sendall(b"x")
        connection.shutdown(socket.SHUT_WR)

        assert (told + answer(connection)).count(b" 100 Continue") == 1


@pytest.mark.parametrize("break_off", [reset, socket.socket.close], ids=["reset", "closed"])
def test_an_upload_that_is_broken_off_stores_nothing(
    served: FilesMock, break_off: Callable[[socket.socket], None]
) -> None:
    """By a reset or by closing: each is a call with its error, and the server goes on."""
    whole = _with_length(upload_form(content=b"x" * 100_000))
    for _ in range(50):
        connection = connect(served)
        connection.sendall(whole[: len(whole) // 2])
        break_off(connection)

    wait_until(lambda: len(served.calls) == 50)
    assert list(served.files) == []
    assert {call.error for call in served.calls} == {"invalid_multipart"}
    assert is_served(served)


NONSENSE = {
    "nothing": b"",
    "an empty line": b"\r\n",
    "one word": b"GET\r\n\r\n",
    "four words": b"GET /v1/files HTTP/1.1 HTTP/1.1\r\n\r\n",
    "no version": b"GET /v1/files\r\n\r\n",
    "bad version": b"GET /v1/files HTTP/x.y\r\n\r\n",
    "a version to come": b"GET /v1/files HTTP/9.9\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.9\r\n",
    "an encrypted greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "zeros": b"\x00" * 1_000,
    "no text": bytes(range(128, 256)) + b"\r\n\r\n",
    "a long line": b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    "a line without an end": b"x" * 70_000,
    "many headers": GET + b"X-Bomb: 1\r\n" * 1_000 + b"\r\n",
    "a long header": GET + b"X-Bomb: " + b"x" * 70_000 + b"\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a header without a name": GET + b": nonsense\r\n\r\n",
    "a method of its own": b"\xff\xfe /v1/files HTTP/1.1\r\n\r\n",
    "a path that can't be read": b"GET http://[::1 HTTP/1.1\r\n\r\n",
    "a path that isn't text": b"GET /v1/files/%ff%00\xff HTTP/1.1\r\n\r\n",
    "an encrypted request": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("sent", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_refused_or_dropped_without_a_word(
    sent: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is printed and nothing logged, and the next client is served."""
    with FilesMock(assert_all_requests_known=False).serve() as mock:
        status = status_of(exchange(mock, sent))

        assert status in {None, 200, 400, 401, 404, 414, 431, 505}
        assert is_served(mock)
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if "httpx" not in record.name]


def test_a_thousand_starts_and_stops_leave_nothing_behind() -> None:
    """Threads and descriptors are as many as before, also after silent clients."""
    mock = FilesMock()
    _start_and_stop(mock)
    before = _threads_and_descriptors()

    for _ in range(250):
        _start_and_stop(mock)

    assert _threads_and_descriptors() == before


def _start_and_stop(mock: FilesMock) -> None:
    """Four times: untouched, with a silent client, with half a request, with a served one."""
    with mock.serve():
        pass
    for sent in (b"", GET):
        with mock.serve(), connect(mock) as connection:
            connection.sendall(sent)
    with mock.serve(), connect(mock) as connection:
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert status_of(answer(connection)) == 200
    mock.reset()


def _threads_and_descriptors() -> tuple[int, int]:
    return threading.active_count(), len(os.listdir(DESCRIPTORS))
