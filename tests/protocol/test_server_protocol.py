"""Requests as bytes, in any pieces, and what the protocol makes of them. There is no socket."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from eugpt_files_mock.protocol.server_protocol import (
    ReceivedRequest,
    ServerProtocol,
    UnreadableRequest,
)

GET = b"GET /v1/files?limit=2 HTTP/1.1\r\nHost: localhost\r\nX-Case: Kept\r\n\r\n"
POST = b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\n"
SIZED = POST + b"Content-Length: 4\r\n\r\nbody"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nbo\r\n2\r\ndy\r\n0\r\nX: t\r\n\r\n"

CASES = sorted((Path(__file__).parents[1] / "data" / "requests").glob("*/*.http"))
UNFRAMED = {
    "chunk-length-below-zero", "chunk-length-beyond-all",
    "chunk-length-in-words", "chunk-longer-than-announced", "chunks-without-an-end",
    "length-below-zero", "length-beyond-all", "length-in-words", "length-with-a-sign",
    "lengths-that-differ", "length-too-long",
}  # fmt: skip
"""The cases whose framing is wrong; the others are wrong, or right, in what they say."""


def received(
    pieces: Iterable[bytes], *, end: bool = False
) -> list[ReceivedRequest | UnreadableRequest]:
    """All requests that come out, asked for after each piece."""
    protocol, requests = ServerProtocol(), []
    for piece in [*pieces, *([b""] if end else [])]:
        protocol.receive_data(piece)
        while request := protocol.next_request():
            requests.append(request)
    return requests


def content(request: ReceivedRequest | UnreadableRequest) -> bytes:
    assert isinstance(request, ReceivedRequest)
    return request.body if isinstance(request.body, bytes) else b"".join(request.body)


def refusal(raw: bytes, *, end: bool = False) -> tuple[int, str]:
    """Status and message, of the only thing that comes out."""
    (request,) = received([raw], end=end)
    assert isinstance(request, UnreadableRequest)
    return request.status, request.message


def test_a_request_is_given_as_it_was_sent() -> None:
    """The case and the order of the headers are kept, and nothing is decoded."""
    (request,) = received([GET])

    assert request == ReceivedRequest(
        method="GET",
        target="/v1/files?limit=2",
        headers=(("Host", "localhost"), ("X-Case", "Kept")),
    )
    assert ("/v1/files", "limit=2", "localhost") == (request.path, request.query, request.host)


@pytest.mark.parametrize("raw", [GET, SIZED, CHUNKED], ids=["get", "sized", "chunked"])
def test_the_pieces_in_which_a_request_comes_make_no_difference(raw: bytes) -> None:
    """Neither two pieces, wherever they are cut, nor single bytes."""
    whole = received([raw])

    assert 1 == len(whole)
    assert whole == received(raw[at : at + 1] for at in range(len(raw)))
    for cut in range(1, len(raw)):
        assert whole == received([raw[:cut], raw[cut:]])


@pytest.mark.parametrize("raw", [GET, SIZED, CHUNKED], ids=["get", "sized", "chunked"])
def test_a_request_that_breaks_off_is_none_or_incomplete(raw: bytes) -> None:
    """Half a head isn't a request; with half a body, the request has no body."""
    head = raw.index(b"\r\n\r\n") + 4
    for cut in range(len(raw)):
        requests = received([raw[:cut]], end=True)

        assert [False] * (cut >= head) == [request.is_complete for request in requests]
        assert [b""] * (cut >= head) == [content(request) for request in requests]


def test_pipelined_requests_come_out_one_by_one() -> None:
    """What follows a body is the next request, wherever the pieces are cut."""
    raw = SIZED + CHUNKED + GET + SIZED
    for cut in range(1, len(raw)):
        requests = received([raw[:cut], raw[cut:]], end=True)

        assert [b"body", b"body", b"", b"body"] == [content(request) for request in requests]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_each_wire_case_is_framed_or_refused(case: Path) -> None:
    """Wherever it is cut. What can't be framed closes the connection: nothing follows it."""
    raw = case.read_bytes()
    whole = received([raw], end=True)

    assert whole == received((raw[at : at + 1] for at in range(len(raw))), end=True)
    assert (case.stem in UNFRAMED) == (not is_framed(whole[0]))
    if case.stem not in UNFRAMED | {"length-too-short", "no-length"}:
        assert 1 == len(whole)


def is_framed(request: ReceivedRequest | UnreadableRequest) -> bool:
    return isinstance(request, ReceivedRequest) and request.is_complete


@pytest.mark.parametrize("raw", [GET, SIZED, CHUNKED, GET[:-2], b"\r\n" + GET])
def test_a_request_that_is_repeated_is_read_as_the_first_one(raw: bytes) -> None:
    """Also when it comes again in other pieces, or together with another one."""
    first = received([raw], end=True)

    assert first * 2 == received([raw, raw], end=True) or raw == GET[:-2]
    assert received([raw] * 2 + [SIZED]) == received([raw + raw + SIZED])
    protocol = ServerProtocol()
    for _ in range(3):
        protocol.receive_data(raw)
    assert received([raw + raw + raw]) == list(iter(protocol.next_request, None))


def test_an_empty_chunked_body_is_waited_for_each_time() -> None:
    """Its head alone isn't the request that it was the last time."""
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"

    assert 1 == len(received([head, b"0\r\n\r\n", head]))


def test_empty_lines_before_a_request_are_ignored() -> None:
    """Old clients send one after a body."""
    assert received([b"\r\n", b"\r\n" + SIZED + b"\r\n" + GET]) == received([SIZED + GET])


@pytest.mark.parametrize(
    ("raw", "status"),
    {
        "no version": (b"GET /v1/files\r\n", 400),
        "one word": (b"GET\r\n", 400),
        "four words": (b"GET / HTTP/1.1 HTTP/1.1\r\n", 400),
        "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        "no colon": (GET[:-2] + b"nonsense\r\n\r\n", 400),
        "no name": (GET[:-2] + b": nonsense\r\n\r\n", 400),
        "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
        "target with a space": (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        "HTTP/9": (b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505),
        "gzip": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        "long line": (b"GET /" + b"x" * 140_000, 414),
        "long target": (b"GET /" + b"x" * 66_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        "long headers": (GET[:-2] + b"X: " + b"x" * 66_000 + b"\r\n\r\n", 431),
        "long header without an end": (GET[:-2] + b"X: " + b"x" * 140_000, 431),
        "many headers": (GET[:-2] + b"X: 1\r\n" * 99 + b"\r\n", 431),
        "length in words": (POST + b"Content-Length: many\r\n\r\n", 400),
        "lengths that differ": (POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400),
    }.values(),
)
def test_what_cannot_be_framed_is_refused_at_once(raw: bytes, status: int) -> None:
    """Nothing more has to come first, and what comes later is not read."""
    protocol = ServerProtocol()
    protocol.receive_data(raw)
    request = protocol.next_request()
    if request is None:  # a long line may come in pieces, and is refused when it is too long
        pytest.fail("not refused")

    assert isinstance(request, UnreadableRequest)
    assert (status, True) == (request.status, protocol.is_closed)
    protocol.receive_data(GET)
    assert protocol.next_request() is None


def test_the_limits_are_those_that_are_documented() -> None:
    """65,536 bytes and 100 headers are let in."""
    line = b"GET /" + b"x" * 65_535 + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    many = GET[:-2] + b"X: 1\r\n" * 98 + b"\r\n"

    assert all(isinstance(received([raw])[0], ReceivedRequest) for raw in (line, many))
    assert (431, "There are more than 100 headers.") == refusal(many[:-2] + b"X: 1\r\n\r\n")


@pytest.mark.parametrize("sent", [b"Authorization=Bearer eugpt_secret", b"secret", b"a b: secret"])
def test_a_refusal_says_nothing_of_what_was_sent(sent: bytes) -> None:
    """It might be a key."""
    status, message = refusal(GET[:-2] + sent + b"\r\n\r\n")

    assert (400, "The request isn't valid HTTP/1.1: illegal header line.") == (status, message)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            GET[:-2] + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            "Only Transfer-Encoding: chunked is supported",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", "Missing mandatory Host: header"),
        (GET[:-2] + b"Host: h\r\n\r\n", "Found multiple Host: headers"),
        (GET[:-2] + b"Content-Length: -5\r\n\r\n", "bad Content-Length"),
    ],
)
def test_a_refusal_is_not_cut_at_a_colon_of_its_own(raw: bytes, reason: str) -> None:
    """The name of a header field has one after it."""
    assert f"The request isn't valid HTTP/1.1: {reason}." == refusal(raw)[1]


@pytest.mark.parametrize(
    ("raw", "is_kept"),
    {
        "HTTP/1.1": (GET, True),
        "close": (GET[:-2] + b"Connection: TE, Close\r\n\r\n", False),
        "HTTP/1.0": (GET.replace(b"1.1", b"1.0"), False),
        "length and chunks": (CHUNKED.replace(b"\r\nT", b"\r\nContent-Length: 1\r\nT", 1), False),
    }.values(),
)  # fmt: skip
def test_a_connection_is_kept_or_closed_as_the_request_says(raw: bytes, *, is_kept: bool) -> None:
    """What follows on one that isn't kept is never read."""
    requests = received([raw + GET])

    assert 1 + is_kept == len(requests)
    assert is_kept == requests[0].is_persistent


def test_an_invalid_chunk_ends_the_connection() -> None:
    """The body isn't used, and what follows isn't a request."""
    (request,) = received([CHUNKED.replace(b"dy\r\n", b"dying\r\n") + GET])

    assert isinstance(request, ReceivedRequest)
    assert (False, False, b"") == (request.is_complete, request.is_persistent, request.body)


def test_a_client_that_asks_whether_to_send_is_told_once() -> None:
    """Only when it is waiting, so not when the body is there already, and not in HTTP/1.0."""
    asking = POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"

    assert b"HTTP/1.1 100 Continue\r\n\r\n" == told(asking)
    assert b"" == told(asking + b"b")
    assert b"" == told(asking.replace(b"1.1", b"1.0"))
    assert b"" == told(SIZED[:-1])


def told(raw: bytes) -> bytes:
    protocol = ServerProtocol()
    protocol.receive_data(raw)
    assert protocol.next_request() is None
    said = protocol.data_to_send() + protocol.data_to_send()
    protocol.receive_data(b"body")
    assert isinstance(protocol.next_request(), ReceivedRequest)
    return said + protocol.data_to_send()


def test_a_client_that_has_closed_its_end_is_answered() -> None:
    """And the connection is closed when everything that came has been given."""
    protocol = ServerProtocol()
    protocol.receive_data(GET + GET)
    protocol.receive_data(b"")

    requests = [protocol.next_request(), protocol.next_request()]
    assert [True, True] == [isinstance(request, ReceivedRequest) for request in requests]
    assert protocol.next_request() is None
    assert protocol.is_closed


def test_the_pieces_of_a_large_body_are_not_copied() -> None:
    """They are given as they came."""
    pieces = [bytes(600_000), bytes(600_000)]
    head = POST + b"Content-Length: 1200000\r\n\r\n"
    (request,) = received([head, *pieces])

    assert isinstance(request, ReceivedRequest)
    assert [id(piece) for piece in pieces] == [id(piece) for piece in request.body]


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("//v1/files?a=?", "//v1/files", "a=?", "localhost"),
        ("http://other:80/v1/files?a=b", "/v1/files", "a=b", "other:80"),
        ("HTTP://other", "/", "", "other"),
        ("*", "*", "", "localhost"),
    ],
)
def test_a_target_has_a_path_a_query_and_a_host(
    target: str, path: str, query: str, host: str
) -> None:
    """The path is given as it was sent; a proxy's target says the host itself."""
    request = ReceivedRequest(method="GET", target=target, headers=(("hOST", "localhost"),))

    assert (path, query, host) == (request.path, request.query, request.host)


CHUNKS = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [b"4", b"0004", b"0" * 40 + b"4", b"0" * 2000 + b"4"])
def test_the_size_of_a_chunk_may_have_any_number_of_zeros(size: bytes) -> None:
    """Before its digits, and before the last chunk's zero too (RFC 9112, 7.1)."""
    (request,) = received([CHUNKS + size + b"\r\nbody\r\n" + size[:-1] + b"0\r\n\r\n"])

    assert content(request) == b"body"


@pytest.mark.parametrize(
    "trailer",
    [
        b"no colon",
        b" folded: x",
        b"name : x",
        b"na me: x",
        b": x",
        b"x: \x00",
        b"x: y\rz",
        b"\xff: x",
    ],
)
def test_a_trailer_that_is_not_a_field_makes_the_chunks_invalid(trailer: bytes) -> None:
    """As in a head; what follows may be a smuggled request."""
    (request,) = received([CHUNKS + b"4\r\nbody\r\n0\r\n" + trailer + b"\r\n\r\n" + GET])

    assert isinstance(request, ReceivedRequest)
    assert (request.is_complete, request.is_persistent) == (False, False)


@pytest.mark.parametrize("trailer", [b"x: y", b"x:", b"X-Checksum:  \x80\xff z", b"a: 1\r\nb: 2"])
def test_trailers_that_are_fields_are_dropped(trailer: bytes) -> None:
    """What follows is the next request."""
    requests = received([CHUNKS + b"4\r\nbody\r\n0\r\n" + trailer + b"\r\n\r\n" + GET])

    assert [content(request) for request in requests] == [b"body", b""]


@pytest.mark.parametrize(
    "host",
    [b"user@localhost", b"user:key@localhost", b"localhost/v1", b"localhost?", b"local host",
     b"localhost:80:80", b"localhost:port", b"[::1", b"::1", b"#"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["Host", "target"])
def test_a_host_that_is_none_is_refused(host: bytes, where: str) -> None:
    """User info could pass for the name, and may be a password: it isn't repeated."""
    if where == "target" and host in (b"localhost/v1", b"localhost?", b"local host", b"#"):
        pytest.skip("there it is a path, a query, or a target in two words")
    target, header = (b"/", host) if where == "Host" else (b"http://%s/" % host, b"localhost")
    status, message = refusal(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, header))

    assert status == 400
    assert "user" not in message


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"localhost:8080", b"127.0.0.1:80", b"[::1]:80", b"[::1]", b"my_host.x", b""],
)
def test_a_host_is_a_name_or_an_address_with_or_without_a_port(host: bytes) -> None:
    """Whether it is this server's is asked later."""
    (request,) = received([b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host])

    assert isinstance(request, ReceivedRequest)
    assert request.host == host.decode()


@pytest.mark.parametrize("cut", [0, 2, 5, 20, 21, 22, 30])
def test_bytes_beyond_ascii_in_a_target_are_escaped(cut: int) -> None:
    """As curl sends what somebody typed; a body keeps its bytes, and so does a header."""
    head = "GET /é?purpose=é HTTP/1.1\r\nHost: localhost\r\nX: é\r\nContent-Length: 2\r\n\r\n"
    raw = f"{head}é".encode()
    (request,) = received([raw[:cut], raw[cut:]] if cut else [raw])

    assert isinstance(request, ReceivedRequest)
    assert request.target == "/%C3%A9?purpose=%C3%A9"
    assert dict(request.headers)["X"].encode("latin-1") == "é".encode()
    assert content(request) == "é".encode()


@pytest.mark.parametrize("line", ["GÉT / HTTP/1.1", "GET / HTTP/1.é"])
def test_anywhere_else_in_the_first_line_they_are_refused(line: str) -> None:
    """A method and a version have none."""
    assert refusal(f"{line}\r\nHost: localhost\r\n\r\n".encode())[0] == 400


BODIES = {
    "sized": POST + b"Content-Length: 9\r\n\r\n12345",
    "chunked": CHUNKS + b"3\r\n123\r\n6\r\n45",
}


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("wanted", [0, 4, 5])
def test_a_request_may_be_wanted_with_a_part_of_its_body(raw: bytes, wanted: int) -> None:
    """It comes once so many bytes have come, with no more than these, and is the last one."""
    asked: list[str] = []
    protocol = ServerProtocol(bytes_wanted=lambda head: asked.append(head.target) or wanted)
    protocol.receive_data(raw)
    request = protocol.next_request()

    assert isinstance(request, ReceivedRequest)
    assert content(request) == b"12345"[:wanted]
    assert (request.is_complete, request.is_persistent) == (False, False)
    assert request.is_broken_off
    assert protocol.is_closed
    assert asked == ["/v1/files"]


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES)
def test_until_then_more_is_waited_for(raw: bytes) -> None:
    """And a body that is shorter comes as a whole."""
    protocol = ServerProtocol(bytes_wanted=lambda _: 6)
    protocol.receive_data(raw)
    assert protocol.next_request() is None
    protocol.receive_data(b"6789" if raw == BODIES["sized"] else b"6789\r\n0\r\n\r\n")
    request = protocol.next_request()

    assert isinstance(request, ReceivedRequest)
    assert (content(request), request.is_complete) == (b"123456789", True)


def test_100_continue_is_said_once_however_often_it_is_asked_for() -> None:
    """A second one would be taken for the answer by simple clients."""
    protocol = ServerProtocol()
    protocol.receive_data(POST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert protocol.next_request() is None
    assert protocol.data_to_send().startswith(b"HTTP/1.1 100 ")
    assert protocol.data_to_send() == b""


@pytest.mark.parametrize(("over", "is_refused"), [(0, False), (1, True)])
def test_all_headers_together_are_limited_to_the_byte(*, over: int, is_refused: bool) -> None:
    """With the colon, the space and the line end of each."""
    host = b"Host: localhost\r\n"
    value = b"x" * (65_536 + over - len(host) - len(b"A: \r\n"))
    (request,) = received([b"GET / HTTP/1.1\r\n" + host + b"A: " + value + b"\r\n\r\n"])

    assert isinstance(request, UnreadableRequest) == is_refused
