"""The OpenAPI document says what the tables say."""

from __future__ import annotations

import re
from typing import Any, get_args

import httpx
import pytest

from eugpt_files_mock import FilesMock, __version__
from eugpt_files_mock.model.profile import named_profile
from eugpt_files_mock.service.openapi import document
from eugpt_files_mock.service.operations import NAMES, OPERATIONS, OperationName
from eugpt_files_mock.service.operations.list import MOST_PER_PAGE
from eugpt_files_mock.service.refusals import REFUSALS

DOCUMENT = document("1.2.3")


def test_it_is_served_at_its_usual_place(served: FilesMock) -> None:
    """`/openapi.json` is beside `/v1`, and needs no key."""
    answer = httpx.get(f"{served.base_url.removesuffix('/v1')}/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == document(__version__)


def test_every_route_is_an_operation_of_its_name() -> None:
    """A route that is added to the table must appear in the document, and no other may."""
    assert {one.name: (one.path, one.method.lower()) for one in OPERATIONS} == {
        operation["operationId"]: (path, method)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


def test_the_file_object_has_the_seven_documented_members() -> None:
    """`status_details` is described, but not required: only a file that failed has it."""
    file = DOCUMENT["components"]["schemas"]["File"]
    documented = ["id", "object", "bytes", "created_at", "filename", "purpose", "status"]
    assert file["required"] == documented
    assert list(file["properties"]) == [*documented, "status_details"]
    assert file["properties"]["created_at"]["type"] == "integer"


def test_the_limit_is_the_one_that_is_checked() -> None:
    """The document takes its maximum from `MOST_PER_PAGE`, so the two can't differ."""
    limit = next(
        one for one in DOCUMENT["paths"]["/files"]["get"]["parameters"] if one["name"] == "limit"
    )
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, MOST_PER_PAGE)


def test_each_refusal_stands_under_its_status() -> None:
    """A reader finds each code under the status that it comes with."""
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    codes = response["description"].replace("`", "").split(", ")
                    assert {int(status)} == {REFUSALS[code][0] for code in codes}


def test_the_document_follows_the_profile() -> None:
    """Its members, its upload, its purposes and its errors."""
    with FilesMock(profile="openai").serve() as mock:
        shown = httpx.get(f"{mock.base_url.removesuffix('/v1')}/openapi.json").json()
    schemas, profile = shown["components"]["schemas"], named_profile("openai")
    assert profile["file.members"] == schemas["File"]["required"]
    assert profile["list.members"] == schemas["FileList"]["required"]
    assert profile["upload.purposes"] == schemas["Upload"]["properties"]["purpose"]["enum"]
    assert ["message", "type", "param", "code"] == (
        schemas["Error"]["properties"]["error"]["required"]
    )
    assert "sk-" in shown["components"]["securitySchemes"]["key"]["description"]
    assert "openai-version" in shown["paths"]["/files"]["get"]["responses"]["200"]["headers"]
    created = document("1", profile=named_profile("eugpt").changed({"upload.status": 201}))
    assert "201" in created["paths"]["/files"]["post"]["responses"]


def test_the_key_is_asked_for_everywhere() -> None:
    """`security` is said once for the whole document, and no operation says otherwise."""
    assert DOCUMENT["security"] == [{"key": []}]
    assert not any(
        "security" in operation
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    )
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())


TEXT, COUNT = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
STRING, BINARY = {"type": "string"}, {"type": "string", "format": "binary"}


def test_the_schemas_of_the_documented_objects() -> None:
    """A client that is generated from them can read every answer."""
    schemas = {name: dict(one) for name, one in DOCUMENT["components"]["schemas"].items()}
    del schemas["File"]["properties"]["id"]["examples"]
    why = {"type": ["string", "null"], "description": "Why processing failed"}
    status = {"type": "string", "enum": ["uploaded", "processed", "error"]}
    file = {
        "id": TEXT, "object": {"const": "file"}, "bytes": COUNT,
        "created_at": COUNT | {"description": "Unix time in seconds"},
        "filename": TEXT, "purpose": TEXT, "status": status, "status_details": why,
    }  # fmt: skip
    data = {"type": "array", "items": {"$ref": "#/components/schemas/File"}}
    deleted = {"id": STRING, "object": {"const": "file"}, "deleted": {"const": True}}
    error = {"type": STRING, "code": STRING, "message": STRING}

    def whole(properties: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": list(properties)}

    assert {
        "File": whole(file) | {"required": list(file)[:-1]},
        "FileList": whole({"object": {"const": "list"}, "data": data}),
        "DeletedFile": whole(deleted),
        "Error": whole({"detail": STRING, "error": whole(error)}),
        "Upload": whole({"purpose": TEXT, "file": BINARY}),
    } == schemas
    openai = document("1", profile=named_profile("openai"))["components"]["schemas"]
    known = {name: openai["FileList"]["properties"][name] for name in ("has_more", "first_id")}
    assert {"has_more": {"type": "boolean"}, "first_id": {"type": ["string", "null"]}} == known
    assert openai["FileList"]["properties"]["last_id"] == known["first_id"]
    seconds = {"type": "integer", "minimum": 3600, "maximum": 2_592_000}
    form = openai["Upload"]
    assert [{"const": "created_at"}, seconds] == list(form["properties"].values())[2:]
    assert (False, ["purpose", "file"]) == (form["additionalProperties"], form["required"])
    optional = named_profile("eugpt").changed({"errors.missing_purpose": None})
    assert ["file"] == document("1", profile=optional)["components"]["schemas"]["Upload"][
        "required"
    ]


def test_the_parameters_and_links() -> None:
    """Those of a list that have no effect are left out; an upload leads to the other calls."""
    paths = DOCUMENT["paths"]
    limit = {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10_000}
    order = {"type": "string", "enum": ["asc", "desc"], "default": "desc"}
    query = {"purpose": STRING, "limit": limit, "order": order, "after": TEXT}
    assert [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in query.items()
    ] == paths["/files"]["get"]["parameters"]
    rows = ("list.purpose_filter", "list.limit", "list.order_parameter", "list.after")
    for row, left_out in zip(rows, query, strict=True):
        ignoring = document("1", profile=named_profile("eugpt").changed({row: "ignored"}))
        shown = [one["name"] for one in ignoring["paths"]["/files"]["get"]["parameters"]]
        assert [name for name in query if name != left_out] == shown
    segment = {"type": "string", "pattern": "^[^/]+$"}
    file_id = {"name": "file_id", "in": "path", "required": True, "schema": segment}
    assert [file_id] == paths["/files/{file_id}"]["delete"]["parameters"]
    upload = paths["/files"]["post"]
    assert upload["responses"]["200"]["links"] == {
        name: {"operationId": name, "parameters": {"file_id": "$response.body#/id"}}
        for name in (one.name for one in OPERATIONS if "{file_id}" in one.path)
    }
    form = {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/Upload"}}}
    assert {"required": True, "content": form} == upload["requestBody"]


ANYWHERE = {"400": "invalid_parameter", "401": "missing_api_key invalid_api_key"}
ANYWHERE |= {"429": "rate_limited"}
FORM = "invalid_parameter invalid_multipart missing_file missing_purpose"
UPLOAD = ANYWHERE | {"400": FORM, "403": "quota_exceeded", "413": "file_too_large"}
UPLOAD |= {"415": "unsupported_media_type"}
ONE_FILE = ANYWHERE | {"404": "file_not_found"}
NEVER = {"status": 400, "message": "", "body": {}}


@pytest.mark.parametrize(
    ("profile", "changed", "operation", "expected"),
    [
        ("eugpt", {}, "upload", UPLOAD),
        ("eugpt", {}, "list", ANYWHERE),
        ("eugpt", {}, "retrieve", ONE_FILE),
        ("eugpt", {}, "download", ONE_FILE),
        ("eugpt", {}, "delete", ONE_FILE),
        (
            "openai",
            {},
            "upload",
            UPLOAD
            | {
                "400": f"{FORM} unknown_purpose unknown_field bad_expires_after empty_file "
                "batch_not_jsonl"
            },
        ),
        ("openai", {}, "download", ONE_FILE | {"400": "invalid_parameter download_refused"}),
        (
            "eugpt",
            {"errors.malformed_id": NEVER | {"status": 422}},
            "retrieve",
            ONE_FILE | {"422": "malformed_id"},
        ),
        *(
            ("eugpt", {row: NEVER | {"status": 422}, **ignored}, "list", ANYWHERE | also)
            for row, effect, code in (
                ("errors.bad_limit", "list.limit", "invalid_parameter"),
                ("errors.bad_order", "list.order_parameter", "invalid_parameter"),
                ("errors.unknown_after", "list.after", "invalid_parameter"),
            )
            for ignored, also in (({}, {"422": code}), ({effect: "ignored"}, {}))
        ),
    ],
)
def test_each_operation_names_what_it_can_be_refused_for(
    profile: str, changed: dict[str, Any], operation: str, expected: dict[str, str]
) -> None:
    """And nothing that the profile lets pass."""
    responses = responses_of(profile, changed, operation)
    assert expected == {
        status: response["description"].replace("`", "").replace(",", "")
        for status, response in responses.items()
        if status not in ("200", "5XX")
    }
    for status, response in responses.items():
        always = set(named_profile(profile)["headers.always"]) | {"X-Request-Id"}
        beside = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}}.get(status, set())
        if profile == "openai" and operation == "download" and status == "200":
            beside = {"Content-Disposition"}
        if profile == "openai" and status == "401":
            always, beside = {"X-Request-Id"}, set()
        if status != "5XX":
            assert always | beside == set(response["headers"])


def responses_of(profile: str, changed: dict[str, Any], operation: str) -> dict[str, Any]:
    shown = document("1", profile=named_profile(profile).changed(changed))
    operations = [one for methods in shown["paths"].values() for one in methods.values()]
    return next(one["responses"] for one in operations if one["operationId"] == operation)


def test_bodies_have_the_types_of_the_profile() -> None:
    """Without parameters; a text or a page, where the profile refuses with one."""
    html = NEVER | {"status": 404, "body": "<p>"}
    text = NEVER | {"status": 404, "body": "no"}
    changed = {
        "json.content_type": "a/json; charset=utf-8",
        "errors.file_not_found": html,
        "errors.malformed_id": text,
        "download.content_type": "{content_type}",
    }
    responses = responses_of("eugpt", changed, "download")
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    assert {"*/*": {"schema": BINARY}} == responses["200"]["content"]
    page = {"text/html": {"schema": STRING}, "text/plain": {"schema": STRING}}
    assert page == responses["404"]["content"]
    assert {"a/json": error} == responses["429"]["content"]
    assert {"a/json": error, "text/plain": {"schema": STRING}} == responses["5XX"]["content"]
    assert {"required": True, "schema": {"const": "Bearer"}} == (
        responses["401"]["headers"]["WWW-Authenticate"]
    )
    assert {"required": True, "schema": STRING} == responses["200"]["headers"]["X-Request-Id"]


def test_a_stub_is_an_operation_beside_them() -> None:
    """What it answers is known to the author of the test."""
    mock = FilesMock()
    stub = mock.stub("PUT", "/a/{x}", json=1)
    paths = document("1", [stub])["paths"]
    segment = {"type": "string", "pattern": "^[^/]+$"}
    assert {
        "operationId": "PUT /a/{x}",
        "summary": "A stub",
        "parameters": [{"name": "x", "in": "path", "required": True, "schema": segment}],
        "responses": {"default": {"description": "As the stub says"}},
    } == paths["/a/{x}"]["put"]


def test_type_checkers_know_the_names_of_the_table() -> None:
    """They can't read it, so its names are written once more for them."""
    written = [name for one in get_args(OperationName) for name in get_args(one)]
    assert sorted([*NAMES.all, "POST /responses"]) == sorted(written)


def test_the_docstring_of_inject_names_operations() -> None:
    """An editor shows it where a fault is armed: no name there is wrong."""
    shown = (FilesMock.inject.__doc__ or "").partition("on: an operation, such as")[2]
    named = re.findall(r"`(\w+)`", shown.partition(";")[0])
    assert named == [name for name in NAMES.all if name in named] != []
