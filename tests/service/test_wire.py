"""What goes over the wire: section 2 of the contract, byte for byte."""

from __future__ import annotations

import re
from typing import Any

import pytest

from eugpt_files_mock import FilesMock, after_polls, after_seconds, fails
from eugpt_files_mock.service.operations import OPERATIONS

from ..conftest import WAYS, entered
from ..service_requests import (
    BOUNDARY,
    KEY,
    code_of,
    file_part,
    form,
    header,
    json_of,
    part,
    purpose_part,
    send,
    upload,
)


@pytest.fixture
def mock() -> FilesMock:
    """Not entered: these tests speak to the service itself."""
    return FilesMock(clock=lambda: 1716387200.9)


def test_the_file_object_is_the_documented_one(mock: FilesMock) -> None:
    """Byte for byte: the order of the members, no white space, and time in whole seconds."""
    reply = upload(mock)
    file_id = json_of(reply)["id"]
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", file_id)
    assert 200 == reply.status
    assert "application/json" == header(reply, "Content-Type")
    assert (
        f'{{"id":"{file_id}","object":"file","bytes":3,"created_at":1716387200,'
        '"filename":"a.txt","purpose":"assistants","status":"processed"}'
    ) == reply.body.decode()


def test_the_five_answers(mock: FilesMock) -> None:
    """Retrieve and list repeat the upload's answer byte for byte; a download is the content."""
    uploaded = upload(mock)
    file_id = json_of(uploaded)["id"]
    assert uploaded.body == send(mock, "GET", f"/files/{file_id}").body
    listed = send(mock, "GET", "/files")
    assert b'{"object":"list","data":[' + uploaded.body + b"]}" == listed.body
    content = send(mock, "GET", f"/files/{file_id}/content")
    assert (200, b"abc") == (content.status, content.body)
    assert "application/octet-stream" == header(content, "Content-Type")
    deleted = send(mock, "DELETE", f"/files/{file_id}")
    assert f'{{"id":"{file_id}","object":"file","deleted":true}}' == deleted.body.decode()


def test_every_answer_has_a_request_id_of_its_own(mock: FilesMock) -> None:
    """Refusals have one too; the journal keeps it, so that a client's log leads to the call."""
    replies = [upload(mock), send(mock, "GET", "/nowhere"), send(mock, "GET", "/files", key=None)]
    ids = [header(reply, "X-Request-Id") for reply in replies]
    assert ids == [call.request_id for call in mock.calls]
    assert 3 == len(set(ids))


# -- upload -----------------------------------------------------------------------------------

FILENAMES = {
    'filename="plain.txt"': "plain.txt",
    "filename=token.txt": "token.txt",
    'filename="two words.txt"': "two words.txt",
    'filename="naïve-日本語.txt"': "naïve-日本語.txt",
    'filename="quo%22te.txt"': 'quo"te.txt',
    'filename="quo\\"te.txt"': 'quo"te.txt',
    'filename="line%0D%0Abreak.txt"': "line\r\nbreak.txt",
    'filename="nul%00.txt"': "nul\0.txt",
    'filename="100%25.txt"': "100%25.txt",
    'filename="C:\\\\temp\\\\a.txt"': "C:\\temp\\a.txt",
    'filename="C:\\temp\\a.txt"': "C:\\temp\\a.txt",
    'filename="../../etc/passwd"': "../../etc/passwd",
    'filename="semi;colon.txt"': "semi;colon.txt",
    "filename=\"fallback.txt\"; filename*=UTF-8''na%C3%AFve.txt": "naïve.txt",
    "filename*=UTF-8'en'%E2%82%AC.txt; filename=\"fallback.txt\"": "€.txt",
    "filename*=iso-8859-1''%A3.txt": "£.txt",
    'FILENAME="case.txt"': "case.txt",
}


@pytest.mark.parametrize("disposition", FILENAMES)
def test_a_filename_is_kept_as_sent_decoded(mock: FilesMock, disposition: str) -> None:
    """Escapes of browsers, curl and RFC 5987 are undone; a path or a NUL in it stays."""
    reply = upload(mock, part("file", b"x", disposition), purpose_part())
    assert (200, FILENAMES[disposition]) == (reply.status, json_of(reply)["filename"])


def test_an_empty_file_is_stored(mock: FilesMock) -> None:
    """An empty file is accepted here; the profile `openai` refuses them."""
    assert 0 == json_of(upload(mock, file_part(b""), purpose_part()))["bytes"]


def test_unknown_form_fields_are_ignored_in_any_order(mock: FilesMock) -> None:
    """Such as OpenAI's `expires_after`; here the file is the last part."""
    reply = upload(mock, part("expires_after[seconds]", b"60"), purpose_part(), file_part())
    assert 200 == reply.status


def test_a_boundary_may_be_quoted(mock: FilesMock) -> None:
    """The type may also be in capitals, and have other parameters before it."""
    kind = f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"'
    assert 200 == upload(mock, content_type=kind).status


REFUSED_UPLOADS: dict[str, tuple[dict[str, Any], tuple[bytes, ...], int, str]] = {
    "no parts": ({"body": form()}, (), 400, "missing_file"),
    "no file": ({}, (purpose_part(),), 400, "missing_file"),
    "a file without a name": ({}, (part("file", b"x"), purpose_part()), 400, "missing_file"),
    "no purpose": ({}, (file_part(),), 400, "missing_purpose"),
    "an empty purpose": ({}, (file_part(), purpose_part(b"")), 400, "missing_purpose"),
    "two files": ({}, (file_part(), file_part(), purpose_part()), 400, "invalid_multipart"),
    "truncated": ({"body": form(file_part())[:-9]}, (), 400, "invalid_multipart"),
    "no body": ({"body": b""}, (), 400, "invalid_multipart"),
    "no boundary": ({"content_type": "multipart/form-data"}, (), 400, "invalid_multipart"),
    "another boundary": (
        {"content_type": "multipart/form-data; boundary=other"},
        (),
        400,
        "invalid_multipart",
    ),
    "JSON": ({"content_type": "application/json"}, (), 415, "unsupported_media_type"),
    "a plain form": (
        {"content_type": "application/x-www-form-urlencoded"},
        (),
        415,
        "unsupported_media_type",
    ),
    "no type": ({"content_type": ""}, (), 415, "unsupported_media_type"),
    "multipart/mixed": (
        {"content_type": f"multipart/mixed; boundary={BOUNDARY}"},
        (),
        415,
        "unsupported_media_type",
    ),
}


@pytest.mark.parametrize("name", REFUSED_UPLOADS)
def test_a_refused_upload_stores_nothing(mock: FilesMock, name: str) -> None:
    """The journal has the same code as the answer."""
    words, parts, status, code = REFUSED_UPLOADS[name]
    reply = upload(mock, *parts, **words)
    assert (status, code) == (reply.status, code_of(reply))
    assert (0, code) == (len(mock.files), mock.calls.last.error)


def test_a_file_over_the_limit_is_413_and_over_the_quota_403() -> None:
    """The limit is for one file, the quota for all: a delete makes room again."""
    mock = FilesMock(max_file_bytes=4, max_total_bytes=6)
    assert 200 == upload(mock, file_part(b"1234"), purpose_part()).status
    too_large = upload(mock, file_part(b"12345"), purpose_part())
    assert (413, "file_too_large") == (too_large.status, code_of(too_large))
    over_quota = upload(mock, file_part(b"123"), purpose_part())
    assert (403, "quota_exceeded") == (over_quota.status, code_of(over_quota))
    assert 1 == len(mock.files)
    send(mock, "DELETE", f"/files/{next(iter(mock.files)).id}")
    assert 200 == upload(mock, file_part(b"123"), purpose_part()).status


# -- list ---------------------------------------------------------------------------------------


def ids_of(mock: FilesMock, query: str = "") -> list[str]:
    return [file["id"] for file in json_of(send(mock, "GET", "/files", query=query))["data"]]


def test_a_list_is_newest_first_also_within_a_second(mock: FilesMock) -> None:
    """`created_at` has whole seconds; within one, the order of arrival decides."""
    for name in "abc":
        mock.add_file(name, id=name)
    mock.add_file("older", id="older", created_at=1)
    assert ["c", "b", "a", "older"] == ids_of(mock)
    assert ["older", "a", "b", "c"] == ids_of(mock, "order=asc")
    assert ["older", "a", "b", "c"] == [file.id for file in mock.files]


def test_purpose_filters(mock: FilesMock) -> None:
    """A purpose that no file has gives an empty list, not an error."""
    mock.add_file("a", id="a", purpose="batch")
    mock.add_file("b", id="b")
    assert ["a"] == ids_of(mock, "purpose=batch")
    assert [] == ids_of(mock, "purpose=vision")


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_go_on_after_a_file_also_one_deleted_since(mock: FilesMock, order: str) -> None:
    """A client that deletes the files as it pages must not lose its place."""
    names = list("abcdefg") if order == "asc" else list("gfedcba")
    for name in "abcdefg":
        mock.add_file(name, id=name)
    seen: list[str] = []
    while page := ids_of(mock, f"order={order}&limit=2" + (f"&after={seen[-1]}" if seen else "")):
        seen += page
        send(mock, "DELETE", f"/files/{seen[-1]}")
    assert names == seen


@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={limit}" for limit in ("0", "10001", "-1", "x", "", "%C2%B2", "1e2")),
        "order=newest",
        "order=",
        "after=unknown",
        "after=",
    ],
)
def test_anything_else_in_a_list_is_400(mock: FilesMock, query: str) -> None:
    """Numbers out of range or no digits, other orders, and ids that name no file."""
    reply = send(mock, "GET", "/files", query=query)
    assert (400, "invalid_parameter") == (reply.status, code_of(reply))


def test_ignored_pagination_has_no_effect_and_no_errors() -> None:
    """The documentation names none of these parameters, so the service may ignore them."""
    mock = FilesMock(pagination="ignored")
    for name in "abc":
        mock.add_file(name, id=name)
    assert ["c", "b", "a"] == ids_of(mock, "limit=1&after=unknown&order=newest")


# -- refusals -------------------------------------------------------------------------------------


def test_gone_never_there_and_anothers_look_the_same() -> None:
    """Only the id differs: nobody learns whether another user has such a file."""
    mock = FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"})
    mock.add_file("a", id="bobs", user="bob")
    mock.add_file("a", id="gone")
    send(mock, "DELETE", "/files/gone", key="eugpt_a")
    for operation, method, suffix in (
        ("retrieve", "GET", ""),
        ("download", "GET", "/content"),
        ("delete", "DELETE", ""),
    ):
        bodies = set()
        for file_id in ("bobs", "gone", "none"):
            reply = send(mock, method, f"/files/{file_id}{suffix}", key="eugpt_a")
            assert (404, "file_not_found") == (reply.status, code_of(reply))
            assert operation == mock.calls.last.operation
            bodies.add(reply.body.replace(file_id.encode(), b"ID"))
        assert 1 == len(bodies)
    assert "bobs" in mock.files


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_api_key"),
        ({"authorization": "eugpt_wire"}, "missing_api_key"),
        ({"authorization": "Basic eugpt_wire"}, "missing_api_key"),
        ({"authorization": "Bearer "}, "missing_api_key"),
        ({"authorization": "Bearer sk-1"}, "invalid_api_key"),
        ({"authorization": "Bearer eugpt_"}, "invalid_api_key"),
    ],
)
@pytest.mark.parametrize("resource", ["/files", "/files/x", "/nowhere", None])
def test_authentication_comes_before_everything(
    mock: FilesMock, headers: dict[str, str], code: str, resource: str | None
) -> None:
    """Without a good key, an unknown path and a wrong method are 401 as well."""
    reply = send(mock, "PATCH", resource, key=None, **headers)
    assert (401, code) == (reply.status, code_of(reply))
    assert "Bearer" == header(reply, "WWW-Authenticate")


def test_where_no_key_is_required_any_will_do() -> None:
    """Suites that are moved send keys such as `test-key`."""
    mock = FilesMock(require_auth=False)
    for key in (None, "sk-1", "test-key"):
        assert 200 == send(mock, "GET", "/files", key=key).status


def test_named_keys_are_the_only_ones() -> None:
    """They need no prefix, and any other key with the prefix is refused."""
    mock = FilesMock(api_keys=["one", "two"])
    assert "one" == mock.api_key
    assert [200, 200, 401] == [
        send(mock, "GET", "/files", key=key).status for key in ("one", "two", "eugpt_three")
    ]


def test_users_do_not_see_one_anothers_files() -> None:
    """The key decides whose a file is; `add_file` gives it to the first user."""
    mock = FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"})
    mine = json_of(upload(mock, key="eugpt_b"))["id"]
    assert [mine] == [
        file["id"] for file in json_of(send(mock, "GET", "/files", key="eugpt_b"))["data"]
    ]
    assert [] == json_of(send(mock, "GET", "/files", key="eugpt_a"))["data"]
    assert ("bob", "bob") == (mock.files[mine].user, mock.calls[0].user)
    assert "alice" == mock.add_file("x").user


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_on_a_known_route_is_405(mock: FilesMock, method: str) -> None:
    """`Allow` has the methods of that path, as RFC 9110, 15.5.6, asks."""
    allowed = {route.path: [] for route in OPERATIONS}
    for route in OPERATIONS:
        allowed[route.path].append(route.method)
    for template, methods in allowed.items():
        if method in methods:
            continue
        reply = send(mock, method, template.replace("{file_id}", "x"))
        assert (405, "method_not_allowed") == (reply.status, code_of(reply))
        assert ", ".join(methods) == header(reply, "Allow")


@pytest.mark.parametrize("key", [KEY, None])
def test_head_gets_the_fields_and_no_body(mock: FilesMock, key: str | None) -> None:
    """`Content-Length` is that of the body which another method would be refused with."""
    head, same = (send(mock, method, "/files", key=key) for method in ("HEAD", "LOCK"))
    assert (b"", same.status) == (head.body, head.status)
    assert str(len(same.body)) == header(head, "Content-Length")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("library", ["httpx", "httpx2", "requests"])
def test_head_is_equal_for_every_client(library: str, way: str) -> None:
    """None of them may wait for the body whose length is announced."""
    request = pytest.importorskip(library).request
    with entered(way) as mock:
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        answer = request("HEAD", f"{mock.base_url}/files", headers=headers, timeout=5)
    assert (405, b"") == (answer.status_code, answer.content)
    assert int(answer.headers["Content-Length"])


@pytest.mark.parametrize(
    "resource", ["/", "/file", "/files/", "/files/a/b", "/files/a/content/", None]
)
def test_another_path_is_404(mock: FilesMock, resource: str | None) -> None:
    """One slash too many is enough: nothing is redirected."""
    reply = send(mock, "GET", resource)
    assert (404, "route_not_found") == (reply.status, code_of(reply))
    assert "route_not_found" == mock.calls.last.error


# -- processing, rate limits, unknown members ----------------------------------------------------


def statuses(mock: FilesMock, count: int) -> list[str]:
    file_id = json_of(upload(mock))["id"]
    return [mock.files[file_id].status] + [
        json_of(send(mock, "GET", f"/files/{file_id}"))["status"] for _ in range(count)
    ]


def test_a_file_is_processed_at_its_nth_retrieve() -> None:
    """`mock.files` doesn't count as a retrieve; a file of `add_file` is processed at once."""
    mock = FilesMock(processing=after_polls(2))
    assert ["uploaded", "uploaded", "processed", "processed"] == statuses(mock, 3)
    assert ["uploaded", "uploaded"] == statuses(mock, 1)
    assert "processed" == mock.add_file("x").status


def test_a_file_is_processed_after_a_time() -> None:
    """Counted from the fraction of the second in which it came, not from `created_at`."""
    now = [100.9]
    mock = FilesMock(processing=after_seconds(5), clock=lambda: now[0])
    file_id = json_of(upload(mock))["id"]
    now[0] = 105.8
    assert "uploaded" == mock.files[file_id].status
    now[0] = 105.9
    assert "processed" == mock.files[file_id].status


def test_a_file_that_fails_says_why() -> None:
    """From the retrieve at which it fails; until then a list has no `status_details`."""
    mock = FilesMock(processing=fails("no text in it"))
    file_id = json_of(upload(mock))["id"]
    assert "status_details" not in json_of(send(mock, "GET", "/files"))["data"][0]
    file = json_of(send(mock, "GET", f"/files/{file_id}"))
    assert ("error", "no text in it") == (file["status"], file["status_details"])


def test_the_rate_limit_is_for_each_key_and_says_when_to_come_back() -> None:
    """`Retry-After` is in whole seconds, rounded up; then the client is let in."""
    now = [100.0]
    mock = FilesMock(rate_limit=(2, 60), clock=lambda: now[0])
    assert [200, 200, 429] == [send(mock, "GET", "/files").status for _ in range(3)]
    assert 200 == send(mock, "GET", "/files", key="eugpt_other").status
    now[0] = 130.5
    refused = send(mock, "GET", "/files")
    assert (429, "rate_limited") == (refused.status, code_of(refused))
    assert "30" == header(refused, "Retry-After")
    now[0] = 160.0
    assert 200 == send(mock, "GET", "/files").status


def test_unknown_fields_come_after_the_known_ones() -> None:
    """The versioning policy announces new members, which no client may stumble over."""
    mock = FilesMock(unknown_fields=True)
    known = ["id", "object", "bytes", "created_at", "filename", "purpose", "status"]
    file = json_of(upload(mock))
    listed = json_of(send(mock, "GET", "/files"))
    assert known == list(file)[:7] == list(listed["data"][0])[:7]
    assert 7 < len(file)
    assert ["object", "data"] == list(listed)[:2]
    assert 2 < len(listed)


def test_a_seed_makes_ids_repeat_also_after_a_reset() -> None:
    """A list in between uses up no id; another seed gives other ids."""
    first, second = FilesMock(seed=7), FilesMock(seed=7)
    ids = [json_of(upload(first))["id"] for _ in range(3)]
    send(second, "GET", "/files")
    assert ids == [json_of(upload(second))["id"] for _ in range(3)]
    first.reset()
    assert ids[0] == json_of(upload(first))["id"]
    assert ids[0] != json_of(upload(FilesMock(seed=8)))["id"]
