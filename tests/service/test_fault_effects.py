"""What a fault does to an answer, before any client meets it."""

from __future__ import annotations

import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.model.faults import Fault
from eugpt_files_mock.model.messages import Reply

from ..service_requests import json_of, send

CONTENT = b"0123456789"


def download(mock: FilesMock) -> Reply:
    """The answer to a download of ten bytes."""
    file = mock.add_file("a.txt", CONTENT)
    return send(mock, "GET", f"/files/{file.id}/content")


@pytest.mark.parametrize("after_bytes", [None, 0, 4, 9, 10, 11, 10_000])
def test_a_truncated_body_is_always_shorter_than_announced(after_bytes: int | None) -> None:
    """Also when it is to be cut at its end, or beyond; by default it is cut in the middle."""
    mock = FilesMock()
    mock.inject(faults.truncated(after_bytes))
    reply = download(mock)
    assert min(5 if after_bytes is None else after_bytes, 9) == reply.delivery.cut_after
    assert ("Content-Length", "10") in reply.headers


def test_a_corrupted_body_has_one_wrong_byte_in_its_middle() -> None:
    """And the length that was announced."""
    mock = FilesMock()
    mock.inject(faults.corrupted())
    assert b"01234\xca6789" == download(mock).body


def test_a_truncated_empty_body_announces_a_byte_that_does_not_come() -> None:
    """Otherwise nobody would notice."""
    mock = FilesMock()
    file = mock.add_file("empty.txt")
    mock.inject(faults.truncated(), on="download")
    reply = send(mock, "GET", f"/files/{file.id}/content")
    assert (0, ("Content-Length", "1")) == (reply.delivery.cut_after, reply.headers[1])


def test_jitter_adds_to_a_delay_by_chance_and_never_more_than_it_says() -> None:
    """It repeats with a seed."""
    mock = FilesMock(seed=1)
    mock.inject(faults.delay(1, jitter=2), on="list", times=20)
    delays = [send(mock, "GET", "/files").delivery.delay for _ in range(20)]
    assert 20 == len(set(delays))
    assert 1 <= min(delays) < 1.5
    assert 2.5 < max(delays) <= 3


@pytest.mark.parametrize(
    "fault", [faults.unauthorized(), faults.http_error(401), faults.http_error(401, body="html")]
)
def test_a_simulated_401_has_a_challenge(fault: Fault) -> None:
    """Every 401 has one (RFC 9110, 11.6.1); some clients read it."""
    mock = FilesMock()
    mock.inject(fault, on="list")
    assert ("WWW-Authenticate", "Bearer") in send(mock, "GET", "/files").headers


INVALID = "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "bad_request", INVALID),
        (401, "invalid_api_key", "authentication_error"),
        (403, "project_forbidden", "permission_error"),
        (404, "file_not_found", "not_found_error"),
        (405, "method_not_allowed", INVALID),
        (413, "file_too_large", INVALID),
        (415, "unsupported_media_type", INVALID),
        (418, "http_418", INVALID),
        (429, "rate_limited", "rate_limit_error"),
        (499, "http_499", INVALID),
        (500, "server_error", "server_error"),
        (502, "bad_gateway", "server_error"),
        (503, "unavailable", "server_error"),
        (504, "gateway_timeout", "server_error"),
        (599, "http_599", "server_error"),
    ],
)
def test_a_simulated_error_has_the_code_and_type_of_its_status(
    status: int, code: str, kind: str
) -> None:
    """Unless the author names another code."""
    mock = FilesMock()
    mock.inject([faults.http_error(status), faults.http_error(status, code="own")], on="list")
    usual, own = (json_of(send(mock, "GET", "/files"))["error"] for _ in range(2))
    assert (code, kind, "own") == (usual["code"], usual["type"], own["code"])


def test_a_challenge_of_the_author_takes_the_place_of_ours() -> None:
    """Two would be an answer that no server sends."""
    mock = FilesMock()
    mock.inject(faults.http_error(401, headers={"www-authenticate": "Basic"}), on="list")
    headers = send(mock, "GET", "/files").headers
    assert [("www-authenticate", "Basic")] == [
        pair for pair in headers if pair[0].lower() == "www-authenticate"
    ]


def test_a_fault_that_alters_the_answer_lets_the_work_be_done() -> None:
    """There must be an answer to alter."""
    mock = FilesMock()
    mock.inject(faults.corrupted(), on="delete")
    file = mock.add_file("a.txt")
    assert 200 == send(mock, "DELETE", f"/files/{file.id}").status
    assert 0 == len(mock.files)


def test_a_preferred_failure_is_answered_and_needs_no_armed_fault() -> None:
    """`Prefer: code=503`, on any request."""
    mock = FilesMock()
    assert 503 == send(mock, "GET", "/files", Prefer="code=503").status
    assert "http_error" == mock.calls.last.fault
