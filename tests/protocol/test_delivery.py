"""What is done with a connection for each outcome, as values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eugpt_files_mock.model.messages import Delivery, Reply, Severed
from eugpt_files_mock.protocol import (
    Close,
    Hang,
    Reset,
    Send,
    Wait,
    deliver,
    reason_phrase,
    response_head,
)
from eugpt_files_mock.protocol.server_protocol import ReceivedRequest, UnreadableRequest

KEPT = ReceivedRequest(method="GET", target="/", headers=())
REPLY = Reply(status=200, headers=(("Content-Length", "6"),), body=b"abcdef")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("kind", "actions"),
    [
        ("refused", [Reset()]),  # a port cannot refuse
        ("reset", [Reset()]),
        ("empty", [Close()]),
        ("garbage", [Send(b"garbage\r\n\r\n"), Close()]),
        ("timeout", [Hang()]),
    ],
)
def test_a_severed_connection_ends(kind: str, actions: list[object]) -> None:
    """It is never kept."""
    assert actions == list(deliver(Severed(kind=kind), KEPT))  # type: ignore[arg-type]


def test_a_small_answer_is_sent_at_once() -> None:
    """Head and body in one piece, which is one packet."""
    assert [Send(HEAD + b"abcdef")] == list(deliver(REPLY, KEPT))


def test_an_answer_says_so_when_the_connection_is_not_kept() -> None:
    """And it is closed."""
    closing = replace(KEPT, is_persistent=False)

    assert [Send(CLOSING + b"abcdef"), Close()] == list(deliver(REPLY, closing))
    assert Close() == list(deliver(REPLY, UnreadableRequest(status=400, message="")))[-1]


def test_a_body_that_is_cut_announces_more_than_is_sent() -> None:
    """Then the connection is closed."""
    assert [Send(HEAD + b"ab"), Close()] == list(
        deliver(replace(REPLY, delivery=Delivery(cut_after=2)), KEPT)
    )


def test_a_delay_comes_before_the_first_byte_and_pauses_between_the_pieces() -> None:
    """The first piece of a body follows its head without a pause."""
    slow = replace(REPLY, delivery=Delivery(delay=1, piece=4, pause=0.5))

    assert [Wait(1.0), Send(HEAD), Send(b"abcd"), Wait(0.5), Send(b"ef")] == plain(slow, KEPT)


def test_a_large_body_is_not_copied() -> None:
    """It is sent apart from the head, as a view of the bytes that are stored."""
    body = bytes(70_000)
    _, sent = deliver(Reply(status=200, headers=(), body=body), KEPT)

    assert isinstance(sent, Send)
    assert isinstance(sent.data, memoryview)
    assert sent.data.obj is body


def test_head_204_and_304_have_no_body() -> None:
    """HEAD keeps the length of what GET would get; 204 must not have one (RFC 9110, 8.6)."""
    head = replace(KEPT, method="HEAD")

    assert [Send(HEAD)] == list(deliver(REPLY, head))
    assert [Send(b"HTTP/1.1 204 No Content\r\n\r\n")] == list(
        deliver(replace(REPLY, status=204), KEPT)
    )
    unchanged = HEAD.replace(b"200 OK", b"304 Not Modified")
    assert [Send(unchanged)] == list(deliver(replace(REPLY, status=304), KEPT))


def test_a_body_without_a_length_gets_one() -> None:
    """Without it a client would wait for the end of the connection."""
    assert [Send(HEAD + b"abcdef")] == list(deliver(replace(REPLY, headers=()), KEPT))


def test_every_status_has_a_reason() -> None:
    """The names of RFC 9110, on every Python; one word for what isn't registered."""
    reasons = [reason_phrase(status) for status in (200, 413, 422, 499, 520)]

    assert ["OK", "Content Too Large", "Unprocessable Content", "Unknown", "Unknown"] == reasons


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "€"])
def test_a_header_cannot_smuggle_another_one(value: str) -> None:
    """Nothing of it is sent."""
    with pytest.raises(ValueError, match=r"line break|latin-1"):
        response_head(200, [("X", value)])


def plain(reply: Reply, request: ReceivedRequest) -> list[object]:
    """The actions, with bytes instead of views of them."""
    return [
        Send(bytes(action.data)) if isinstance(action, Send) else action
        for action in deliver(reply, request)
    ]
