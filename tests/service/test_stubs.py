"""What a stub matches and answers, what its function may do, and what is called after a call."""

from __future__ import annotations

import json
import re
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from eugpt_files_mock import (
    Answer,
    Call,
    ExpectationNotMet,
    FilesMock,
    OptionError,
    after_polls,
    fails,
    faults,
)

from ..service_requests import KEY, code_of, file_part, header, json_of, purpose_part, send, upload


@pytest.fixture
def mock() -> FilesMock:
    """Not entered: these tests speak to the service itself."""
    return FilesMock(api_keys={KEY: "alice", "eugpt_bob": "bob"}, seed=1)


def post(mock: FilesMock, body: bytes = b"", path: str = "/responses", **words: Any) -> Any:
    return send(mock, "POST", path, body=body, **words)


def test_the_newest_stub_answers_and_after_its_times_the_one_before(mock: FilesMock) -> None:
    """A cancelled one answers no more; then the route is unknown again."""
    first = mock.stub("POST", "/responses", json=1)
    second = mock.stub("POST", "/responses", json=2, times=2)
    assert [2, 2, 1] == [json_of(post(mock)) for _ in range(3)]
    assert (1, 2, 0) == (first.hits, second.hits, second.remaining)
    assert (1, 2) == (len(first.calls), len(second.calls))
    first.cancel()
    first.cancel()
    assert "route_not_found" == code_of(post(mock))


def test_segments_methods_and_queries_are_told_apart(mock: FilesMock) -> None:
    """A name stands for one segment; another method is 405."""
    mock.stub("GET", "/a/{x}/b.c/{y}", reply=lambda request: [*request.params.values()])
    assert ["1", "2 é"] == json_of(send(mock, "GET", "/a/1/b.c/2 é"))
    assert "GET" == header(send(mock, "DELETE", "/a/1/b.c/2"), "Allow")
    for path in ("/a/1/bxc/2", "/a/1/b.c/2/3", "/a//b.c/2"):
        assert "route_not_found" == code_of(send(mock, "GET", path))


def test_a_path_may_begin_as_another_base_url_does() -> None:
    """Where it lies below one of them."""
    mock = FilesMock(base_url=("https://a.example/v1", "https://b.example"))
    assert "POST /v1/responses" == mock.stub("POST", "/v1/responses").operation


def test_each_kind_of_body_has_its_content_type(mock: FilesMock) -> None:
    """And each may be replaced by a header of the stub."""
    for words, kind, body in (
        ({"json": {"é": [1, None]}}, "application/json", '{"é":[1,null]}'.encode()),
        ({"body": "é"}, "text/plain; charset=utf-8", "é".encode()),
        ({"body": b"\x00"}, "application/octet-stream", b"\x00"),
        ({"events": [1]}, "text/event-stream", b"event: message\ndata: 1\n\n"),
        ({"body": "<p>", "headers": {"content-type": "text/html"}}, None, b"<p>"),
        ({"status": 204}, None, b""),
    ):
        mock.stub("POST", "/responses", **words)
        reply = post(mock)
        assert (kind, body) == (header(reply, "Content-Type"), reply.body)
    assert (204, None) == (reply.status, header(reply, "Content-Length"))


def test_a_function_is_given_the_request_and_may_return_an_answer(mock: FilesMock) -> None:
    """Also a JSON value, which goes out with the status of the stub."""
    seen: list[Any] = []

    def reply(request: Any) -> Any:
        seen.append(request)
        return Answer(status=201, body="made", headers={"X-Made": "1"})

    mock.stub("POST", "/responses", reply=reply)
    made = post(mock, b'{"a": [1]}', query="q=%C3%A9&q=2", X_Mine="7")
    assert (201, b"made", "1") == (made.status, made.body, header(made, "X-Made"))
    request = seen[0]
    assert ({"a": [1]}, b'{"a": [1]}', "alice") == (request.json, request.body, request.user)
    assert ({"q": "2"}, "7", "POST") == (request.query, request.headers["x-mine"], request.method)
    mock.stub("POST", "/responses", reply=lambda request: {"json": request.json}, status=202)
    later = post(mock, b"no JSON")
    assert (202, {"json": None}) == (later.status, json_of(later))


def test_a_function_is_given_the_form(mock: FilesMock) -> None:
    """With its texts and its files by name; of one name, the last."""
    seen: list[Any] = []
    mock.stub("POST", "/responses", reply=lambda request: seen.append(request.form) or {})
    parts = httpx.Request(
        "POST",
        "http://a",
        data={"model": "whisper-1", "n": ["1", "2"]},
        files={"file": ("grün.mp3", b"\x00", "audio/mpeg"), "raw": b"raw"},
    )
    post(mock, parts.read(), Content_Type=parts.headers["content-type"])
    assert {"model": "whisper-1", "n": "2"} == seen[-1].fields
    assert ("grün.mp3", b"\x00", "audio/mpeg") == seen[-1].files["file"]
    assert b"raw" == seen[-1].files["raw"].content
    post(mock, b"a=1&b=%C3%BC&c=", Content_Type="application/x-www-form-urlencoded")
    assert ({"a": "1", "b": "ü", "c": ""}, {}) == (seen[-1].fields, seen[-1].files)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
        ("application/x-www-form-urlencoded", b"\xff"),
        (None, b""),
    ],
)
def test_what_is_no_form_has_none(mock: FilesMock, kind: str | None, body: bytes) -> None:
    """It isn't refused: the function has the bytes."""
    mock.stub("POST", "/responses", reply=lambda request: [request.form is None])
    assert [True] == json_of(post(mock, body, **({"Content_Type": kind} if kind else {})))


@pytest.mark.parametrize(
    "body",
    [
        b'{"file_id": "%s"}',
        b'{"file_ids": ["%s"]}',
        b'{"input": [{"content": [{"deep": {"file_id": "%s"}}]}]}',
        b'[[{"file_ids": [1, "%s"]}]]',
    ],
)
def test_files_that_a_request_names_must_be_the_users(mock: FilesMock, body: bytes) -> None:
    """Wherever they stand; a refused request uses up nothing."""
    stub = mock.stub("POST", "/responses", json={}, times=1)
    file = mock.add_file("a.txt")
    foreign = mock.add_file("b.txt", user="bob")
    for wrong in (foreign.id, "nothing"):
        assert "file_not_found" == code_of(post(mock, body % wrong.encode()))
    assert 0 == stub.hits
    assert 200 == post(mock, body % file.id.encode()).status
    mock.stub("POST", "/responses", json={}, check_file_ids=False)
    assert 200 == post(mock, body % b"nothing").status


def test_deep_json_is_no_danger(mock: FilesMock) -> None:
    """A body that Python cannot parse is given as bytes."""
    mock.stub("POST", "/responses", reply=lambda request: [request.json is None])
    for depth in (200, 100_000):
        assert 200 == post(mock, b"[" * depth + b"]" * depth).status


def test_the_key_is_redacted_in_the_json_that_is_kept(mock: FilesMock) -> None:
    """The function is given it as it came."""
    mock.stub("POST", "/responses", reply=lambda request: request.json)
    assert {"my": KEY} == json_of(post(mock, b'{"my": "%s"}' % KEY.encode()))
    assert {"my": "[redacted]"} == mock.calls.last.json
    assert 1 == len({mock.calls.last})


def test_stubs_count_in_the_window_and_are_dropped_by_reset() -> None:
    """As every other route."""
    mock = FilesMock(rate_limit=(1, 60))
    mock.stub("POST", "/responses", json={})
    assert [200, 429] == [post(mock).status for _ in range(2)]
    mock.reset()
    assert "route_not_found" == code_of(post(mock))
    assert "1" == mock.stub("GET", "/a", json=1).id


def test_faults_on_everything_hit_also_what_is_stubbed_later(mock: FilesMock) -> None:
    """But not unknown routes, and not another route than the one named."""
    mock.inject(faults.unavailable(), times=None)
    mock.stub("POST", "/responses", json={})
    assert [503, 404] == [post(mock).status, post(mock, path="/other").status]
    mock.armed[0].cancel()
    mock.stub("POST", "/other", json={})
    mock.inject(faults.server_error(), on="POST /other")
    assert [200, 500] == [post(mock).status, post(mock, path="/other").status]
    with pytest.raises(OptionError, match="can never match on POST /other"):
        mock.inject(faults.timeout(), on="POST /other", filename="a.txt")


@pytest.mark.parametrize(
    "reply", [lambda request: 1 / 0, lambda request: {1, 2}, lambda request: None]
)
def test_a_function_that_fails_is_raised_and_reported(reply: Any) -> None:
    """In process out of the client's call, on a port as 500, and by `check()` in both cases."""
    mock = FilesMock().start()
    mock.stub("POST", "/responses", reply=reply)
    headers = {"Authorization": "Bearer eugpt_x"}
    with pytest.raises((ZeroDivisionError, OptionError, TypeError)):
        httpx.post(f"{mock.base_url}/responses", headers=headers)
    said = "The function of the stub POST /responses raised"
    with pytest.raises(ExpectationNotMet, match=said):
        mock.stop()
    with mock.serve():
        answer = httpx.post(f"{mock.base_url}/responses", headers=headers)
        with pytest.raises(ExpectationNotMet, match=said):
            mock.check()
    assert (500, True) == (answer.status_code, said in answer.json()["detail"])
    assert [500, 500] == [call.status for call in mock.calls]


def test_after_changes_the_store_before_the_client_sees_the_answer(mock: FilesMock) -> None:
    """Such as between two pages of a list."""
    oldest = mock.add_file("a.txt")
    mock.add_file("b.txt")
    mock.after("list", lambda call: mock.set_status(oldest.id, "error", "broken"))
    mock.after("list", lambda call: mock.add_file("c.txt"), times=2)
    pages = [json_of(send(mock, "GET", "/files")) for _ in range(4)]
    assert [2, 3, 4, 4] == [len(page["data"]) for page in pages]
    assert "broken" == mock.files[oldest.id].status_details


def test_a_status_without_a_body_sends_nothing_of_a_reply(mock: FilesMock) -> None:
    """By no server (RFC 9110, 15.3.5); so the function may return None."""
    for status, value in ((204, {"a": 1}), (304, None)):
        mock.stub("POST", "/responses", status=status, reply=lambda request, it=value: it)
        reply = post(mock)
        assert (status, b"") == (reply.status, reply.body)
        assert {None} == {header(reply, name) for name in ("Content-Length", "Content-Type")}


def test_an_answer_of_a_model_has_an_id_of_its_own() -> None:
    """Whatever the ids of files look like; with a seed, it changes none of theirs."""
    ids, files = set(), set()
    for answers in (0, 2):
        mock = FilesMock(profile="openai", seed=1, require_auth=False)
        mock.stub_response("Forty-two.")
        bodies = [json_of(post(mock, b'{"stream": false}', key=None)) for _ in range(answers)]
        ids |= {body["id"] for body in bodies}
        files.add(mock.add_file("a.txt").id)
    assert 1 == len(files)
    assert 2 == len(ids) == sum(bool(re.fullmatch("resp_[0-9a-f]{32}", one)) for one in ids)


def test_an_answer_of_a_model_has_every_member() -> None:
    """As one document, and as the events of a stream."""
    mock = FilesMock(clock=lambda: 1.5)
    mock.stub_response("ab", chunks=2, model="m")
    document = json_of(post(mock, b'{"stream": false}'))
    _, number = document["id"].split("_")
    begun = {
        "id": f"resp_{number}", "object": "response", "created_at": 1500, "status": "in_progress",
        "error": None, "incomplete_details": None, "model": "m", "output": [],
    }  # fmt: skip
    text = {"type": "output_text", "text": "ab", "annotations": []}
    item = {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant"}
    output = [item | {"content": [text]}]
    done = begun | {"status": "completed", "output": output, "output_text": "ab"}
    assert done == document
    frames = post(mock).body.decode().split("\n\n")[:-1]
    events = [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]
    number = events[0]["response"]["id"].removeprefix("resp_")
    place = {"item_id": f"msg_{number}", "output_index": 0, "content_index": 0}
    ours = {"id": f"resp_{number}"}
    started = item | {"id": f"msg_{number}", "status": "in_progress", "content": []}
    output = [item | {"id": f"msg_{number}", "content": [text]}]
    assert [
        {"type": "response.created", "response": begun | ours},
        {"type": "response.output_item.added", "output_index": 0, "item": started},
        {"type": "response.content_part.added", **place, "part": text | {"text": ""}},
        {"type": "response.output_text.delta", **place, "delta": "a"},
        {"type": "response.output_text.delta", **place, "delta": "b"},
        {"type": "response.output_text.done", **place, "text": "ab"},
        {"type": "response.completed", "response": done | ours | {"output": output}},
    ] == [{name: event[name] for name in event if name != "sequence_number"} for event in events]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [(1, ["abcde"]), (2, ["abc", "de"]), (4, ["ab", "cd", "e"]), (9, [*"abcde"])],
)
def test_a_text_comes_in_so_many_pieces_or_fewer(chunks: int, expected: list[str]) -> None:
    """Of equal length, but for the last."""
    mock = FilesMock()
    mock.stub_response("abcde", chunks=chunks)
    assert expected == re.findall('"delta":"(.*?)"', post(mock).body.decode())


class Asynchronous:
    """An object of an author's that is called as a coroutine function is."""

    async def __call__(self, received: object) -> None: ...


def test_what_would_have_to_be_awaited_is_refused() -> None:
    """Nobody would await it, so it would do nothing."""
    with pytest.raises(OptionError, match="function must be a plain function"):
        FilesMock().after("list", Asynchronous())
    with pytest.raises(OptionError, match="reply must be a plain function"):
        FilesMock().stub("GET", "/x", reply=Asynchronous())


@pytest.mark.parametrize("chunks", [["a", "c"], ["a", 1], [b"a1"], "a1", 0])
def test_chunks_that_cannot_be_sent_are_refused(chunks: Any) -> None:
    """A number among them would be sent as one, which no client reads as text."""
    with pytest.raises(OptionError, match=r"stub_response: (?:the )?chunks must"):
        FilesMock().stub_response("a1", chunks=chunks)


def test_what_a_function_after_a_call_raises_is_not_lost() -> None:
    """In process the client's call raises it; the record says what a port answers."""
    mock, headers = FilesMock().start(), {"Authorization": "Bearer eugpt_x"}
    seen: list[int | None] = []
    said = "The function after list raised Failed: too soon"

    def fail(call: Call) -> None:
        seen.append(mock.calls.last.status)
        pytest.fail("too soon")

    mock.after("list", fail, times=None)
    with pytest.raises(BaseException, match="too soon"):
        httpx.get(f"{mock.base_url}/files", headers=headers)
    with pytest.raises(ExpectationNotMet, match=said):
        mock.stop()
    with pytest.raises(ExpectationNotMet, match=said), mock.serve():
        answer = httpx.get(f"{mock.base_url}/files", headers=headers)
    assert (500, [200, 200]) == (answer.status_code, seen)
    assert [500, 500] == [call.status for call in mock.calls]


def test_a_delete_of_a_file_that_was_not_there_deleted_nothing(tmp_path: Path) -> None:
    """Though some services answer it."""
    path = tmp_path / "profile.json"
    path.write_text('{"profile": "eugpt", "values": {"delete.unknown": "answered"}}')
    mock = FilesMock(profile=path)
    assert 200 == send(mock, "DELETE", "/files/never").status
    with pytest.raises(ExpectationNotMet, match="It matches, but there was no such file"):
        mock.assert_deleted("never")


def test_waiting_ends_with_the_call_that_was_waited_for(mock: FilesMock) -> None:
    """From another thread; without it, an assertion."""
    thread = threading.Timer(0.05, lambda: [upload(mock), upload(mock)])
    thread.start()
    first, second = mock.wait_for("upload", 2, timeout=20, filename="a.txt")
    assert mock.calls[:] == [first, second] or len(mock.calls) == 2
    thread.join()
    with pytest.raises(ExpectationNotMet, match=r"Expected 3 uploads, got 2 in 0.01 s"):
        mock.wait_for("upload", 3, timeout=0.01)


def test_processing_goes_by_patterns_of_filenames() -> None:
    """The first that fits; without any, at once."""
    mock = FilesMock(processing={"*.exe": fails("no document"), "[a].pdf": after_polls(2)})

    def seen(name: str) -> list[str]:
        file = json_of(upload(mock, file_part(filename=name), purpose_part()))
        polls = [json_of(send(mock, "GET", f"/files/{file['id']}"))["status"] for _ in range(2)]
        return [file["status"], *polls]

    assert ["uploaded", "error", "error"] == seen("x.exe")
    assert ["uploaded", "uploaded", "processed"] == seen("[a].pdf") == seen("a.pdf")
    assert ["processed"] * 3 == seen("b.pdf")


def test_a_file_added_as_uploaded_is_processed_when_it_is_asked_for(mock: FilesMock) -> None:
    """A status set by hand stays."""
    file = mock.add_file("a.txt", status="uploaded")
    assert "uploaded" == mock.files[file.id].status
    assert "processed" == json_of(send(mock, "GET", f"/files/{file.id}"))["status"]
    mock.set_status(file.id, "uploaded")
    assert "uploaded" == json_of(send(mock, "GET", f"/files/{file.id}"))["status"]


def test_a_fault_may_be_for_a_pattern_of_filenames(mock: FilesMock) -> None:
    """Equality counts too, for a name with brackets."""
    mock.inject(faults.unavailable(), "upload", filename="*.pdf", times=None)
    mock.inject(faults.unavailable(), "upload", filename="a[1].txt", times=None)
    statuses = {
        name: upload(mock, file_part(filename=name), purpose_part()).status
        for name in ("a.pdf", "a[1].txt", "b.txt", "A.PDF")
    }
    assert {"a.pdf": 503, "a[1].txt": 503, "b.txt": 200, "A.PDF": 200} == statuses


def test_a_path_can_be_added(mock: FilesMock, tmp_path: Path) -> None:
    """As the content or alone, under its own name or another."""
    path = tmp_path / "report.txt"
    path.write_bytes(b"hello")
    files = [mock.add_file(path), mock.add_file(content=path), mock.add_file("b.txt", path)]
    assert ["report.txt", "report.txt", "b.txt"] == [file.filename for file in files]
    assert {b"hello"} == {file.content for file in files}
    file = mock.add_file("c.txt", status="error", status_details="broken")
    assert "broken" == file.status_details


def test_deleted_and_downloaded_can_be_asserted(mock: FilesMock) -> None:
    """A lost answer of a delete doesn't matter, one that a fault prevented does."""
    file = mock.add_file("a.txt", b"x")
    for check in (mock.assert_deleted, mock.assert_downloaded):
        with pytest.raises(ExpectationNotMet, match="none was carried out"):
            check(file.id)
    send(mock, "GET", f"/files/{file.id}/content")
    mock.assert_downloaded(file.id)
    mock.inject(faults.server_error(), "delete")
    mock.inject(faults.server_error(), "delete", phase="after")
    send(mock, "DELETE", f"/files/{file.id}")
    with pytest.raises(ExpectationNotMet):
        mock.assert_deleted(file.id)
    send(mock, "DELETE", f"/files/{file.id}")
    mock.assert_deleted(file.id)
    other = mock.add_file("b.txt")
    mock.inject(faults.server_error(), "delete")
    send(mock, "DELETE", f"/files/{other.id}")
    mock._service.files.remove(other.id, other.user)
    with pytest.raises(ExpectationNotMet, match="status: expected 200, came 500"):
        mock.assert_deleted(other.id)
    upload(mock)
    mock.assert_uploaded("a.txt", content_type="text/plain")
    with pytest.raises(ExpectationNotMet, match="content_type: expected 'a/b', came 'text/plain'"):
        mock.assert_uploaded("a.txt", content_type="a/b")


def test_an_error_body_may_be_a_dict(mock: FilesMock) -> None:
    """Sent as JSON, unless the headers say otherwise."""
    mock.inject(faults.http_error(418, body={"é": 1}), "list")
    reply = send(mock, "GET", "/files")
    assert ("application/json", {"é": 1}) == (header(reply, "Content-Type"), json_of(reply))


def test_a_delay_without_end_needs_a_timeout() -> None:
    """An error for the author, as for `timeout()`."""
    for fault in (faults.delay(1e10), faults.dribble(1, 1e10)):
        with FilesMock(assert_all_faults_fired=False) as mock:
            mock.inject(fault, "list")
            with pytest.raises(Exception, match="it would wait for ever"):
                httpx.get(
                    f"{mock.base_url}/files",
                    headers={"Authorization": "Bearer eugpt_x"},
                    timeout=None,
                )


def test_python_finds_only_the_faults_there_are() -> None:
    """A misspelt one is an `AttributeError`, so that `hasattr` and Python itself go on working."""
    assert not hasattr(faults, "rate_limit")
    assert not hasattr(faults, "__wrapped__")
    with pytest.raises(AttributeError, match="Did you mean 'rate_limited'"):
        _ = faults.rate_limit
    assert sys.modules["eugpt_files_mock.faults"] is faults
