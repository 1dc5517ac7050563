"""The control routes that look at one thing, filter, and say what the exit checks would say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, after_polls, faults
from eugpt_files_mock.admin.routes import ROUTES
from tests.cli.processes import unmeasured


@pytest.fixture
def served() -> Iterator[FilesMock]:
    """Without exit checks, which some of these tests would fail."""
    with FilesMock().serve() as mock:
        yield mock
        mock.reset()


@pytest.fixture
def control(served: FilesMock) -> Iterator[httpx.Client]:
    """A client of the control routes."""
    with httpx.Client(base_url=f"{served.base_url.removesuffix('/v1')}/__admin/") as client:
        yield client


def call(mock: FilesMock, path: str = "/files", method: str = "GET") -> httpx.Response:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    return httpx.request(method, f"{mock.base_url}{path}", headers=headers)


def test_one_file_its_content_and_its_deletion(served: FilesMock, control: httpx.Client) -> None:
    """Of any user; its status isn't polled by that."""
    file = served.add_file("page.html", b"<script>")

    assert "page.html" == control.get(f"files/{file.id}").json()["filename"]
    content = control.get(f"files/{file.id}/content")
    assert (b"<script>", "application/octet-stream") == (
        content.content,
        content.headers["Content-Type"],
    )
    assert control.delete(f"files/{file.id}").json()["deleted"]
    assert [404, 404, 404, 404] == [
        control.request(method, f"files/{file.id}{rest}", json={"status": "error"}).status_code
        for method, rest in [("GET", ""), ("GET", "/content"), ("DELETE", ""), ("PATCH", "")]
    ]


def test_a_file_is_moved_on_by_hand() -> None:
    """Whatever the option says that processing does."""
    with FilesMock(processing=after_polls(5)).serve() as mock:
        file = mock.add_file("a.pdf", status="uploaded")
        url = f"{mock.base_url.removesuffix('/v1')}/__admin/files/{file.id}"
        shown = httpx.patch(url, json={"status": "error", "status_details": "no text"}).json()

        assert ("error", "no text") == (shown["status"], shown["status_details"])
        assert shown["status"] == call(mock, f"/files/{file.id}").json()["status"]
        assert "processed" == mock.set_status(file.id, "processed").status


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"status": "eror"}, "Did you mean 'error'?"),
        ({}, "'status' is missing. Valid: status, status_details."),
        ({"status": "error", "details": "x"}, "Did you mean 'status_details'?"),
        ({"status": "error", "status_details": 7}, "status_details must be a"),
        ([], "must be a JSON object"),
    ],
)
def test_what_a_file_cannot_become_is_refused(
    served: FilesMock, control: httpx.Client, words: Any, message: str
) -> None:
    """With the nearest word."""
    file = served.add_file("a.pdf")
    refused = control.patch(f"files/{file.id}", json=words)

    assert 400 == refused.status_code
    assert message in refused.json()["detail"]
    assert "processed" == served.files[file.id].status


def test_calls_are_filtered(served: FilesMock, control: httpx.Client) -> None:
    """By what is in them, by which came before, and by how many are wanted."""
    served.inject(faults.server_error(), on="list", skip=1)
    served.inject(faults.empty_response(), on="list")
    with pytest.raises(httpx.RemoteProtocolError):
        call(served)
    for path in ("/files/unknown", "/files", "/files"):
        call(served, path)
    ids = [one["request_id"] for one in control.get("requests").json()["data"]]

    def shown(**query: Any) -> list[int]:
        listed = control.get("requests", params=query)
        return [ids.index(one["request_id"]) for one in listed.json()["data"]]

    assert [0, 2, 3] == shown(operation="list")
    assert [1] == shown(status=404)
    assert [0] == shown(status="none")
    assert [2] == shown(fault="server_error")
    assert [1, 3] == shown(fault="none")
    assert [2, 3] == shown(limit=2)
    assert [2] == shown(after=ids[1], limit=1)
    assert [] == shown(after=ids[3])
    assert [] == shown(operation="list", status=404)
    for query in ({"operation": "uplod"}, {"status": "5xx"}, {"fault": "timout"}):
        assert 400 == control.get("requests", params=query).status_code


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("requests?operatoin=list", "Did you mean 'operation'?"),
        ("requests?limit=1&limit=2", "comes 2 times"),
        ("requests?limit=10001", "0 to 10000"),
        ("requests?after=unknown", "must be the id of a request"),
        ("files?purpose=batch", "Unknown parameter 'purpose'"),
        ("health?x=1", "Unknown parameter 'x'"),
    ],
)
def test_a_parameter_without_an_effect_is_refused(
    control: httpx.Client, path: str, message: str
) -> None:
    """A test that filters by it would pass for the wrong reason."""
    refused = control.get(path)

    assert 400 == refused.status_code
    assert message in refused.json()["detail"]


def test_one_call_shows_what_was_answered(served: FilesMock, control: httpx.Client) -> None:
    """Status, headers and text; or how the connection ended."""
    served.inject(faults.empty_response(), on="delete")
    answer = call(served, "/files/unknown")
    with pytest.raises(httpx.RemoteProtocolError):
        call(served, "/files/unknown", "DELETE")
    first, second = (one["request_id"] for one in control.get("requests").json()["data"])

    shown = control.get(f"requests/{first}").json()
    assert ("retrieve", 404) == (shown["operation"], shown["response"]["status"])
    assert answer.text == shown["response"]["body"]
    assert answer.headers["X-Request-Id"] == shown["response"]["headers"]["X-Request-Id"]
    assert {"severed": "empty"} == control.get(f"requests/{second}").json()["response"]
    assert 404 == control.get("requests/unknown").status_code


def test_two_armed_faults_do_not_look_alike(control: httpx.Client) -> None:
    """What was armed is shown with all its arguments."""
    for status in (503, 418):
        control.post("faults", json={"fault": "http_error", "status": status, "on": "list"})

    listed = control.get("faults").json()["data"]
    assert [503, 418] == [armed["status"] for armed in listed]
    assert listed[1] == control.get("faults/2").json()
    assert 404 == control.get("faults/3").status_code


def test_the_check_says_what_the_exit_checks_would_say(
    served: FilesMock, control: httpx.Client
) -> None:
    """As often as it is asked: a test in another language fails for a fault that never fired."""
    assert {"ok": True, "problems": []} == control.get("check").json()

    control.post("faults", json={"fault": "rate_limited", "on": "upload"})
    call(served, "/unknown")
    unmatched, unfired = control.get("check").json()["problems"]

    assert "1 request came for a route that this mock does not have." in unmatched
    assert "rate_limited() on upload" in unfired
    assert 2 == len(control.get("check").json()["problems"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"fault": "delay", "seconds": 1' + b"0" * 400 + b"}", {}),
        (b'{"fault": "delay", "seconds": 1, "jitter": 1e999}', {}),
        (b'{"fault": "delay", "seconds": NaN}', {}),
        (b'{"fault": "server_error", "times": 1' + b"0" * 4_300 + b"}", {}),
        (b'{"fault": "' + b"x" * 500_000 + b'"}', {}),
        (b'{"fault": [' + b'"server_error", ' * 2_000 + b'"server_error"]}', {}),
        (b" " * 1_000_001, {}),
        (b"4\r\nhalf\r\n", {"Transfer-Encoding": "chunked"}),
        (b"half", {"Content-Length": "5"}),
    ],
    ids=[
        "digits", "infinite", "not a number", "endless", "long name", "long sequence", "large",
        "half a chunk", "half a body",
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_armed(
    served: FilesMock, control: httpx.Client, body: bytes, headers: dict[str, str]
) -> None:
    """In the envelope, and not as a failure of ours."""
    host, port = control.base_url.host, control.base_url.port
    from socket import SHUT_WR, create_connection

    fields = {"Host": f"{host}:{port}", "Content-Length": str(len(body))} | headers
    if "Transfer-Encoding" in headers:
        del fields["Content-Length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with create_connection((host, port), timeout=10) as connection:
        connection.sendall(f"POST /__admin/faults HTTP/1.1\r\n{head}\r\n".encode() + body)
        connection.shutdown(SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert re.match(rb"HTTP/1\.1 4(00|13) ", answer)
    assert b'{"detail": ' in answer
    assert [] == control.get("faults").json()["data"]


def test_a_form_of_many_parts_is_refused(control: httpx.Client) -> None:
    """Reading it would take time by the square of their number."""
    refused = control.post("files", files=[(f"f{number}", b"x") for number in range(200)])

    assert 413 == refused.status_code


def test_the_document_describes_every_route(control: httpx.Client) -> None:
    """It is made from the table that answers."""
    paths = control.get("openapi.json").json()["paths"]

    described = {(method.upper(), path) for path, ways in paths.items() for method in ways}
    assert described == {(route.method, route.path) for route in ROUTES}


def test_the_root_says_where_to_go(served: FilesMock) -> None:
    """To whoever opens the address in a browser. It isn't a call."""
    root = served.base_url.removesuffix("v1")
    answer = httpx.get(root)

    assert f"API:  {root}v1\nPage: {root}__admin/\n" in answer.text
    assert 0 == len(served.calls)


@pytest.mark.slow
def test_schemathesis_finds_nothing_in_the_control_routes(tmp_path: Path) -> None:
    """No answer that the document doesn't have, and no failure of ours."""
    with FilesMock().serve() as mock:
        root = mock.base_url.removesuffix("/v1")
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{root}/__admin/openapi.json"),
                "--checks=not_a_server_error,status_code_conformance,response_schema_conformance",
                *("--no-color", "--seed=7", "--max-examples=5", "--generation-database=none"),
            ],
            cwd=tmp_path,
            env=unmeasured(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        mock.reset()
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_sweep_tells_its_table_and_the_calls_of_each_cell(
    served: FilesMock, control: httpx.Client
) -> None:
    """For the page: the columns, the rows, the cells; and how far a sweep has come."""
    assert {"sweep": None} == control.get("sweep").json()
    states = []

    def sweep() -> None:
        for case in served.sweep(failures=["busy", "denied"]):
            with case:
                call(served)
                assert call(served).status_code == 200
            states.append(control.get("sweep").json()["sweep"]["state"])

    with pytest.raises(ExpectationNotMet):
        sweep()
    told = control.get("sweep").json()["sweep"]
    assert {"running"} == set(states)
    assert "over" == told["state"]
    assert not told["ok"]
    assert 6 == told["runs"] == told["total"]
    assert ["busy", "denied"] == told["columns"]
    assert ["list", "list #2"] == told["rows"]
    cells = {(cell["call"], cell["failure"]): cell for cell in told["cells"]}
    assert "ok" == cells["list", "busy"]["outcome"]
    wrong = cells["list #2", "denied"]
    assert "WRONG" == wrong["outcome"]
    assert wrong["why"][0].startswith("failed_check: raised AssertionError")
    assert ["list: 200", "list: 401"] == wrong["attempts"]
    assert [200, 401] == [one["status"] for one in wrong["calls"]]
    assert "list #2" in told["text"]


def test_the_verdict_tells_findings_and_the_attempts_at_each_call(
    served: FilesMock, control: httpx.Client
) -> None:
    """As `mock.verdict()`, with ids of requests in place of calls."""
    assert {"ok": True, "findings": [], "groups": []} == control.get("verdict").json()

    served.inject(faults.bad_request(), "list")
    ids = [call(served).headers["X-Request-Id"] for _ in range(2)]

    told = control.get("verdict").json()
    assert not told["ok"]
    assert [("retried_non_retryable", "error", ids)] == [
        (finding["kind"], finding["level"], finding["calls"]) for finding in told["findings"]
    ]
    assert [
        {
            "title": "list",
            "operation": "list",
            "attempts": ids,
            "statuses": [400, 200],
            "outcomes": ["400", "200"],
        }
    ] == told["groups"]


def test_the_control_document_says_which_routes_answer_json(control: httpx.Client) -> None:
    """The content of a file may be anything."""
    paths = control.get("openapi.json").json()["paths"]
    kinds = {
        path: list(paths[path]["get"]["responses"]["200"]["content"])
        for path in ("/__admin/files", "/__admin/files/{file_id}/content")
    }
    expected = {
        "/__admin/files": ["application/json"],
        "/__admin/files/{file_id}/content": ["*/*"],
    }
    assert expected == kinds
