"""What each value of a behaviour changes, for those that no named profile has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eugpt_files_mock import FilesMock, faults

from ..service_requests import file_part, header, json_of, part, purpose_part, send, upload

NOW = 1716387200
REFUSAL = {"status": 418, "message": "no {id}{value}{purpose}", "body": {"said": "{message}"}}
JSON_UTF8 = "application/json; charset=utf-8"


def stored(mock: FilesMock) -> list[str]:
    """The ids of three files: a, b, c."""
    return [mock.add_file("a.txt", id=name, purpose=name * 3).id for name in "abc"]


def listed(query: str) -> Callable[[FilesMock], Any]:
    """The ids in a list, or what a refusal says."""

    def observed(mock: FilesMock) -> Any:
        stored(mock)
        body = json_of(send(mock, "GET", "/files", query=query))
        return body.get("said") or "".join(file["id"] for file in body["data"])

    return observed


def after_a_deleted(mock: FilesMock) -> Any:
    stored(mock)
    send(mock, "DELETE", "/files/b")
    reply = send(mock, "GET", "/files", query="after=b")
    return reply.status, json_of(reply).get("said")


def uploaded(name: str, *parts: bytes) -> Callable[[FilesMock], Any]:
    """A member of the file, or the status of the refusal."""

    def observed(mock: FilesMock) -> Any:
        reply = upload(mock, *parts)
        return json_of(reply).get(name) if reply.status == 200 else reply.status

    return observed


def expiring(seconds: str, anchor: str = "created_at") -> tuple[bytes, ...]:
    fields = {"expires_after[anchor]": anchor, "expires_after[seconds]": seconds}
    parts = [part(name, value.encode()) for name, value in fields.items() if value]
    return (file_part(), purpose_part(), *parts)


def downloaded(name: str, filename: str = 'filename="a.txt"') -> Callable[[FilesMock], Any]:
    """A header of a download."""

    def observed(mock: FilesMock) -> Any:
        file = part("file", b"abc", filename, kind="text/x")
        file_id = json_of(upload(mock, file, purpose_part()))["id"]
        return header(send(mock, "GET", f"/files/{file_id}/content"), name)

    return observed


def sent(method: str, resource: str, show: str = "", **words: Any) -> Callable[[FilesMock], Any]:
    """The status of a reply, or a header of it."""

    def observed(mock: FilesMock) -> Any:
        reply = send(mock, method, resource, **words)
        return header(reply, show) if show else reply.status

    return observed


def body(method: str, resource: str) -> Callable[[FilesMock], Any]:
    return lambda mock: send(mock, method, resource).body.decode()


def faulty(**words: Any) -> Callable[[FilesMock], Any]:
    """The body of a fault's 404."""

    def observed(mock: FilesMock) -> Any:
        mock.inject(faults.http_error(404, message="m", **words), on="list")
        return json_of(send(mock, "GET", "/files"))

    return observed


def shown(mock: FilesMock) -> Any:
    return json_of(upload(mock)) | {"id": ""}


UUID = "/files/0b0e7a52-5d0c-4d9e-9a4e-3f1f7f0e4a55"
QUOTED = """filename="é%22.txt\""""

CASES: dict[str, tuple[dict[str, Any], Callable[[FilesMock], Any], Any]] = {
    "the route first": ({"auth.first": "route"}, sent("GET", "/nowhere", key=None), 404),
    "then the key": ({"auth.first": "route"}, sent("GET", "/files", key=None), 401),
    "no key": ({"errors.missing_api_key": None}, sent("GET", "/files", key=None), 200),
    "a wrong key": ({"errors.invalid_api_key": None}, sent("GET", "/files", key="x"), 200),
    "a prefix": ({"key.prefix": "k-"}, sent("GET", "/files", key="k-1"), 200),
    "nothing but the prefix": ({"key.prefix": "k-"}, sent("GET", "/files", key="k-"), 401),
    "spaced": ({"json.style": "spaced"}, body("GET", "/files"), '{"object": "list", "data": []}'),
    "indented": (
        {"json.style": "indented"},
        body("GET", "/files"),
        '{\n  "object": "list",\n  "data": []\n}\n',
    ),
    "a content type": (
        {"json.content_type": JSON_UTF8},
        sent("GET", "/files", "Content-Type"),
        JSON_UTF8,
    ),
    "of refusals": ({"json.content_type": JSON_UTF8}, sent("GET", "/x", "Content-Type"), JSON_UTF8),
    "no id of the request": (
        {"headers.request_id": None},
        sent("GET", "/files", "X-Request-Id"),
        None,
    ),
    "a header": ({"headers.always": {"X-A": "b"}}, sent("GET", "/files", "X-A"), "b"),
    "milliseconds": ({"file.created_at": "milliseconds"}, uploaded("created_at"), NOW * 1000),
    "members": (
        {"file.members": ["id", "owner", "created_at", "object", "expires_at"]},
        shown,
        {"id": "", "owner": None, "created_at": NOW, "object": "file", "expires_at": None},
    ),
    "late members in their place": (
        {"file.members": ["id", "expires_at", "status_details", "status"], "expires.batch": 60},
        lambda mock: list(json_of(upload(mock, file_part(), purpose_part(b"batch"))).items())[1:],
        [("expires_at", NOW + 60), ("status_details", None), ("status", "processed")],
    ),
    "a path": (
        {"upload.filename": "dropped"},
        uploaded("filename", part("file", b"a", 'filename="C:\\a/b/c.txt"'), purpose_part()),
        "c.txt",
    ),
    "a Windows path": (
        {"upload.filename": "dropped"},
        uploaded("filename", part("file", b"a", 'filename="C:\\a\\c.txt"'), purpose_part()),
        "c.txt",
    ),
    "processing": ({"upload.file_status": "uploaded"}, uploaded("status"), "uploaded"),
    "purposes": ({"upload.purposes": ["batch"]}, uploaded("purpose"), 400),
    "the purpose of none": (
        {"errors.missing_purpose": None, "upload.default_purpose": "x"},
        uploaded("purpose", file_part()),
        "x",
    ),
    "an unknown field": (
        {"errors.unknown_field": REFUSAL},
        uploaded("id", file_part(), purpose_part(), part("x", b"")),
        418,
    ),
    "an empty file": (
        {"errors.empty_file": REFUSAL},
        uploaded("id", file_part(b""), purpose_part()),
        418,
    ),
    "a batch": (
        {"errors.batch_not_jsonl": REFUSAL},
        uploaded("id", file_part(), purpose_part(b"batch")),
        418,
    ),
    "a batch of JSON lines": (
        {"errors.batch_not_jsonl": REFUSAL},
        uploaded("filename", file_part(b"", "a.jsonl"), purpose_part(b"batch")),
        "a.jsonl",
    ),
    "an expiry, ignored": ({}, uploaded("expires_at", *expiring("x")), None),
    **{
        f"an expiry: {words}": (
            {"expires.after": "honoured", "errors.unknown_field": REFUSAL},
            uploaded("expires_at", *expiring(*words)),
            expected,
        )
        for words, expected in {
            ("3600",): NOW + 3600,
            ("3599",): 400,
            ("2592000",): NOW + 2592000,
            ("2592001",): 400,
            ("4e3",): 400,
            ("٣٦٠٠",): 400,
            ("3600", "now"): 400,
            ("3600", ""): 400,
            ("",): 400,
        }.items()
    },
    "an expiry of batches": (
        {"expires.batch": 60},
        uploaded("expires_at", file_part(), purpose_part(b"batch")),
        NOW + 60,
    ),
    "of others": ({"expires.batch": 60}, uploaded("expires_at"), None),
    "ascending": ({"list.order": "asc"}, listed(""), "abc"),
    "but asked for otherwise": ({"list.order": "asc"}, listed("order=desc"), "cba"),
    "descending": ({}, listed("limit=2"), "cb"),
    "a purpose": ({}, listed("purpose=bbb"), "b"),
    "ignored: a purpose": ({"list.purpose_filter": "ignored"}, listed("purpose=bbb"), "cba"),
    "ignored: a limit": ({"list.limit": "ignored"}, listed("limit=1"), "cba"),
    "ignored: a wrong limit": ({"list.limit": "ignored"}, listed("limit=x"), "cba"),
    "ignored: after": ({"list.after": "ignored"}, listed("after=b"), "cba"),
    "ignored: an order": ({"list.order_parameter": "ignored"}, listed("order=asc"), "cba"),
    "ignored: a wrong order": ({"list.order_parameter": "ignored"}, listed("order=x"), "cba"),
    "refused: a limit": ({"errors.bad_limit": REFUSAL}, listed("limit=0"), "no {id}0{purpose}"),
    "accepted: a wrong limit": ({"errors.bad_limit": None}, listed("limit=0"), "cba"),
    "accepted: a wrong order": ({"errors.bad_order": None}, listed("order=x"), "cba"),
    "accepted: a wrong order, ascending": (
        {"errors.bad_order": None, "list.order": "asc"},
        listed("order=x"),
        "abc",
    ),
    "accepted: an unknown file": ({"errors.unknown_after": None}, listed("after=x&limit=2"), "cb"),
    "after a deleted file": ({}, after_a_deleted, (200, None)),
    "refused: after a deleted file": (
        {"list.after_deleted": "refused", "errors.unknown_after": REFUSAL},
        after_a_deleted,
        (418, "no {id}b{purpose}"),
    ),
    "after a file": ({"list.after_deleted": "refused"}, listed("after=b"), "a"),
    "an id of another form": ({"errors.malformed_id": REFUSAL}, sent("GET", "/files/x"), 418),
    "an id of that form": ({"errors.malformed_id": REFUSAL}, sent("GET", UUID), 404),
    "an unknown file is deleted": ({"delete.unknown": "answered"}, sent("DELETE", UUID), 200),
    "of a delete": (
        {"delete.unknown": "answered", "delete.members": ["deleted", "owner"]},
        body("DELETE", "/files/x"),
        '{"deleted":true,"owner":null}',
    ),
    "a download's type": (
        {"download.content_type": "{content_type}"},
        downloaded("Content-Type"),
        "text/x",
    ),
    "a download's name": (
        {"download.disposition": 'a; filename="{filename}"'},
        downloaded("Content-Disposition", QUOTED),
        'a; filename="%C3%A9%22.txt"',
    ),
    "no name": ({"download.disposition": None}, downloaded("Content-Disposition"), None),
    "a text": (
        {"errors.file_not_found": REFUSAL | {"body": "{message}!"}},
        body("GET", "/files/x"),
        "no x{value}{purpose}!",
    ),
    "its type": (
        {"errors.file_not_found": REFUSAL | {"body": "no"}},
        sent("GET", "/files/x", "Content-Type"),
        "text/plain; charset=utf-8",
    ),
    "a page": (
        {"errors.file_not_found": REFUSAL | {"body": "<p>"}},
        sent("GET", "/files/x", "Content-Type"),
        "text/html; charset=utf-8",
    ),
    "a fault, as the service refuses": (
        {"errors.file_not_found": REFUSAL | {"status": 404}},
        faulty(),
        {"said": "m"},
    ),
    "a fault with a status that is no longer the refusal's": (
        {"errors.file_not_found": REFUSAL, "errors.envelope": {"code": "{code}"}},
        faulty(),
        {"code": "file_not_found"},
    ),
    "a fault with a code of its own": (
        {"errors.file_not_found": REFUSAL | {"status": 404}, "errors.envelope": {"code": "{code}"}},
        faulty(code="own"),
        {"code": "own"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_behaviour_has_its_effect(name: str, tmp_path: Path) -> None:
    """And no other."""
    values, observed, expected = CASES[name]
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"profile": "eugpt", "values": values}))
    assert expected == observed(FilesMock(profile=path, clock=lambda: NOW + 0.9))


def test_an_error_can_show_the_id_of_the_request(tmp_path: Path) -> None:
    """In any place of its body; and the call has the same id, whether it is shown or not."""
    path = tmp_path / "profile.json"
    row = REFUSAL | {"body": {"a": ["{request_id}"]}}
    values = {"errors.file_not_found": row, "headers.request_id": None}
    path.write_text(json.dumps({"profile": "eugpt", "values": values}))
    mock = FilesMock(profile=path)
    shown = json_of(send(mock, "GET", "/files/x"))
    assert {"a": [mock.calls.last.request_id]} == shown
