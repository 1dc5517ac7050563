"""The profile `openai`: what no recording shows of its wire, and what its clients make of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from eugpt_files_mock import FilesMock, after_polls, faults

from ..conftest import WAYS, entered
from .test_openai_recorded import NOON, send

NODE = Path(__file__).parents[1] / "examples" / "node"


class Clock:
    """Stands still until it is set."""

    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=WAYS)
def mock(request: pytest.FixtureRequest, clock: Clock) -> Iterator[FilesMock]:
    with entered(request.param, profile="openai", clock=clock) as mock:
        yield mock


@pytest.fixture
def client(mock: FilesMock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url, max_retries=0) as client:
        yield client


def form(filename: str = "a.txt", content: bytes = b"a", **fields: str) -> dict[str, Any]:
    return {"files": {"file": (filename, content)}, "data": {"purpose": "assistants", **fields}}


def test_it_intercepts_openai() -> None:
    """The SDK needs no `base_url` for it, as the profile has the SDK's default."""
    with FilesMock(profile="openai") as mock:
        assert "https://api.openai.com/v1" == mock.base_url
        assert openai.OpenAI(api_key=mock.api_key).files.list().data == []


def test_a_list_and_a_delete_have_their_members_in_order(mock: FilesMock) -> None:
    """`first_id` and `last_id` are those of the page; on the last one `has_more` is false."""
    empty = send(mock, "GET", "/files").json()
    expected = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
    assert list(expected.items()) == list(empty.items())
    first, second = (send(mock, "POST", "/files", **form()).json()["id"] for _ in "ab")
    page = send(mock, "GET", "/files?limit=1").json()
    assert (True, second, second) == (page["has_more"], page["first_id"], page["last_id"])
    page = send(mock, "GET", f"/files?limit=1&after={second}").json()
    assert (False, first) == (page["has_more"], page["last_id"])
    deleted = send(mock, "DELETE", f"/files/{first}").json()
    assert [("object", "file"), ("deleted", True), ("id", first)] == list(deleted.items())


def error(message: str) -> dict[str, Any]:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return {"error": error, "detail": {"message": message, "code": None}}


REFUSED: dict[str, tuple[dict[str, Any], int, dict[str, Any]]] = {
    "no purpose": (form(purpose=""), 400, error("'purpose' is a required property")),
    "no file": (
        {"files": {"purpose": (None, "batch")}},
        400,
        error("'file' is a required property"),
    ),
    "JSON": (
        {"json": {}},
        415,
        error(
            "Invalid Content-Type header (application/json), expected multipart/form-data. (HINT: "
            "If you're using curl, you can pass -H 'Content-Type: multipart/form-data')"
        ),
    ),
    "an empty file": (form(content=b""), 400, error("File is empty.")),
}


@pytest.mark.parametrize(("words", "status", "body"), REFUSED.values(), ids=REFUSED)
def test_an_upload_is_refused_in_openais_words(
    words: dict[str, Any], status: int, body: dict[str, Any], mock: FilesMock
) -> None:
    """With OpenAI's message, and `detail` beside `error`; nothing is stored."""
    response = send(mock, "POST", "/files", **words)
    assert (status, body) == (response.status_code, response.json())
    assert 0 == len(mock.files)


def test_a_refused_download(mock: FilesMock) -> None:
    """The profile lets nobody download files of `assistants` and `user_data`."""
    for purpose in ("assistants", "user_data"):
        file = mock.add_file("a.txt", purpose=purpose)
        response = send(mock, "GET", f"/files/{file.id}/content")
        message = f"Not allowed to download files of purpose: {purpose}"
        assert (400, error(message)) == (response.status_code, response.json())


def test_a_download_names_the_file(mock: FilesMock) -> None:
    """In `Content-Disposition`, where a quote and an `ü` are percent-escaped."""
    file = mock.add_file('a "b"-ü.txt', b"content", purpose="batch")
    response = send(mock, "GET", f"/files/{file.id}/content")
    assert b"content" == response.content
    assert "application/octet-stream" == response.headers["content-type"]
    assert 'attachment; filename="a %22b%22-%C3%BC.txt"' == response.headers["content-disposition"]


def test_a_fault_is_answered_as_the_profile_refuses(mock: FilesMock, client: openai.OpenAI) -> None:
    """The SDK raises the class of each status, and finds `param`, `type` and `code` in the body."""
    mock.inject([faults.not_found(), faults.rate_limited(), faults.server_error()], "list")
    with pytest.raises(openai.NotFoundError) as not_found:
        client.files.list()
    assert "id" == not_found.value.param
    with pytest.raises(openai.RateLimitError) as limited:
        client.files.list()
    assert ("requests", "rate_limit_exceeded") == (limited.value.type, limited.value.code)
    with pytest.raises(openai.InternalServerError) as failed:
        client.files.list()
    assert {"message", "type", "param", "code"} == set(failed.value.body)  # type: ignore[call-overload]


def test_calls_name_our_code_whatever_the_body_shows(mock: FilesMock) -> None:
    """OpenAI's body has no code here; an assertion on `call.error` holds in each profile."""
    send(mock, "GET", "/files/x")
    call = mock.calls.last
    assert ("file_not_found", "No such File object: x") == (call.error, call.message)


class TestExpiry:
    """A file with a date is gone from every call when its time has come."""

    def test_the_sdk_sets_it(self, client: openai.OpenAI) -> None:
        """By `expires_after`, in seconds from the creation of the file."""
        after = {"anchor": "created_at", "seconds": 3600}
        file = client.files.create(file=b"a", purpose="user_data", expires_after=after)  # type: ignore[arg-type]
        assert NOON + 3600 == file.expires_at

    def test_a_batch_has_thirty_days(self, client: openai.OpenAI) -> None:
        """It is the profile's default for this purpose: the upload asks for none."""
        file = client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
        assert NOON + 30 * 86_400 == file.expires_at

    @pytest.mark.parametrize("seconds", ["3599", "2592001", "soon", ""])
    def test_another_time_is_refused(self, seconds: str, mock: FilesMock) -> None:
        """OpenAI allows one hour to 30 days; a value that isn't a number is refused too."""
        fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": seconds}
        assert 400 == send(mock, "POST", "/files", **form(**fields)).status_code

    def test_it_is_gone_from_every_call(self, mock: FilesMock, clock: Clock) -> None:
        """One second earlier it is still there; then it is 404, and not in `mock.files`."""
        fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        file_id = send(mock, "POST", "/files", **form(purpose="evals", **fields)).json()["id"]
        clock.now += 3599
        assert 200 == send(mock, "GET", f"/files/{file_id}").status_code
        clock.now += 1
        assert [] == send(mock, "GET", "/files").json()["data"]
        for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            assert 404 == send(mock, method, f"/files/{file_id}{path}").status_code
        assert (0, None) == (len(mock.files), mock.files.get(file_id))
        assert file_id not in mock.files

    def test_a_cursor_on_it_goes_on(self, mock: FilesMock, clock: Clock) -> None:
        """A client that pages must not fail when a file expires between two pages."""
        older = mock.add_file("older.txt", created_at=NOON - 1)
        fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        file_id = send(mock, "POST", "/files", **form(**fields)).json()["id"]
        clock.now += 3600
        page = send(mock, "GET", f"/files?limit=1&after={file_id}").json()
        assert [older.id] == [file["id"] for file in page["data"]]

    def test_its_bytes_no_longer_count(self, clock: Clock) -> None:
        """Otherwise files that nobody can see or delete would fill the quota for ever."""
        with FilesMock(profile="openai", clock=clock, max_total_bytes=1) as mock:
            fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
            statuses = []
            for _ in range(2):
                statuses.append(send(mock, "POST", "/files", **form(**fields)).status_code)
                clock.now += 3600
            assert [200, 200] == statuses

    def test_the_profile_eugpt_ignores_it(self) -> None:
        """EU GPT's documentation says nothing of expiry, so the fields have no effect."""
        with FilesMock() as mock:
            fields = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
            assert "expires_at" not in send(mock, "POST", "/files", **form(**fields)).json()


class TestHabitsOfTheSDK:
    """What its users write."""

    def test_iteration_pages_through(self, mock: FilesMock, client: openai.OpenAI) -> None:
        """The SDK asks for each next page by itself: three calls for five files."""
        for number in range(5):
            mock.add_file(f"{number}.txt")
        names = [file.filename for file in client.files.list(limit=2)]
        assert ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"] == names
        assert 3 == len(mock.calls.to("list"))

    def test_wait_for_processing(self) -> None:
        """The SDK's helper polls the file until it is processed, here at the second retrieve."""
        with FilesMock(profile="openai", processing=after_polls(2)) as mock:
            client = openai.OpenAI(api_key=mock.api_key)
            file = client.files.create(file=b"a", purpose="user_data")
            assert "uploaded" == file.status
            waited = client.files.wait_for_processing(file.id, poll_interval=0.01)
            assert "processed" == waited.status

    @pytest.mark.skipif(
        not shutil.which("node") or not (NODE / "node_modules" / "openai").exists(),
        reason="the npm package openai isn't installed",
    )
    def test_npm_for_await_pages_through(self) -> None:
        """The npm package, over a port, pages as the Python SDK does."""
        script = (
            'import OpenAI from "openai";'
            "const client = new OpenAI({apiKey: process.argv[1], baseURL: process.argv[2]});"
            "for await (const file of client.files.list({limit: 2})) console.log(file.filename);"
        )
        with FilesMock(profile="openai").serve() as mock:
            for number in range(5):
                mock.add_file(f"{number}.txt")
            arguments = ["node", "--input-type=module", "-e", script, mock.api_key, mock.base_url]
            done = subprocess.run(arguments, cwd=NODE, capture_output=True, text=True, check=True)
        assert ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"] == done.stdout.split()
