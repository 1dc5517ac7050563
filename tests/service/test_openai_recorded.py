"""The rows of the profile `openai` that are recorded: a request of that shape, the whole answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.profile import BEHAVIOURS

from ..conftest import WAYS, entered

NOON = 1_700_000_000
ID = re.compile("file-[1-9A-HJ-NP-Za-km-z]{22}")

# What differs from answer to answer, and what the connection adds.
ALWAYS = {
    "content-type": "application/json",
    "openai-version": "2020-10-01",
    "openai-organization": "org-eugpt-files-mock",
    "openai-project": "proj_eugpt_files_mock",
    "openai-processing-ms": "12",
}
OF_A_REFUSED_KEY = {"content-type": "application/json; charset=utf-8", "vary": "Origin"}
OF_THE_CONNECTION = {"content-length", "date", "server", "connection", "x-request-id"}


@pytest.fixture(params=WAYS)
def mock(request: pytest.FixtureRequest) -> Iterator[FilesMock]:
    words: dict[str, Any] = {"api_keys": ["sk-good-key-1234"], "clock": lambda: NOON}
    with entered(request.param, profile="openai", **words) as mock:
        yield mock


def send(mock: FilesMock, method: str, path: str, **words: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {mock.api_key}", **words.pop("headers", {})}
    return httpx.request(method, mock.base_url + path, headers=headers, **words)


def upload(mock: FilesMock, filename: str, purpose: str, **fields: str) -> httpx.Response:
    files, data = {"file": (filename, b"{}\n")}, {"purpose": purpose, **fields}
    return send(mock, "POST", "/files", files=files, data=data)


def is_whole(
    answer: httpx.Response, status: int, text: str, headers: dict[str, str] | None = None
) -> None:
    """The status, every header, every byte."""
    came = {name: answer.headers[name] for name in answer.headers if name not in OF_THE_CONNECTION}
    assert (status, ALWAYS if headers is None else headers) == (answer.status_code, came)
    assert "x-request-id" in answer.headers
    assert str(len(answer.content)) == answer.headers["content-length"]
    assert text == answer.text


def file_text(file_id: str, filename: str, purpose: str, expires_at: str = "null") -> str:
    return (
        f'{{\n  "object": "file",\n  "id": "{file_id}",\n  "purpose": "{purpose}",\n'
        f'  "filename": "{filename}",\n  "bytes": 3,\n  "created_at": {NOON},\n'
        f'  "expires_at": {expires_at},\n  "status": "processed",\n  "status_details": null\n}}\n'
    )


def refusal_text(message: str, param: str = "null") -> str:
    return (
        f'{{\n  "error": {{\n    "message": "{message}",\n    "type": "invalid_request_error",\n'
        f'    "param": {param},\n    "code": null\n  }},\n  "detail": {{\n'
        f'    "message": "{message}",\n    "code": null\n  }}\n}}\n'
    )


def key_text(message: str, code: str) -> str:
    return (
        f'{{\n    "error": {{\n        "message": "{message}",\n'
        '        "type": "invalid_request_error",\n        "param": null,\n'
        f'        "code": {code}\n    }}\n}}\n'
    )


@pytest.mark.parametrize(
    "filename", ["upload", "test-batch-file", "a.jsonl", "a/b/c.jsonl", "/Users/me/x.jsonl"]
)
def test_a_batch_file_is_accepted(mock: FilesMock, filename: str) -> None:
    """Named `.jsonl` or without any extension; a path is kept; it expires after thirty days."""
    answer = upload(mock, filename, "batch")
    file_id = answer.json()["id"]
    assert ID.fullmatch(file_id)
    is_whole(answer, 200, file_text(file_id, filename, "batch", str(NOON + 2_592_000)))


@pytest.mark.parametrize("filename", ["a.txt", "a.json", "a.jsonl.gz", "a.d/b.csv"])
def test_a_batch_file_with_another_extension_is_refused(mock: FilesMock, filename: str) -> None:
    """Nothing is stored."""
    answer = upload(mock, filename, "batch")
    is_whole(answer, 400, refusal_text("Invalid file format for Batch API. Must be .jsonl"))
    assert 0 == len(mock.files)


def test_a_filename_in_its_extended_form_wins(mock: FilesMock) -> None:
    """Beside a plain one, as .NET sends both."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nevals\r\n--x\r\n'
        b'Content-Disposition: form-data; name="file"; filename="?.txt"; '
        b"filename*=utf-8''%C3%BC.txt\r\n\r\n{}\n\r\n--x--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = send(mock, "POST", "/files", content=body, headers=kind)
    is_whole(answer, 200, file_text(answer.json()["id"], "ü.txt", "evals"))


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["x"], "'x' was"),
        (["a", "b"], "'a', 'b' were"),
        (["expires_after.anchor", "expires_after.seconds", "c"],
         "'expires_after.anchor', 'expires_after.seconds', 'c' were"),
    ],
)  # fmt: skip
def test_every_unknown_field_is_named(mock: FilesMock, names: list[str], named: str) -> None:
    """In the order in which they were sent."""
    answer = upload(mock, "a.txt", "user_data", **dict.fromkeys(names, "1"))
    message = f"Additional properties are not allowed ({named} unexpected)"
    is_whole(answer, 400, refusal_text(message))


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("sk-wrong-api-key", "sk-wrong****-key"),
        ("sk-not-a-real-key", "sk-not-a*****-key"),
        ("fake", "fake"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_key_is_refused(mock: FilesMock, method: str, key: str, masked: str) -> None:
    """With most of it masked, and none of OpenAI's usual headers."""
    answer = send(mock, method, "/files", headers={"Authorization": f"Bearer {key}"})
    message = (
        f"Incorrect API key provided: {masked}. "
        "You can find your API key at https://platform.openai.com/account/api-keys."
    )
    is_whole(answer, 401, key_text(message, '"invalid_api_key"'), OF_A_REFUSED_KEY)


def test_a_request_without_a_key_is_refused(mock: FilesMock) -> None:
    """At the same gate, with a code that is null."""
    answer = httpx.get(f"{mock.base_url}/files")
    message = answer.json()["error"]["message"]
    assert message.startswith("You didn't provide an API key. You need to provide your API key in")
    assert message.endswith("obtain an API key from https://platform.openai.com/account/api-keys.")
    is_whole(answer, 401, key_text(message, "null"), OF_A_REFUSED_KEY)


def test_an_unknown_purpose_is_refused(mock: FilesMock) -> None:
    """The message names those that are accepted."""
    known = "['fine-tune', 'assistants', 'batch', 'user_data', 'vision', 'evals']"
    message = f"'world_domination' is not one of {known} - 'purpose'"
    is_whole(upload(mock, "a", "world_domination"), 400, refusal_text(message, '"purpose"'))


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/content"), ("DELETE", "")])
def test_an_unknown_id_is_refused(mock: FilesMock, method: str, path: str) -> None:
    """Also one of another form than OpenAI's ids have."""
    answer = send(mock, method, f"/files/fake_id{path}")
    is_whole(answer, 404, refusal_text("No such File object: fake_id", '"id"'))


def test_a_list_has_the_newest_first(mock: FilesMock) -> None:
    """Also of two uploads within one second; a purpose filters."""
    older = upload(mock, "a.txt", "evals").json()["id"]
    newer = upload(mock, "b.txt", "evals").json()["id"]
    upload(mock, "c.txt", "vision")
    shown = [file_text(newer, "b.txt", "evals"), file_text(older, "a.txt", "evals")]
    data = ",\n".join("    " + text.rstrip("\n").replace("\n", "\n    ") for text in shown)
    text = (
        f'{{\n  "object": "list",\n  "data": [\n{data}\n  ],\n  "has_more": false,\n'
        f'  "first_id": "{newer}",\n  "last_id": "{older}"\n}}\n'
    )
    is_whole(send(mock, "GET", "/files?purpose=evals"), 200, text)


def test_a_long_list_is_one_page(mock: FilesMock) -> None:
    """Of 1,414 files, without a `limit`."""
    for number in range(1_414):
        mock.add_file(f"{number}.txt")
    page = send(mock, "GET", "/files").json()
    assert (1_414, False) == (len(page["data"]), page["has_more"])


def test_a_download_and_two_deletes(mock: FilesMock) -> None:
    """The content with its name; the second delete is refused as of an unknown id."""
    file = mock.add_file("a.jsonl", b"{}\n", purpose="batch")
    headers = {
        **ALWAYS,
        "content-type": "application/octet-stream",
        "content-disposition": 'attachment; filename="a.jsonl"',
    }
    is_whole(send(mock, "GET", f"/files/{file.id}/content"), 200, "{}\n", headers)
    deleted = f'{{\n  "object": "file",\n  "deleted": true,\n  "id": "{file.id}"\n}}\n'
    is_whole(send(mock, "DELETE", f"/files/{file.id}"), 200, deleted)
    gone = refusal_text(f"No such File object: {file.id}", '"id"')
    is_whole(send(mock, "DELETE", f"/files/{file.id}"), 404, gone)


def test_what_is_no_guess_says_what_it_rests_on() -> None:
    """On the fidelity page."""
    silent = [name for name, row in BEHAVIOURS.items() if (row.grade == "?") != (not row.rests_on)]
    assert [] == silent
