"""What a fault does to an answer, before any client meets it."""

from __future__ import annotations

import inspect
import json
from datetime import datetime, timedelta, timezone
from typing import Any, get_type_hints

import pytest

from eugpt_files_mock import FilesMock, OptionError, faults
from eugpt_files_mock.model.faults import ConnectionFault, ErrorResponse, Fault
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Reply, Request
from eugpt_files_mock.service.fault_effects import _ALTER, bytes_until_reset

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


def test_a_fault_that_alters_the_answer_lets_the_work_be_done() -> None:
    """There must be an answer to alter."""
    mock = FilesMock()
    mock.inject(faults.corrupted(), on="delete")
    file = mock.add_file("a.txt")
    assert 200 == send(mock, "DELETE", f"/files/{file.id}").status
    assert 0 == len(mock.files)


@pytest.mark.parametrize("content", [b"{}", b"[1]", b'"text"', b'{"a": "' + b"x" * 100 + b'"}'])
def test_corrupted_json_is_noticed_by_a_reader_that_replaces_wrong_bytes(content: bytes) -> None:
    """Such a reader would take a wrong byte in a string for another character."""
    mock = FilesMock()
    mock.stub("GET", "/models", body=content, headers={"Content-Type": "application/json"})
    mock.inject(faults.corrupted(), on="GET /models")
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(send(mock, "GET", "/models").body.decode("utf-8", "replace"))


def test_a_corrupted_stream_of_events_has_an_event_that_is_no_json() -> None:
    """And the others are whole: the stream itself can be read."""
    mock = FilesMock()
    mock.stub("GET", "/events", events=[{"text": "a" * 100}, {"text": "b" * 100}])
    mock.inject(faults.corrupted(), on="GET /events")
    lines = send(mock, "GET", "/events").body.decode("utf-8", "replace").splitlines()
    data = [line.partition("data: ")[2] for line in lines if line.startswith("data: ")]
    assert 2 == len(data)
    assert 1 == sum(one.startswith("{") for one in data)


MOMENT = datetime(2026, 10, 21, 7, 28, 0, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.astimezone(timezone(timedelta(hours=2))),
        MOMENT.isoformat(),
        "Wed, 21 Oct 2026 07:28:01 GMT",
    ],
)
def test_a_moment_to_retry_after_is_sent_as_a_date_rounded_up(moment: datetime | str) -> None:
    """A date has whole seconds (RFC 9110, 5.6.7); nobody is asked to come back too early."""
    for fault in (faults.rate_limited(moment), faults.unavailable(retry_after=moment)):
        assert (("Retry-After", "Wed, 21 Oct 2026 07:28:01 GMT"),) == fault.headers


def test_a_text_that_is_not_a_moment_is_refused() -> None:
    """Words come from the command line and over HTTP."""
    with pytest.raises(OptionError, match=r"rate_limited: retry_after must be .* got 'soon'"):
        faults.rate_limited("soon")


def test_without_a_wait_503_sends_no_retry_after_header() -> None:
    """OkHttp repeats a 503 with `Retry-After: 0` by itself."""
    assert (("retry-after-ms", "1"),) == faults.unavailable().headers
    assert ("Retry-After", "0") in faults.rate_limited().headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_another_place(status: int) -> None:
    """As the answer of one of the routes."""
    mock = FilesMock()
    mock.inject(faults.redirect("/v1/files/other", status), on="list")
    reply = send(mock, "GET", "/files")
    assert (status, b"") == (reply.status, reply.body)
    assert ("Location", "/v1/files/other") in reply.headers


@pytest.mark.parametrize("words", [("/a", 300), ("/a", 404), ("", 307), ("/a\r\nX: y", 307)])
def test_a_redirect_that_cannot_be_sent_is_refused(words: tuple[str, int]) -> None:
    """A status that names no place, or a place that isn't one."""
    with pytest.raises(OptionError):
        faults.redirect(*words)


def test_a_fault_in_the_middle_of_a_request_is_known_before_its_body_has_come() -> None:
    """Only looking uses nothing up; a fault before it in line comes first."""
    mock = FilesMock()
    head = Request(
        method="POST",
        path="/v1/files",
        resource="/files",
        query="",
        headers=Headers(),
        body=b"",
        client="port",
    )
    service = mock._service
    assert bytes_until_reset(service, head) is None
    armed = mock.inject(faults.connection_reset(after_bytes=10), on="upload", skip=1)
    assert bytes_until_reset(service, head) is None
    send(mock, "POST", "/files")
    assert [10, 10] == [bytes_until_reset(service, head) for _ in range(2)]
    assert 0 == armed.hits


@pytest.mark.parametrize("fault", [faults.connection_reset(after_bytes=1), faults.dns_error()])
def test_a_connection_that_ends_before_the_work_cannot_lose_the_answer(fault: Any) -> None:
    """`phase="after"` says that the work is done."""
    with pytest.raises(OptionError, match=r"cannot have phase='after'"):
        FilesMock().inject(fault, phase="after")


def test_each_kind_of_fault_has_an_effect() -> None:
    """One that is added without it would fail inside the client's call."""
    # By name: a class with slots is made twice.
    kinds = {kind.__name__ for kind in (ErrorResponse, ConnectionFault, *_ALTER)}
    assert kinds == {kind.__name__ for kind in Fault.__subclasses__()}


def test_each_function_that_makes_a_fault_is_in_the_list() -> None:
    """The command line, the control routes and the pages are made from that list."""
    made = {
        name
        for name, function in vars(faults).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and function.__module__ == faults.__name__
        and issubclass(_returned(function), Fault)
    }
    assert {*faults.FAULTS} == made - {"fault_named"}


def _returned(function: Any) -> type:
    returned = get_type_hints(function).get("return")
    return returned if isinstance(returned, type) else object
