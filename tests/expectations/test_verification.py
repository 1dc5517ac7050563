"""What a test author can ask of the calls, and what is said when it does not hold."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import threading
from typing import Any

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, faults

from ..conftest import WAYS, entered
from ..service_requests import KEY, file_part, purpose_part, send, upload


@pytest.fixture
def mock() -> FilesMock:
    """Not entered: these tests speak to the service itself."""
    return FilesMock(api_keys={KEY: "alice"})


def test_calls_can_be_filtered_sliced_and_read_from_the_end(mock: FilesMock) -> None:
    """A misspelt operation is an error, where an empty result could hide it."""
    upload(mock)
    send(mock, "GET", "/files", query="purpose=batch&limit=5")
    upload(mock)
    calls = mock.calls
    assert ["upload", "list", "upload"] == [call.operation for call in calls]
    assert 2 == len(calls.to("upload")) == len(calls[1:]) == len(calls[-2:])
    assert calls[2] is calls.last is calls.to("upload").last is calls[-1]
    assert {"purpose": "batch", "limit": "5"} == calls[1].query
    assert ("batch", "alice", None) == (calls[1].purpose, calls[1].user, calls[1].file_id)
    with pytest.raises(OptionError, match="Did you mean 'upload'"):
        calls.to("uploads")
    with pytest.raises(IndexError, match="no call was received"):
        _ = calls.to("delete").last


def test_calls_are_a_live_view(mock: FilesMock) -> None:
    """It can be taken once, at the beginning; `reset` empties it too."""
    calls = mock.calls
    assert 0 == len(calls)
    upload(mock)
    assert 1 == len(calls)
    mock.reset()
    assert 0 == len(calls) == len(mock.files)


def test_the_journal_keeps_the_newest_up_to_its_cap() -> None:
    """Without a cap, a mock that serves for long would need more and more memory."""
    mock = FilesMock(max_calls=3)
    for limit in range(1, 6):
        send(mock, "GET", "/files", query=f"limit={limit}")
    assert ["3", "4", "5"] == [call.query["limit"] for call in mock.calls]


def test_calls_that_are_no_longer_kept_are_mentioned() -> None:
    """They explain why fewer calls are counted than came; `reset` forgets that too."""
    mock = FilesMock(max_calls=3)
    for _ in range(5):
        upload(mock)
    said = r"2 older calls not kept, and not counted: FilesMock\(max_calls=...\) keeps more"
    with pytest.raises(ExpectationNotMet, match=said):
        mock.assert_called("upload", times=5)
    with pytest.raises(ExpectationNotMet, match=said):
        mock.assert_uploaded("b.txt")
    mock.reset()
    with pytest.raises(ExpectationNotMet) as caught:
        mock.assert_called("upload")
    assert "not kept" not in str(caught.value)


def test_keys_are_redacted_wherever_they_stand(mock: FilesMock) -> None:
    """In the path, the query and any header; what is around the key stays readable."""
    send(
        mock,
        "GET",
        f"/files/{KEY}",
        query=f"api_key={KEY}",
        X_Copy=f"my {KEY}",
        X_Api_Key="a-secret-word",
    )
    call = mock.calls.last
    assert KEY not in repr(call)
    assert "a-secret-word" not in repr(call)
    assert "my [redacted]" == call.headers["X-Copy"]


def test_a_call_can_be_copied_hashed_and_turned_into_a_dict(mock: FilesMock) -> None:
    """A `MappingProxyType` as `query` can't be copied deeply, so it has a class of its own."""
    send(mock, "GET", "/files", query="limit=1")
    call = mock.calls.last
    assert call == copy.deepcopy(call) == pickle.loads(pickle.dumps(call))
    assert 1 == len({call, copy.copy(call)})
    assert {"limit": "1"} == dataclasses.asdict(call)["query"]


def test_headers_are_found_in_any_case(mock: FilesMock) -> None:
    """Field names are case-insensitive (RFC 9110, 5.1)."""
    send(mock, "GET", "/files", Prefer="wait=1")
    headers = mock.calls.last.headers
    assert "wait=1" == headers["prefer"] == headers["PREFER"] == headers.get("Prefer")
    assert "PREFER" in headers
    assert "absent" not in headers


def test_a_call_cannot_be_altered(mock: FilesMock) -> None:
    """A change by the test would alter what later assertions compare."""
    send(mock, "GET", "/files", query="limit=5")
    query: Any = mock.calls.last.query
    with pytest.raises(TypeError):
        query["limit"] = "6"
    assert {"limit": "5"} == mock.calls.last.query
    mock.assert_called("list", query={"limit": "5"})


def test_assert_called_counts_and_compares_fields(mock: FilesMock) -> None:
    """Without `times`, one call or more is enough."""
    upload(mock)
    send(mock, "GET", "/files")
    mock.assert_called("upload")
    mock.assert_called("upload", times=1, filename="a.txt", status=200, user="alice")
    mock.assert_not_called("delete")
    mock.assert_called("delete", times=0)


def test_assert_called_says_what_came_and_what_differs(mock: FilesMock) -> None:
    """Of the call that differs in the fewest fields, only those fields are shown."""
    upload(mock, file_part(filename="b.txt"), purpose_part(b"batch"))
    upload(mock, file_part(filename="c.txt"), purpose_part(b"vision"))
    with pytest.raises(ExpectationNotMet) as caught:
        mock.assert_called("upload", filename="b.txt", purpose="vision", status=200, user="alice")
    message = str(caught.value)
    assert "Expected at least 1 upload with filename='b.txt' and purpose='vision'" in message
    assert "POST /v1/files -> 200 filename='c.txt' purpose='vision'" in message
    assert "purpose: expected 'vision', came 'batch'" in message


def test_assert_called_with_a_number_says_how_often_it_came(mock: FilesMock) -> None:
    """Too few are reported in the same words as too many."""
    upload(mock)
    with pytest.raises(ExpectationNotMet, match=r"Expected 2 uploads, got 1\."):
        mock.assert_called("upload", times=2)
    with pytest.raises(ExpectationNotMet, match=r"Expected no upload, got 1\."):
        mock.assert_not_called("upload")


def test_a_delete_of_another_file_differs_in_the_file_alone(mock: FilesMock) -> None:
    """Whatever was answered: a lost answer doesn't matter here, nor which status a profile has."""
    one, other = mock.add_file("a.txt"), mock.add_file("b.txt")
    mock.inject(faults.server_error(), on="delete", phase="after")
    send(mock, "DELETE", f"/files/{other.id}")
    with pytest.raises(ExpectationNotMet, match=f"file_id: expected '{one.id}'") as caught:
        mock.assert_deleted(one)
    assert "status: expected" not in str(caught.value)


def test_a_wait_ends_when_the_call_comes_however_long_it_may_take(mock: FilesMock) -> None:
    """Python itself can't wait for so many seconds."""
    later = threading.Timer(0.2, send, (mock, "GET", "/files"))
    later.start()
    came = mock.wait_for("list", timeout=1e300)
    later.join()
    assert list(mock.calls) == came


def test_a_refusal_that_nobody_saw_has_no_status(mock: FilesMock) -> None:
    """Its answer got lost: the code and the text are told alone, and not "None"."""
    mock.inject(faults.connection_reset(), on="upload", phase="after")
    with mock, pytest.raises(httpx.ReadError):
        httpx.post(
            f"{mock.base_url}/files",
            headers={"Authorization": f"Bearer {mock.api_key}"},
            data={"purpose": "batch"},
            files={"image": b"abc"},
        )
    assert "\n  missing_file: " in mock.report()
    with pytest.raises(ExpectationNotMet, match=r"It matches, but was refused: missing_file\. "):
        mock.assert_uploaded(purpose="batch")


def test_the_nearest_call_is_of_the_same_file_or_was_carried_out(mock: FilesMock) -> None:
    """What was refused for another file is the furthest, wherever it stands."""
    one, other = mock.add_file("a.txt"), mock.add_file("b.txt")
    for file_id in ("no-such-file", other.id):
        send(mock, "GET", f"/files/{file_id}/content")
        send(mock, "DELETE", f"/files/{file_id}")
    for check in (mock.assert_downloaded, mock.assert_deleted):
        with pytest.raises(ExpectationNotMet, match=f"came '{other.id}'$"):
            check(one)
    mock.inject(faults.server_error(), on="delete")
    send(mock, "DELETE", f"/files/{one.id}")
    with pytest.raises(ExpectationNotMet, match=r"status: expected 200, came 500$"):
        mock.assert_deleted(one)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"operation": "uplaod"}, "Did you mean 'upload'"),
        ({"operation": "upload", "file_name": "a"}, "Did you mean 'filename'"),
        ({"operation": "upload", "times": -1}, "times must be an integer"),
    ],
)
def test_assert_called_refuses_words_that_it_does_not_know(
    mock: FilesMock, words: dict[str, object], message: str
) -> None:
    """A field that doesn't exist would match no call, so `times=0` would always pass."""
    with pytest.raises(OptionError, match=message):
        mock.assert_called(**words)  # type: ignore[arg-type]


def test_assert_uploaded_compares_name_purpose_and_content(mock: FilesMock) -> None:
    """It shows the first byte that differs; after the file is deleted, only its SHA-256."""
    upload(mock, file_part(b"abc"), purpose_part(b"batch"))
    mock.assert_uploaded("a.txt")
    mock.assert_uploaded("a.txt", purpose="batch", content=b"abc")
    with pytest.raises(ExpectationNotMet, match="purpose: expected 'vision', came 'batch'"):
        mock.assert_uploaded("a.txt", purpose="vision")
    with pytest.raises(ExpectationNotMet, match="bytes: expected 2, came 3"):
        mock.assert_uploaded("a.txt", content=b"ab")
    with pytest.raises(
        ExpectationNotMet, match=r"content: expected b'abd', came b'abc'\n.* at byte 2"
    ):
        mock.assert_uploaded("a.txt", content=b"abd")
    send(mock, "DELETE", f"/files/{mock.calls[0].file_id}")
    with pytest.raises(ExpectationNotMet, match="sha256: expected"):
        mock.assert_uploaded("a.txt", content=b"abd")
    with pytest.raises(OptionError, match="content must be bytes"):
        mock.assert_uploaded("a.txt", content="abc")  # type: ignore[arg-type]


def test_only_what_was_stored_counts_as_uploaded(mock: FilesMock) -> None:
    """And only by a request: `add_file` is the test's own doing."""
    mock.inject(faults.unavailable(), on="upload")
    upload(mock)
    with pytest.raises(ExpectationNotMet, match="no such file was stored"):
        mock.assert_uploaded("a.txt")
    mock.add_file("a.txt")
    with pytest.raises(ExpectationNotMet):
        mock.assert_uploaded("a.txt")


def test_leaving_fails_for_a_fault_that_never_fired() -> None:
    """Such a test hasn't tested what it says; the message tells how to fix or allow it."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="download", filename="a.pdf")
    with pytest.raises(ExpectationNotMet) as caught:
        mock.stop()
    parts = ("never fired", "What came:", "What would have matched:", "To fix it:", "To allow it:")
    assert [True] * 5 == [part in str(caught.value) for part in parts]
    assert "timeout() on download filename='a.pdf'" in str(caught.value)


def test_a_fault_that_never_saw_a_request_says_what_answered_in_its_place() -> None:
    """Of two faults on one call, the first took both requests."""
    mock = FilesMock().start()
    mock.inject(faults.unavailable(), on="list", times=2)
    mock.inject(faults.server_error(), on="list")
    for _ in range(2):
        httpx.get("https://chat.eugpt.ai/v1/files")
    answered = re.escape("another fault hit first: unavailable() 2 times")
    with pytest.raises(
        ExpectationNotMet, match=rf"server_error\(\) on list \(matched 0 requests; {answered}"
    ):
        mock.stop()


def test_leaving_accepts_what_is_allowed() -> None:
    """For the whole mock by its options, for a single fault by `optional=True`."""
    with FilesMock(assert_all_faults_fired=False, assert_all_requests_known=False) as mock:
        mock.inject(faults.timeout())
        httpx.get("https://chat.eugpt.ai/nowhere")
    with FilesMock() as mock:
        mock.inject(faults.timeout(), optional=True)


def test_what_is_said_once_is_not_said_again() -> None:
    """A mock that is started again reports only what is new."""
    mock = FilesMock().start()
    mock.inject(faults.timeout(), on="delete")
    httpx.get("https://chat.eugpt.ai/nowhere")
    with pytest.raises(ExpectationNotMet):
        mock.stop()
    mock.start().stop()
    mock.start().inject(faults.timeout(), on="upload")
    with pytest.raises(ExpectationNotMet) as caught:
        mock.stop()
    assert "1 armed fault never fired" in str(caught.value)
    assert "timeout() on delete" not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
def test_a_stray_may_be_left_to_others_in_process_only(way: str) -> None:
    """On a port no other mock can answer it, so `passthrough` isn't advised there."""
    with pytest.raises(ExpectationNotMet) as caught, entered(way) as mock:
        httpx.get(f"{mock.base_url}/models")
    assert (way == "in process") is ("passthrough='/v1/models'" in str(caught.value))
    assert "FilesMock(assert_all_requests_known=False) accepts" in str(caught.value)


def test_leaving_never_hides_an_exception_under_way() -> None:
    """The exit checks are skipped: their failure would replace the exception of the test."""

    def failing(way_in: Any) -> None:
        with way_in as mock:
            mock.inject(faults.timeout())
            raise ZeroDivisionError

    for way_in in (FilesMock(), FilesMock().serve()):
        with pytest.raises(ZeroDivisionError):
            failing(way_in)


def test_leaving_is_checked_when_the_last_way_in_is_closed() -> None:
    """While requests are still intercepted, an armed fault may yet fire."""
    mock = FilesMock().start()
    with mock.serve():
        mock.inject(faults.timeout(), on="delete")
    assert 401 == httpx.get("https://chat.eugpt.ai/v1/files").status_code
    with pytest.raises(ExpectationNotMet):
        mock.stop()


def test_one_mock_can_intercept_and_serve_with_one_state() -> None:
    """`base_url` is the port's while it is open, and afterwards the intercepted one."""
    mock = FilesMock()
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    form = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}
    with mock:
        intercepted = mock.base_url
        with mock.serve():
            assert mock.base_url.startswith("http://127.0.0.1:")
            httpx.post(f"{mock.base_url}/files", headers=headers, **form)
            listed = httpx.get(f"{intercepted}/files", headers=headers).json()
        assert intercepted == mock.base_url
    assert ["a.txt"] == [file["filename"] for file in listed["data"]]
    assert ["port", "httpx"] == [call.client for call in mock.calls]
