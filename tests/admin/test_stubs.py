"""Stubs over HTTP, as a test in another language makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock

KEY = {"Authorization": "Bearer eugpt_a"}


@pytest.fixture
def control(served: FilesMock) -> Iterator[httpx.Client]:
    """A client of the control routes."""
    with httpx.Client(base_url=served.base_url.removesuffix("v1") + "__admin/") as client:
        yield client


def test_a_stub_is_made_listed_and_taken_away(served: FilesMock, control: httpx.Client) -> None:
    """It answers in between, and is in the OpenAPI document."""
    words = {"method": "GET", "path": "/conversations/{id}", "json": {"title": "Hello"}}
    stub = control.post("stubs", json=words).json()
    assert ("1", "GET /conversations/{id}", 0) == (stub["id"], stub["operation"], stub["hits"])

    url = f"{served.base_url}/conversations/7"
    assert {"title": "Hello"} == httpx.get(url, headers=KEY).json()
    assert [1] == [kept["hits"] for kept in control.get("stubs").json()["data"]]
    document = httpx.get(served.base_url.removesuffix("v1") + "openapi.json").json()
    assert stub["operation"] == document["paths"]["/conversations/{id}"]["get"]["operationId"]

    assert control.delete("stubs/1").json()["deleted"]
    assert 404 == httpx.get(url, headers=KEY).status_code
    assert 404 == control.delete("stubs/1").status_code
    served._service.journal.unmatched_requests.clear()


def test_null_is_a_json_value_too(served: FilesMock, control: httpx.Client) -> None:
    """Unless another body is there, or can't be."""
    url, route = f"{served.base_url}/a", {"method": "GET", "path": "/a", "json": None}
    for words, answer in (({}, "null"), ({"body": "x"}, "x"), ({"status": 204}, "")):
        assert 200 == control.post("stubs", json=route | words).status_code
        assert answer == httpx.get(url, headers=KEY).text


def test_a_response_is_streamed_or_one_document(served: FilesMock, control: httpx.Client) -> None:
    """As `mock.stub_response`."""
    control.post("stubs", json={"response": "Forty-two.", "chunks": 2})
    url = f"{served.base_url}/responses"
    stream = httpx.post(url, headers=KEY, json={"input": "?"})
    assert "text/event-stream" == stream.headers["Content-Type"]
    assert 2 == stream.text.count("output_text.delta")
    whole = httpx.post(url, headers=KEY, json={"input": "?", "stream": False})
    assert "Forty-two." == whole.json()["output_text"]
    assert {"deleted": 1} == control.delete("stubs").json()


@pytest.mark.parametrize(
    "words",
    [
        {"method": "GET", "path": "/a", "json": {"a": [1]}, "status": 201, "times": 2},
        {"method": "GET", "path": "/a", "json": None, "headers": {"X-A": "b"}},
        {"method": "GET", "path": "/a", "body": "text", "check_file_ids": False},
        {"method": "GET", "path": "/a", "events": [{"type": "a"}]},
        {"response": "Forty-two.", "model": "m", "chunks": ["Forty", "-two."]},
        {"response": "Forty-two.", "chunks": 2, "completed_text": ""},
    ],
)
def test_what_a_stub_answers_is_told_as_it_was_given(
    control: httpx.Client, words: dict[str, Any]
) -> None:
    """What is told makes the same stub again."""
    made = control.post("stubs", json=words).json()
    assert words == {name: made[name] for name in words}
    (listed,) = control.get("stubs").json()["data"]
    assert made == listed


def test_what_a_stub_of_python_answers_is_told_too(
    served: FilesMock, control: httpx.Client
) -> None:
    """Bytes as text, events of a generator, a function by its name."""
    served.stub("GET", "/a", body=b"\xffa")
    served.stub("GET", "/b", events=({"n": n} for n in range(2)))
    served.stub("GET", "/c", reply=lambda request: {})
    a, b, c = control.get("stubs").json()["data"]
    assert ("\\xffa", [{"n": 0}, {"n": 1}]) == (a["body"], b["events"])
    assert c["reply"].endswith("<lambda>")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"method": "POST"}, "'path' is missing"),
        ({"method": "POST", "path": "/responses", "jsn": 1}, "Did you mean 'json'?"),
        ({"method": "POST", "path": "/files", "json": 1}, "a path of the Files API"),
        ({"response": "x", "path": "/responses"}, "Unknown word of a stub 'path'"),
        ({"method": "POST", "path": "/responses", "json": 1, "body": "x"}, "json and body"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_stubbed(
    control: httpx.Client, words: dict[str, Any], message: str
) -> None:
    """With the word that was probably meant."""
    refused = control.post("stubs", json=words)
    assert (400, True) == (refused.status_code, message in refused.json()["detail"])
    assert [] == control.get("stubs").json()["data"]
