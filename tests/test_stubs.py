"""Upload, ask, delete: the same scenarios of a stubbed route, with every client, both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, StubRequest, faults

from .clients import IN_PROCESS, ON_A_PORT, Answer, Client, connected
from .conftest import WAYS, entered

PLACES = [("in process", kind) for kind in IN_PROCESS] + [("on a port", kind) for kind in ON_A_PORT]
IDS = [f"{way}-{kind.name}" for way, kind in PLACES]

ROUTE = "POST /responses"


def about(file_id: str) -> list[dict[str, Any]]:
    """A question about a file, as the `openai` SDK writes it."""
    return [{"role": "user", "content": [{"type": "input_file", "file_id": file_id}]}]


def events(answer: Answer) -> list[Any]:
    """The events of a stream, after a look at the framing."""
    *frames, end = answer.body.decode().split("\n\n")
    assert end == ""
    assert {"event: message"} == {frame.partition("\n")[0] for frame in frames}
    return [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]


def a_file_is_asked_about(mock: FilesMock, client: Client) -> None:
    """The answer is one document; the call is kept with its JSON."""
    stub = mock.stub_response("Forty-two.")
    file_id = client.upload("report.pdf", b"%PDF").json["id"]
    answer = client.ask(input=about(file_id), stream=False)
    assert "Forty-two." == answer.json["output_text"]
    assert "Forty-two." == answer.json["output"][0]["content"][0]["text"]
    [call] = stub.calls
    assert about(file_id) == call.json["input"]
    assert (ROUTE, 200, answer.request_id) == (call.operation, call.status, call.request_id)
    mock.assert_called(ROUTE, times=1, status=200)


def a_stream_has_every_event(mock: FilesMock, client: Client) -> None:
    """From the first event to the last, numbered, with the text in its pieces."""
    mock.stub_response("Forty-two.", chunks=["Forty", "-", "two."], model="gpt-x")
    came = events(client.ask(input="?", stream=True))
    assert [
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.completed",
    ] == [event["type"] for event in came]
    assert list(range(len(came))) == [event["sequence_number"] for event in came]
    assert "Forty-two." == "".join(event.get("delta", "") for event in came)
    assert {"gpt-x"} == {event["response"]["model"] for event in (came[0], came[-1])}
    assert 1_000_000_000_000 < came[0]["response"]["created_at"]


def a_deleted_file_cannot_be_asked_about(mock: FilesMock, client: Client) -> None:
    """404, as for a file that never was; the stub has not answered."""
    stub = mock.stub_response("Forty-two.")
    file_id = client.upload("report.pdf", b"%PDF").json["id"]
    client.delete(file_id)
    answer = client.ask(input=about(file_id), stream=False)
    assert (404, "file_not_found") == (answer.status, answer.json["error"]["code"])
    assert (0, 1) == (stub.hits, len(stub.calls))
    mock.assert_deleted(file_id)


def a_busy_service_answers_later(mock: FilesMock, client: Client) -> None:
    """A fault hits a stubbed route as it hits the five."""
    stub = mock.stub_response("Forty-two.")
    mock.inject(faults.rate_limited(), on=ROUTE)
    assert [429, 200] == [client.ask(input="?", stream=False).status for _ in range(2)]
    assert (1, ["rate_limited", None]) == (stub.hits, [call.fault for call in stub.calls])


def a_stream_breaks_off(mock: FilesMock, client: Client) -> None:
    """The client meets its own library's exception."""
    mock.stub_response("Forty-two.")
    mock.inject(faults.truncated(300), on=ROUTE)
    with pytest.raises(Exception, match=r"(?i)incomplete|complete|payload|18|transfer"):
        client.ask(input="?", stream=True)


def a_stream_is_slow(mock: FilesMock, client: Client) -> None:
    """It comes in drops, and is whole in the end."""
    mock.stub_response("Forty-two.")
    mock.inject(faults.dribble(200, 0.01), on=ROUTE)
    came = events(client.ask(input="?", stream=True))
    assert "response.completed" == came[-1]["type"]
    assert ["dribble"] == [call.fault for call in mock.calls]


def a_stream_is_spoiled(mock: FilesMock, client: Client) -> None:
    """200, and one byte is wrong: whoever reads the events finds it."""
    mock.stub_response("Forty-two.")
    mock.inject(faults.corrupted(), on=ROUTE)
    spoiled = client.ask(input="?", stream=True)
    assert 200 == spoiled.status
    with pytest.raises((ValueError, AssertionError)):
        events(spoiled)


def a_stream_is_lost(mock: FilesMock, client: Client) -> None:
    """The work is done, and the connection is reset before the client hears of it."""
    stub = mock.stub_response("Forty-two.")
    mock.inject(faults.connection_reset(), on=ROUTE, phase="after")
    with pytest.raises(Exception, match=r"^"):  # some libraries say nothing
        client.ask(input="?", stream=True)
    assert (1, [None]) == (stub.hits, [call.status for call in stub.calls])


def a_wrong_key_is_refused(mock: FilesMock, client: Client) -> None:
    """Authentication comes first here too."""
    stub = mock.stub_response("Forty-two.")
    with connected(type(client), mock.base_url, "sk-of-another-service") as stranger:
        assert 401 == stranger.ask(input="?", stream=False).status
    assert 0 == stub.hits


def a_function_answers(mock: FilesMock, client: Client) -> None:
    """It is given the parsed request."""

    def reply(request: StubRequest) -> object:
        return {"output_text": request.json["input"], "path": request.path}

    mock.stub("POST", "/responses", reply=reply)
    answer = client.ask(input="naïve 日本", stream=False)
    assert {"output_text": "naïve 日本", "path": "/responses"} == answer.json


SCENARIOS: list[Callable[[FilesMock, Client], None]] = [
    a_file_is_asked_about,
    a_stream_has_every_event,
    a_deleted_file_cannot_be_asked_about,
    a_busy_service_answers_later,
    a_stream_breaks_off,
    a_stream_is_slow,
    a_stream_is_spoiled,
    a_stream_is_lost,
    a_wrong_key_is_refused,
    a_function_answers,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize(("way", "kind"), PLACES, ids=IDS)
def test_scenario(
    way: str, kind: type[Client], scenario: Callable[[FilesMock, Client], None]
) -> None:
    """The scenario holds for that client."""
    with entered(way) as mock, connected(kind, mock.base_url, mock.api_key) as client:
        scenario(mock, client)


def test_a_route_that_was_stubbed_twice_is_named_once() -> None:
    """Where the exit checks say what would have matched."""
    mock = FilesMock(require_auth=False).start()
    for text in ("one", "two"):
        mock.stub("GET", "/models", json=text)
    httpx.get(f"{mock.base_url}/modls")
    with pytest.raises(ExpectationNotMet) as caught:
        mock.stop()
    assert 1 == str(caught.value).count("/models  (a stub)")


def test_a_fault_can_be_armed_before_its_stub_is_there() -> None:
    """The fixture arms it, the test makes the stub."""
    with FilesMock() as mock:
        mock.inject(faults.unavailable(), on=ROUTE)
        mock.stub("POST", "/responses", json={})
        url, headers = f"{mock.base_url}/responses", {"Authorization": f"Bearer {mock.api_key}"}
        answers = [httpx.post(url, headers=headers, json={}).status_code for _ in range(2)]
    assert [503, 200] == answers


def test_a_fault_whose_stub_never_came_is_told_on_leaving() -> None:
    """It may be misspelt, and would never hit."""
    mock = FilesMock().start()
    mock.stub("POST", "/responses", json={})
    mock.inject(faults.unavailable(), on="POST /response")
    with pytest.raises(ExpectationNotMet, match=r"never stubbed. Did you mean 'POST /responses'"):
        mock.stop()


@pytest.mark.parametrize(
    "body",
    [
        {"input_file_id": "gone"},
        {"tools": [{"extra_file_ids": ["gone"]}]},
        {"training_file": "gone"},
        {"validation_file": "gone"},
    ],
)
def test_a_body_may_name_a_file_by_any_name(mock: FilesMock, body: dict[str, Any]) -> None:
    """A batch, a fine-tuning job, an assistant's tools: what is gone isn't found."""
    mock.stub("POST", "/batches", json={})
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    answer = httpx.post(f"{mock.base_url}/batches", headers=headers, json=body)
    assert (404, "file_not_found") == (answer.status_code, mock.calls.last.error)
    other = {"profile_id": "gone", "file": "gone", "file_identity": "gone"}
    assert 200 == httpx.post(f"{mock.base_url}/batches", headers=headers, json=other).status_code


class Unspeakable(Exception):
    """An error that fails when it is asked for its text."""

    def __str__(self) -> str:
        raise LookupError("no text")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ["reply", "after"])
@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError("caf\udce9.txt"), r"caf\udce9.txt"), (Unspeakable(), "its message can't be made")],
    ids=["half a character", "no text"],
)
def test_whatever_an_error_of_the_author_says_it_is_told_and_the_call_is_kept(
    way: str, where: str, error: Exception, said: str
) -> None:
    """`os.listdir` gives names with half a character, which can be neither sent nor printed."""

    def fail(_: object) -> None:
        raise error

    with pytest.raises(ExpectationNotMet) as caught, entered(way) as mock:
        _fails(mock, way, where, fail, said)

    assert said in str(caught.value)
    str(caught.value).encode()  # it can be printed


def _fails(mock: FilesMock, way: str, where: str, fail: Callable[[Any], Any], said: str) -> None:
    if where == "reply":
        mock.stub("GET", "/x", reply=fail)
    else:
        mock.stub("GET", "/x", json={})
        mock.after("GET /x", fail)
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    if way == "in process":
        with pytest.raises((ValueError, Unspeakable)):
            httpx.get(f"{mock.base_url}/x", headers=headers)
    else:
        answer = httpx.get(f"{mock.base_url}/x", headers=headers)
        assert (500, True) == (answer.status_code, said in answer.json()["error"]["message"])
    assert [500] == [call.status for call in mock.calls]


@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_a_test_that_fails_in_its_own_function_fails_at_once(kind: type[Client]) -> None:
    """In process, every client raises what `pytest.fail()` does, which is no `Exception`."""

    def fail(_: object) -> None:
        pytest.fail("too soon")

    mock = FilesMock().start()
    mock.after("list", fail)
    with (
        connected(kind, mock.base_url, mock.api_key) as client,
        pytest.raises(pytest.fail.Exception, match="too soon"),
    ):
        client.list()
    with pytest.raises(ExpectationNotMet, match="too soon"):
        mock.stop()
