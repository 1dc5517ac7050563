"""A server on a port, over real sockets: connections are kept, severed, waited for and ended."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from eugpt_files_mock.model.messages import Delivery, Outcome, Reply, Severed
from eugpt_files_mock.protocol.server_protocol import ReceivedRequest, UnreadableRequest
from eugpt_files_mock.server.live_server import LiveServer

from ..conftest import wait_until
from ..portable import reset_on_close

PATIENCE = 10.0
"""Seconds; longer than anything here takes, so that a hang fails its test."""

GET = b"GET /kept HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Application:
    """Answers as it is told, and remembers what was asked."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.asked: list[str] = []

    def __call__(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        if isinstance(request, UnreadableRequest):
            self.asked.append(request.method)
            return Reply(status=request.status, headers=(), body=request.message.encode())
        self.asked.append(request.target)
        usual = Reply(status=200, headers=(), body=request.target.encode())
        return self.outcomes.get(request.target, usual)


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application: Application) -> Iterator[LiveServer]:
    server = LiveServer(application, "127.0.0.1", 0, None)
    yield server
    server.stop()


def connected(server: LiveServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    data = bytearray()
    while piece := connection.recv(65_536):
        data += piece
    return bytes(data)


def get(target: str, *headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


def test_a_connection_is_kept(server: LiveServer) -> None:
    """One connection carries many requests, with bodies and without."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    connection.connect()
    own_socket = connection.sock
    for body in (None, b"x" * 100_000, None, b""):
        connection.request("POST", "/kept", body)
        assert b"/kept" == connection.getresponse().read()
    assert own_socket is connection.sock
    connection.close()


def test_pipelined_requests_are_answered_in_order(server: LiveServer) -> None:
    """All at once, and the last one closes."""
    with connected(server) as connection:
        connection.sendall(get("/1") + get("/2") + get("/3", "Connection: close"))
        answers = received(connection)

    assert [b"/1", b"/2", b"/3"] == [part[-2:] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]


@pytest.mark.parametrize("kind", ["reset", "empty", "garbage", "timeout"])
def test_nothing_is_done_on_a_severed_connection(
    server: LiveServer, application: Application, kind: str
) -> None:
    """What was sent together with the request isn't taken for another one."""
    application.outcomes["/severed"] = Severed(kind=kind)  # type: ignore[arg-type]
    with connected(server) as connection:
        connection.sendall(get("/severed") + get("/smuggled"))
        if kind == "timeout":
            connection.settimeout(0.1)
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            received(connection)
    server.stop()

    assert ["/severed"] == application.asked


def test_what_cannot_be_framed_is_answered_and_closed(
    server: LiveServer, application: Application
) -> None:
    """The client reads why, although it had sent more than was read."""
    with connected(server) as connection:
        connection.sendall(b"GET / HTTP/2.0\r\n\r\n" + GET * 1000)

        assert received(connection).startswith(b"HTTP/1.1 505 HTTP Version Not Supported\r\n")
    assert 1 == len(application.asked)


def test_tls_on_a_plain_port_is_answered(server: LiveServer) -> None:
    """Its first byte says so; nothing more is waited for."""
    with connected(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

        assert received(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def late(delivery: Delivery) -> Reply:
    return Reply(status=200, headers=(), body=b"late", delivery=delivery)


WAITS: dict[str, Outcome] = {
    "delay": late(Delivery(delay=3600.0)),
    "dribble": late(Delivery(piece=1, pause=3600.0)),
    "timeout": Severed(kind="timeout"),
}
a_wait = pytest.mark.parametrize("outcome", WAITS.values(), ids=WAITS)


@a_wait
@pytest.mark.parametrize("linger", [True, False], ids=["reset", "closed"])
def test_a_client_that_goes_away_is_not_waited_for(
    server: LiveServer, application: Application, outcome: Outcome, linger: bool
) -> None:
    """Its thread and its descriptor are free at once."""
    application.outcomes["/wait"] = outcome
    connections = [connected(server) for _ in range(20)]
    for connection in connections:
        connection.sendall(get("/wait"))
    wait_until(lambda: len(waiting(server)) == 20)
    for connection in connections:
        if linger:
            reset_on_close(connection)
        connection.close()

    wait_until(lambda: not server._connections._open)


def waiting(server: LiveServer) -> list[object]:
    return [one for one in tuple(server._connections._open) if one.waits_for == "fault"]


@a_wait
def test_waits_end_when_they_are_told_to(
    server: LiveServer, application: Application, outcome: Outcome
) -> None:
    """The connections that wait are closed; the others are kept."""
    application.outcomes["/wait"] = outcome
    with connected(server) as kept, connected(server) as connection:
        kept.sendall(GET)
        kept.recv(65_536)
        connection.sendall(get("/wait"))
        wait_until(lambda: len(waiting(server)) == 1)

        server.end_waits()

        received(connection)
        kept.sendall(GET)
        assert kept.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_has_closed_its_end_gets_a_late_answer(server: LiveServer) -> None:
    """It may do so right after its request, and still listen (RFC 9112, 9.6)."""
    reply = late(Delivery(delay=0.3))
    is_closed = Event()
    # On a busy machine the wait could otherwise begin before the client has closed its end.
    server.answer = lambda _: reply if is_closed.wait(PATIENCE) else Severed(kind="reset")
    with connected(server) as connection:
        connection.sendall(get("/late"))
        connection.shutdown(socket.SHUT_WR)
        is_closed.set()

        assert received(connection).endswith(b"\r\n\r\nlate")


def test_threads_that_have_nothing_to_do_end(server: LiveServer) -> None:
    """A few are kept for the next connections."""
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(server))
        wait_until(lambda: len(server._connections._open) == 100)
        threads = list(server._connections._threads)

    wait_until(lambda: sum(map(Thread.is_alive, threads)) <= 8)


def test_a_request_that_fails_is_answered_and_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The connection and the server go on."""

    def answer(request: object) -> Outcome:
        raise LookupError("not here")

    server = LiveServer(answer, "127.0.0.1", 0, None)
    with connected(server) as connection:
        for _ in range(2):
            connection.sendall(GET)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    server.stop()

    assert 2 == capfd.readouterr().err.count("LookupError: not here")


def test_without_a_thread_a_client_is_told_so(application: Application) -> None:
    """And the server goes on, and can still be stopped."""
    refusals = [RuntimeError("can't start new thread")]

    def start(thread: Thread) -> None:
        if refusals:
            raise refusals.pop()
        thread.start()

    server = LiveServer(application, "127.0.0.1", 0, None, start_thread=start)
    with connected(server) as refused, connected(server) as served:
        refused.sendall(GET)
        assert refused.recv(65_536).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        served.sendall(GET)
        assert served.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
    server.stop()


def test_without_a_descriptor_idle_connections_are_closed(server: LiveServer) -> None:
    """So that the next client is served; nothing spins meanwhile."""
    resource = pytest.importorskip("resource", reason="Windows has no limit of descriptors")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(server)) for _ in range(20)]
        wait_until(lambda: len(server._connections._open) == 20)
        client = stack.enter_context(socket.socket())
        client.settimeout(PATIENCE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 1, limit[1]))
        try:
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET)
            answer = client.recv(65_536)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert [b""] * 20 == [connection.recv(1) for connection in idle]


HALVES = {
    "a letter": b"G",
    "a head without its end": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_without_a_descriptor_the_oldest_half_request_is_closed(
    server: LiveServer, half: bytes
) -> None:
    """Half requests on all of them keep nobody out."""
    with few_descriptors() as descriptors:
        halves = [descriptors.enter_context(connected(server)) for _ in range(20)]
        for number, connection in enumerate(halves):
            connection.sendall(half)
            wait_until(lambda number=number: number + 1 == half_requests(server))
        client = descriptors.enter_context(socket.socket())
        with no_more_than(client.fileno() + 1):
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET)
            answer = client.recv(65_536)

        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"" == halves[0].recv(1)
        assert 19 == half_requests(server)


def half_requests(server: LiveServer) -> int:
    return sum(one.waits_for == "rest" for one in tuple(server._connections._open))


def test_an_upload_that_goes_on_is_not_the_first_to_be_closed(server: LiveServer) -> None:
    """It is the one that has been silent longest."""
    half = HALVES["half a body"]
    with few_descriptors() as descriptors:
        halves = [descriptors.enter_context(connected(server)) for _ in range(3)]
        for number, connection in enumerate(halves):
            connection.sendall(half)
            wait_until(lambda number=number: number + 1 == half_requests(server))
        (first,) = (
            one
            for one in server._connections._open
            if one.heard_at == min(one.heard_at for one in server._connections._open)
        )
        before = first.heard_at
        halves[0].sendall(b"-")
        wait_until(lambda: first.heard_at != before)
        client = descriptors.enter_context(socket.socket())
        with no_more_than(client.fileno() + 1):
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET)
            client.recv(65_536)

        assert b"" == halves[1].recv(1)
        halves[0].sendall(b"more")
        assert halves[0].recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_reads_nothing_keeps_nobody_out(
    server: LiveServer, application: Application
) -> None:
    """Its connection is closed when somebody else needs the descriptor."""
    application.outcomes["/large"] = Reply(status=200, headers=(), body=bytes(30_000_000))
    with few_descriptors() as descriptors:
        readers = [descriptors.enter_context(connected(server)) for _ in range(5)]
        for reader in readers:
            reader.sendall(get("/large"))
        wait_until(
            lambda: 5 == sum(one.waits_for == "reader" for one in tuple(server._connections._open))
        )
        client = descriptors.enter_context(socket.socket())
        with no_more_than(client.fileno() + 1):
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", server.port))
            client.sendall(GET)

            assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_without_a_thread_a_half_request_makes_room(application: Application) -> None:
    """Its thread serves the client that asks."""
    started = []

    def start(thread: Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        thread.start()

    server = LiveServer(application, "127.0.0.1", 0, None, start_thread=start)
    with connected(server) as half:
        half.sendall(b"G")
        wait_until(lambda: half_requests(server) == 1)
        with connected(server) as served:
            served.sendall(GET)
            assert served.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"" == half.recv(1)
    server.stop()


@contextlib.contextmanager
def few_descriptors() -> Iterator[contextlib.ExitStack]:
    pytest.importorskip("resource", reason="Windows has no limit of descriptors")
    with contextlib.ExitStack() as stack:
        yield stack


@contextlib.contextmanager
def no_more_than(number: int) -> Iterator[None]:
    """So many descriptors for this process, including those that are open."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
