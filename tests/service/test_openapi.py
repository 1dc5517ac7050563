"""The OpenAPI document says what the tables say."""

from __future__ import annotations

import httpx

from eugpt_files_mock import FilesMock, __version__
from eugpt_files_mock.model.messages import OPERATIONS
from eugpt_files_mock.model.profile import named_profile
from eugpt_files_mock.service.commands import MOST_PER_PAGE
from eugpt_files_mock.service.openapi import document
from eugpt_files_mock.service.refusals import REFUSALS
from eugpt_files_mock.service.routes import ROUTES

DOCUMENT = document("1.2.3")


def test_it_is_served_at_its_usual_place(served: FilesMock) -> None:
    answer = httpx.get(f"{served.base_url.removesuffix('/v1')}/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == document(__version__)


def test_every_route_is_an_operation_of_its_name() -> None:
    assert {route.operation: (route.template, route.method.lower()) for route in ROUTES} == {
        operation["operationId"]: (path, method)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


def test_the_file_object_has_the_seven_documented_members() -> None:
    file = DOCUMENT["components"]["schemas"]["File"]
    documented = ["id", "object", "bytes", "created_at", "filename", "purpose", "status"]
    assert file["required"] == documented
    assert list(file["properties"]) == [*documented, "status_details"]
    assert file["properties"]["created_at"]["type"] == "integer"


def test_the_limit_is_the_one_that_is_checked() -> None:
    limit = next(
        one for one in DOCUMENT["paths"]["/files"]["get"]["parameters"] if one["name"] == "limit"
    )
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, MOST_PER_PAGE)


def test_each_refusal_stands_under_its_status() -> None:
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
    assert DOCUMENT["security"] == [{"key": []}]
    assert not any(
        "security" in operation
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    )
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())
