"""How to meet every message: a title, and what provokes it.

A error_case raises one of our errors, or gives the text that a reader would see. Ids, times and
keys repeat, and no message names a port or a folder of the machine.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import json
import re
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from werkzeug.test import Client

from conftest_plugin.verdict_option import pytest_load_initial_conftests
from eugpt_files_mock import (
    Answer,
    FilesMock,
    NetworkRefused,
    after_polls,
    after_seconds,
    fails,
    faults,
)
from eugpt_files_mock.cli.main import main
from eugpt_files_mock.intercept import network_guard
from eugpt_files_mock.intercept.patches import Patch
from eugpt_files_mock.model.base_urls import parse_base_url
from eugpt_files_mock.options import read_processing, read_rate, read_size

ErrorCase = Callable[[], object]

NOON = 1_700_000_000


def mock(**options: Any) -> FilesMock:
    """A mock whose ids and times repeat."""
    return FilesMock(seed="messages", clock=lambda: NOON, **options)


def option(**words: Any) -> ErrorCase:
    return lambda: FilesMock(**words)


def inject(fault: Any = None, on: Any = "upload", **words: Any) -> ErrorCase:
    return lambda: mock().inject(fault or faults.server_error(), on, **words)


def add(filename: Any = "a.txt", content: Any = b"", **words: Any) -> ErrorCase:
    return lambda: mock(api_keys={"eugpt_a": "alice"}).add_file(filename, content, **words)


def _generator() -> Any:
    yield


@pytest.fixture
def _fixture() -> None:
    """Something that a decorator can't decorate."""


def _by_filename() -> None:
    one = mock()
    one.add_file("report.pdf")
    one.files["report.pdf"]


def _entered(one: FilesMock) -> None:
    try:
        with one:
            pass
    finally:
        one.stop()


def _given_outside() -> None:
    one = mock()
    one.add_file("a.txt")
    one.inject(faults.unavailable(), on="list")
    one.stub("POST", "/responses", json={})
    one(print)()


def send(one: FilesMock, method: str = "GET", path: str = "/files", **words: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {one.api_key}", **words.pop("headers", {})}
    return httpx.request(method, one.base_url + path, headers=headers, **words)


def upload(one: FilesMock, filename: str, content: bytes = b"", purpose: str = "assistants") -> Any:
    return send(one, "POST", files={"file": (filename, content)}, data={"purpose": purpose})


def profile(text: str) -> ErrorCase:
    """A profile file with that text."""

    def read() -> object:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            Path("profile.json").write_text(text, encoding="utf-8")
            return FilesMock(profile="profile.json")

    return read


OPTIONS: dict[str, ErrorCase] = {
    "option: unknown": option(max_file_byte=10),
    "option: unknown, like none": option(colour="green"),
    "profile: misspelt": option(profile="openia"),
    "profile: a number": option(profile=7),
    "profile: a file that isn't there": option(profile="nowhere.json"),
    "profile: a file of another kind": profile("[]"),
    "profile: an unknown word": profile('{"profile": "eugpt", "values": {}, "vales": {}}'),
    "profile: an unknown base": profile('{"profile": "opnai", "values": {}}'),
    "profile: an unknown behaviour": profile(
        '{"profile": "eugpt", "values": {"upload.stauts": 201}}'
    ),
    "profile: a value misspelt": profile('{"profile": "eugpt", "values": {"list.order": "decs"}}'),
    "profile: a value of another kind": profile(
        '{"profile": "eugpt", "values": {"list.members": 7}}'
    ),
    "option: base_url that isn't a text": option(base_url=[8080]),
    "option: base_url that isn't a collection": option(base_url=8080),
    "option: base_url without any": option(base_url=[]),
    "option: base_url without a scheme": option(base_url="chat.eugpt.ai/v1"),
    "option: base_url with a query": option(base_url="https://chat.eugpt.ai/v1?x=1"),
    "option: base_url with an impossible port": option(base_url="https://chat.eugpt.ai:99999/v1"),
    "option: api_keys as a text": option(api_keys="eugpt_a"),
    "option: api_keys that isn't a collection": option(api_keys=7),
    "option: api_keys with a space around it": option(api_keys=[" eugpt_a"]),
    "option: api_keys with a user that isn't a text": option(api_keys={"eugpt_a": 7}),
    "option: api_keys the other way round": option(api_keys={"alice": "eugpt_a"}),
    "option: api_keys without any": option(api_keys=[]),
    "option: a switch that isn't a truth value": option(require_auth="no"),
    "option: processing misspelt": option(processing="imediate"),
    "option: processing as a number": option(processing=3),
    "option: pagination misspelt": option(pagination="honored"),
    "option: a negative size": option(max_file_bytes=-1),
    "option: a size as a text": option(max_file_bytes="10MB"),
    "option: rate_limit as a text": option(rate_limit="10/60"),
    "option: rate_limit of nothing": option(rate_limit=(0, 60)),
    "option: passthrough without a slash": option(passthrough="v1/responses"),
    "option: passthrough that isn't a collection": option(passthrough=7),
    "option: seed that isn't a number": option(seed=1.5),
    "option: clock that cannot be called": option(clock=1_700_000_000),
    "option: environ misspelt": option(environ="eugtp"),
    "option: passthrough of a served mock": lambda: mock(passthrough="/v1/audio").serve(),
    "option: changed afterwards": lambda: setattr(mock(), "processing", "immediate"),
    "attribute: misspelt": lambda: setattr(mock(), "procesing", "immediate"),
    "decorator: of a generator": lambda: mock()(_generator),
    "decorator: of a fixture": lambda: mock()(_fixture),
    "decorator: of a number": lambda: mock()(7),  # type: ignore[type-var]
    "decorator: without parentheses": lambda: FilesMock(print),
    "decorator: something given outside of any call": _given_outside,
    "option: a base URL without its name": lambda: FilesMock("https://chat.eugpt.ai/v1"),
    "option: a dict": lambda: FilesMock({"seed": 7}),
    "option: a number without its name": lambda: FilesMock(7),
    "option: base_url with a password": option(base_url="https://ci:hunter2@chat.eugpt.ai/v1"),
    "decorator: of a class without tests": lambda: mock()(int),
    "tenant: keys that share one": lambda: mock().tenant("eugpt_a"),
    "tenant: of a key that isn't accepted": lambda: mock(isolate_by_key=True).tenant("sk-a"),
    "option: max_calls of none": option(max_calls=0),
    "processing: no poll": lambda: after_polls(0),
    "processing: seconds that aren't a number": lambda: after_seconds("1"),  # type: ignore[arg-type]
    "processing: negative seconds": lambda: after_seconds(-1),
    "processing: no reason": lambda: fails(""),
}

FAULTS: dict[str, ErrorCase] = {
    "fault: a status that isn't an error": lambda: faults.http_error(200),
    "fault: a body misspelt": lambda: faults.http_error(500, body="envelop"),  # type: ignore[arg-type]
    "fault: a code that isn't a text": lambda: faults.http_error(500, code=7),  # type: ignore[arg-type]
    "fault: a message that cannot be sent": lambda: faults.http_error(500, message="\ud800"),
    "fault: headers that aren't a mapping": lambda: faults.http_error(500, headers=["a"]),  # type: ignore[arg-type]
    "fault: a header that frames the answer": lambda: faults.http_error(
        500, headers={"Content-Length": "3"}
    ),
    "fault: a header with a line break": lambda: faults.http_error(500, headers={"X": "a\r\nb"}),
    "fault: neither seconds nor a date": lambda: faults.rate_limited("soon"),
    "fault: a redirect with another status": lambda: faults.redirect("/v1/files", 404),
    "fault: negative seconds": lambda: faults.delay(-1),
    "fault: a negative number of bytes": lambda: faults.truncated(-1),
    "fault: pieces of nothing": lambda: faults.dribble(0, 1),
    "fault by name: unknown": lambda: faults.fault_named("rate_limit", {}),
    "fault by name: an unknown parameter": lambda: faults.fault_named("delay", {"second": 1}),
    "fault by name: a missing parameter": lambda: faults.fault_named("delay", {}),
    "inject: no fault": inject("server_error"),
    "inject: a fault that was not called": inject(faults.server_error),
    "inject: a number": inject(503),
    "inject: an empty sequence": lambda: mock().inject([], "upload"),
    "inject: an unknown operation": inject(on="uplod"),
    "inject: an operation that isn't a text": inject(on=7),
    "inject: no operation": inject(on=()),
    "inject: no times": inject(times=0),
    "inject: a negative skip": inject(skip=-1),
    "inject: every none": inject(every=0),
    "inject: a chance over 1": inject(probability=50),
    "inject: a refused connection after the work": inject(
        faults.connection_refused(), phase="after"
    ),
    "inject: a phase misspelt": inject(phase="affter"),
    "inject: an empty filename": inject(filename=""),
    "inject: an unknown user": lambda: mock(api_keys={"eugpt_a": "alice"}).inject(
        faults.forbidden(), user="alicia"
    ),
    "inject: a user, without users": inject(user="alice"),
    "inject: optional that isn't a truth value": inject(optional="yes"),
    "inject: a file id on upload": inject(file_id="7"),
    "inject: malformed JSON on download": inject(faults.malformed_json(), "download"),
}

HABITS: dict[str, ErrorCase] = {
    "habit: a fault misspelt": lambda: faults.rate_limit,
    "habit: http_error(status_code=…)": lambda: faults.http_error(status_code=503),  # type: ignore[call-arg]
    "habit: a text of one's own as the body": lambda: faults.http_error(503, body="Service down"),  # type: ignore[arg-type]
    "habit: inject(operation=…)": lambda: mock().inject(faults.timeout(), operation="list"),  # type: ignore[arg-type]
    "habit: inject(count=…)": lambda: mock().inject(faults.timeout(), count=2),  # type: ignore[arg-type]
    "habit: on the SDK's create": inject(on="create"),
    "habit: on the SDK's method": inject(on="client.files.content"),
    "habit: on the SDK's content": inject(on="content"),
    "habit: on get": inject(on="get"),
    "habit: on remove": inject(on="remove"),
    "habit: on UPLOAD": inject(on="UPLOAD"),
    "habit: on the route of an operation": inject(on="POST /files"),
    "habit: inject(429)": inject(429),
    "habit: inject(418)": inject(418),
    "habit: timeout(5)": lambda: faults.timeout(5),  # type: ignore[call-arg]
    "habit: delay()": faults.delay,
    "habit: Answer(404)": lambda: Answer(404),  # type: ignore[misc]
    "habit: Answer(status_code=…)": lambda: Answer(status_code=404),  # type: ignore[call-arg]
    "habit: assert_uploaded(name=…)": lambda: mock().assert_uploaded(name="a.txt"),  # type: ignore[call-arg]
    "habit: stub(…, response=…)": lambda: mock().stub("GET", "/x", response={}),  # type: ignore[call-arg]
    "habit: stub without a path": lambda: mock().stub("GET"),  # type: ignore[call-arg]
    "habit: assert_called(…, count=…)": lambda: mock().assert_called("list", count=2),
    "habit: add_file(…, purpose)": lambda: mock().add_file("a.txt", b"", "batch"),  # type: ignore[misc]
    "habit: reset(…)": lambda: mock().reset(1),  # type: ignore[call-arg]
    "habit: reset(…=…)": lambda: mock().reset(calls=True),  # type: ignore[call-arg]
    "habit: files[0]": lambda: mock().files[0],  # type: ignore[index]
    "habit: files[filename]": _by_filename,
    "habit: with a mock that is started": lambda: [one := mock(), one.start(), _entered(one)],
    "habit: on a route without a method": inject(on="/responses"),
}


def stub(method: Any = "POST", path: Any = "/responses", **words: Any) -> ErrorCase:
    return lambda: mock().stub(method, path, **words)


_ROUND: list[Any] = []
_ROUND.append(_ROUND)

STUBS: dict[str, ErrorCase] = {
    "stub: a path of the Files API": stub("GET", "/files/{id}"),
    "stub: a path without a slash": stub(path="responses"),
    "stub: a path with the base URL in it": stub(path="/v1/responses"),
    "stub: two segments of one name": stub(path="/a/{id}/b/{id}"),
    "stub: a name that isn't one": stub(path="/x/{a²}"),
    "stub: a text that can't be sent": stub(body="\ud800"),
    "stub: a longer base URL in the path": lambda: FilesMock(
        base_url=("https://a.example/v1", "https://b.example/v1/eu")
    ).stub("POST", "/v1/eu/responses"),
    "stub: half a character in the path": stub(path="/s\ud800"),
    "stub: a method misspelt": stub("PSOT"),
    "stub: two bodies": stub(json={}, body="x"),
    "stub: a body and a function": stub(json={}, reply=lambda request: {}),
    "stub: a status that isn't one": stub(status=99),
    "stub: a body with 204": stub(status=204, json={}),
    "stub: a JSON value that holds itself": stub(json=_ROUND),
    "stub: a set as JSON": stub(json={1, 2}),
    "stub: a number as body": stub(body=7),
    "stub: a text as events": stub(events="data"),
    "stub: a header that isn't a name": stub(headers={"X Y": "z"}),
    "stub: no times": stub(times=0),
    "stub: a reply that isn't a function": stub(reply={"a": 1}),
    "stub_response: chunks that don't make the text": lambda: mock().stub_response(
        "Forty-two.", chunks=["Forty"]
    ),
    "after: no function": lambda: mock().after("list", None),  # type: ignore[arg-type]
}

FILES: dict[str, ErrorCase] = {
    "add_file: a time in milliseconds": add(created_at=1_716_387_200_000),
    "set_status: an unknown file": lambda: mock().set_status("7", "error"),
    "option: processing of no pattern": option(processing={}),
    "add_file: no filename": add(""),
    "add_file: a filename that cannot be sent": add("\ud800"),
    "add_file: a text as content": add(content="hello"),
    "add_file: an unknown status": add(status="procesed"),
    "add_file: an unknown user": add(user="alicia"),
    "add_file: a time that isn't a number": add(created_at="now"),
    "add_file: an id with a slash": add(id="a/b"),
    "add_file: an id that is taken": lambda: [
        one := mock(),
        one.add_file("a.txt", id="7"),
        one.add_file("b.txt", id="7"),
    ],
    "fake_file: an unknown suffix": lambda: mock().fake_file(".pfd"),
    "fake_file: an unknown word": lambda: mock().fake_file(".pdf", purpos="x"),
    "fake_file: a size that isn't a number": lambda: mock().fake_file(".pdf", size="big"),
    "fake_file: a size that is too small": lambda: mock().fake_file(".pdf", size=3),
    "fake_file: a filename of another suffix": lambda: mock().fake_file(".pdf", filename="a.txt"),
    "fake_files: a negative count": lambda: mock().fake_files(-1),
    "fake_files: no suffixes": lambda: mock().fake_files(1, suffixes=[]),
}


def _started_twice() -> None:
    with mock() as one:
        one.start()


def _served_twice() -> None:
    serving = mock().serve()
    with serving:
        serving.start()


def _seam_of_httpx_lost() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(httpx.Client, "_transport_for_url")
        mock().start()


def _seam_of_requests_lost() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(HTTPAdapter, "get_connection_with_tls_context")
        mock().start()


def _mounted_in_a_client() -> None:
    mock().mount(httpx.Client)


def _class_of_urllib3_lost() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("urllib3.connectionpool.HTTPConnectionPool")
        Patch(
            "urllib3.connectionpool.HTTPConnectionPool.urlopen", lambda original: original
        ).start()


def _body_that_is_not_sent() -> None:
    with mock() as one:
        connection = http.client.HTTPSConnection("chat.eugpt.ai")
        headers = {"Authorization": f"Bearer {one.api_key}", "Content-Length": "5"}
        try:
            connection.request("POST", "/v1/files", b"12", headers)
            connection.getresponse()
        finally:
            connection.close()


def _port_taken() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        try:
            mock().serve(port=port).start()
        except OSError as error:
            return _without_port(error, port)
    raise AssertionError("the port was free")


def _without_port(error: OSError, port: int) -> str:
    error.args = (str(error).replace(str(port), "8080"),)
    raise error


def _refusal_armed_while_served() -> None:
    with mock().serve() as one:
        one.inject(faults.connection_refused(), "list")


def _refusal_served() -> None:
    one = mock()
    one.inject(faults.connection_refused(), "list")
    one.serve().start()


def _reset_under_another_server() -> None:
    one = mock()
    one.inject(faults.connection_reset(), "list")
    Client(one.wsgi_app).get("/v1/files", headers={"Authorization": "Bearer eugpt_a"})


def _refused_by_the_guard() -> None:
    one = mock().start()
    try:
        socket.getaddrinfo("chat.eugpt.ai", 443)
    finally:
        with contextlib.suppress(AssertionError):
            one.stop()


def _while_held(host: str, port: int = 443) -> None:
    """Ask for a host of a mock that isn't active any more, as the plugin holds it."""
    network_guard.hold([parse_base_url("https://chat.eugpt.ai/v1")])
    try:
        socket.getaddrinfo(host, port)
    finally:
        network_guard.release()


def _refused_beside_a_port() -> str:
    with mock().serve() as one:
        try:
            _while_held("chat.eugpt.ai")
        except NetworkRefused as error:
            return f"NetworkRefused: {error}".replace(one.base_url, "http://127.0.0.1:49152/v1")
    return ""


def _refused_on_another_port() -> None:
    one = mock().start()
    try:
        socket.getaddrinfo("chat.eugpt.ai", 8443)
    finally:
        with contextlib.suppress(AssertionError):
            one.stop()


def _verdict_of_no_level() -> str:
    try:
        pytest_load_initial_conftests(["--eugpt-verdict", "tets"])
    except pytest.UsageError as error:
        return f"ERROR: {error}"
    return ""


def _no_timeout() -> None:
    one = mock().start()
    one.inject(faults.timeout(), "list")
    try:
        send(one, timeout=None)
    finally:
        with contextlib.suppress(AssertionError):
            one.stop()


STATES: dict[str, ErrorCase] = {
    "start: twice": _started_twice,
    "serve: started twice": _served_twice,
    "serve: asked for its address before it serves": lambda: mock().serve().url,
    "start: httpx has changed": _seam_of_httpx_lost,
    "start: requests has changed": _seam_of_requests_lost,
    "start: urllib3 has changed": _class_of_urllib3_lost,
    "mount: in a client": _mounted_in_a_client,
    "serve: a port that is taken": _port_taken,
    "serve: a port that is none": lambda: mock().serve(port=70_000).start(),
    "serve: a token that cannot be sent": lambda: mock().serve(admin_token="a b"),
    "inject: a refused connection on a port": _refusal_armed_while_served,
    "serve: a refused connection is armed": _refusal_served,
    "wsgi_app: a reset under another server": _reset_under_another_server,
    "a client without a timeout": _no_timeout,
    "a client that is not intercepted": _refused_by_the_guard,
    "a test that forgot the fixture": lambda: _while_held("chat.eugpt.ai"),
    "a client with another base URL than the mock on a port": _refused_beside_a_port,
    "a client with a port of its own": _refused_on_another_port,
    "pytest: --eugpt-verdict with a value that is none": _verdict_of_no_level,
    "a client that waits for an answer to half a request": _body_that_is_not_sent,
}


def left(**options: Any) -> Callable[[Callable[[FilesMock], object]], ErrorCase]:
    """What leaving says, after that was done."""

    def provoking(act: Callable[[FilesMock], object]) -> ErrorCase:
        def provoke() -> None:
            with mock(**options) as one:
                act(one)

        return provoke

    return provoking


def _stray(one: FilesMock) -> None:
    requests.get(f"{one.base_url}/models", timeout=5)


def _stray_on_a_port() -> None:
    with mock() as one:
        Client(one.wsgi_app).get("/v1/models", headers={"Authorization": "Bearer eugpt_a"})


def _unfired(one: FilesMock) -> None:
    one.inject(faults.rate_limited(), "upload", filename="report.pdf", times=2)
    upload(one, "raport.pdf")


def _unfired_without_stub(one: FilesMock) -> None:
    one.stub("POST", "/responses", json={})
    one.inject(faults.server_error(), on="POST /response")


def _unfired_without_calls(one: FilesMock) -> None:
    one.inject([faults.timeout(), faults.server_error()], skip=1)
    one.inject(faults.delay(1), on=("list", "delete"), phase="after", probability=0.5)


def _swallowed(one: FilesMock) -> None:
    one.inject(faults.timeout(), "list")
    with contextlib.suppress(Exception):
        send(one, timeout=None)


def _stray_and_unfired(one: FilesMock) -> None:
    _stray(one)
    _unfired_without_calls(one)


def _missing_prefix(one: FilesMock) -> None:
    requests.get("https://chat.eugpt.ai/files", timeout=5)


def _failing_function(one: FilesMock) -> None:
    one.stub("POST", "/responses", reply=lambda request: 1 / 0)
    with contextlib.suppress(ZeroDivisionError):
        send(one, "POST", "/responses")


def _unfired_behind_another(one: FilesMock) -> None:
    one.inject(faults.unavailable(), "list", times=2)
    one.inject(faults.server_error(), "list")
    send(one)


LEAVING: dict[str, ErrorCase] = {
    "leaving: two slashes": left()(lambda one: requests.get(f"{one.base_url}//files", timeout=5)),
    "leaving: a slash at the end": left()(lambda one: send(one, path="/files/")),
    "leaving: a request without /v1": left()(_missing_prefix),
    "leaving: the function of a stub raised": left()(_failing_function),
    "leaving: a fault that another one hit before": left()(_unfired_behind_another),
    "leaving: a fault that never fired": left()(_unfired),
    "leaving: a fault for a route that was never stubbed": left()(_unfired_without_stub),
    "leaving: faults that never fired, and no call": left()(_unfired_without_calls),
    "leaving: a request for an unknown route": left()(_stray),
    "leaving: a request for an unknown route, on a port": _stray_on_a_port,
    "leaving: a question that no stub answers": left()(
        lambda one: send(one, "POST", "/responses", json={})
    ),
    "leaving: a chat completion that no stub answers": left()(
        lambda one: send(one, "POST", "/chat/completions", json={})
    ),
    "leaving: both": left()(_stray_and_unfired),
    "leaving: a swallowed error of ours": left()(_swallowed),
    "leaving: more calls than are shown": left()(
        lambda one: [_unfired(one), [send(one) for _ in range(25)]]
    ),
}


def asserted(act: Callable[[FilesMock], object]) -> ErrorCase:
    """An assertion after two uploads, a refused one and a list."""

    def provoke() -> None:
        with mock(api_keys={"eugpt_a": "alice"}, max_file_bytes=100) as one:
            upload(one, "report.pdf", b"%PDF")
            upload(one, "notes.txt", b"hello", purpose="user_data")
            upload(one, "film.mp4", bytes(101))
            send(one, path="/files?limit=1")
            act(one)

    return provoke


def _mishandled(one: FilesMock) -> None:
    """A 400 sent again, an upload stored twice, a key in the query."""
    one.inject([faults.bad_request(), faults.server_error()], "upload", phase="after")
    for _ in range(3):
        upload(one, "report.pdf", b"%PDF")
    send(one, path=f"/files?api_key={one.api_key}")


def _given_up(one: FilesMock) -> None:
    one.inject(faults.unavailable(), "list")
    send(one, timeout=None)
    upload(one, "report.pdf", b"%PDF")


ASSERTIONS: dict[str, ErrorCase] = {
    "assert_called: calls that are no longer kept": left(max_calls=2)(
        lambda one: [[send(one) for _ in range(3)], one.assert_called("list", times=3)]
    ),
    "assert_called: it never came": asserted(lambda one: one.assert_called("delete")),
    "assert_called: it never came, and nothing else": left()(
        lambda one: one.assert_called("delete", status=200)
    ),
    "assert_called: another field": asserted(
        lambda one: one.assert_called("upload", filename="raport.pdf", status=200)
    ),
    "assert_called: too seldom": asserted(lambda one: one.assert_called("list", times=2)),
    "assert_called: too often": asserted(lambda one: one.assert_called("upload", times=2)),
    "assert_called: too often, with a field": asserted(
        lambda one: one.assert_called("upload", times=0, filename="report.pdf")
    ),
    "assert_called: an unknown operation": asserted(lambda one: one.assert_called("get")),
    "assert_called: an unknown field": asserted(
        lambda one: one.assert_called("upload", file_name="a.pdf")
    ),
    "assert_called: times that isn't a number": asserted(
        lambda one: one.assert_called("upload", times=-1)
    ),
    "assert_called: a route, no call": asserted(
        lambda one: [
            one.stub("POST", "/batches", json={}),
            send(one, "POST", "/batches", json={}),
            one.assert_called("POST /batches", times=0),
        ]
    ),
    "assert_called: a route, more calls": asserted(
        lambda one: [
            one.stub("POST", "/batches", json={}),
            send(one, "POST", "/batches", json={}),
            one.assert_called("POST /batches", times=2),
        ]
    ),
    "assert_deleted: by the filename": asserted(lambda one: one.assert_deleted("report.pdf")),
    "assert_not_called: it came": asserted(lambda one: one.assert_not_called("list")),
    "assert_uploaded: another filename": asserted(lambda one: one.assert_uploaded("raport.pdf")),
    "assert_uploaded: another purpose": asserted(
        lambda one: one.assert_uploaded("report.pdf", purpose="user_data")
    ),
    "assert_uploaded: another content": asserted(
        lambda one: one.assert_uploaded("notes.txt", content=b"hullo")
    ),
    "assert_uploaded: it was refused": asserted(lambda one: one.assert_uploaded("film.mp4")),
    "assert_uploaded: an unknown user": asserted(lambda one: one.assert_uploaded(user="alicia")),
    "assert_uploaded: another user": asserted(lambda one: one.assert_uploaded(purpose="batch")),
    "assert_uploaded: nothing came": left()(lambda one: one.assert_uploaded("report.pdf")),
    "assert_uploaded: a text as content": asserted(
        lambda one: one.assert_uploaded("report.pdf", content="%PDF")  # type: ignore[arg-type]
    ),
    "assert_deleted: it was not": asserted(lambda one: one.assert_deleted("7")),
    "assert_downloaded: another file": asserted(
        lambda one: [send(one, path="/files/8/content"), one.assert_downloaded("7")]
    ),
    "wait_for: it never came": asserted(lambda one: one.wait_for("delete", timeout=0)),
    "calls.to: an unknown operation": asserted(lambda one: one.calls.to("uploads")),
    "assert_resilient: errors": left()(
        lambda one: [_mishandled(one), one.assert_resilient(allow=["retry_storm"])]
    ),
    "assert_resilient: warnings, when strict": left()(
        lambda one: [_given_up(one), one.assert_resilient(strict=True)]
    ),
    "assert_resilient: an unknown kind": asserted(
        lambda one: one.assert_resilient(allow=["gave_in"])
    ),
    "assert_resilient: strict that isn't a truth value": asserted(
        lambda one: one.assert_resilient(strict="yes")  # type: ignore[arg-type]
    ),
}


def said(*arguments: str) -> ErrorCase:
    """What the command says on standard error."""

    def provoke() -> str:
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard), contextlib.suppress(SystemExit):
            main(["serve", *arguments])
        return heard.getvalue()

    return provoke


def _busy_port_said() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        heard = str(said("--port", port)())
    return heard.replace(port, "8080")


def _report() -> str:
    """What a failed test shows."""
    with mock(assert_all_requests_known=False) as one, contextlib.suppress(httpx.HTTPError):
        one.inject(faults.http_error(503, message="busy"), "list")
        for path in ("/files", "/files", "/models", "/files?limit=0"):
            send(one, path=path)
        httpx.get(f"{one.base_url}/files", headers={"Authorization": "Bearer sk-123"})
        upload(one, "report.pdf", b"%PDF")
        one.stub("POST", "/responses", json={})
        send(one, "POST", "/responses", json={"stream": True})
        send(one, "POST", "/responses", json={"file_id": "gone"})
        httpx.get("http://127.0.0.2:9/", timeout=1)
    return one.report()


REPORT: dict[str, ErrorCase] = {"report: calls, attempts, refusals, other hosts": _report}


COMMAND: dict[str, ErrorCase] = {
    "command: an unknown option": said("--prot", "8080"),
    "command: a port that isn't a number": said("--port", "http"),
    "command: a port that is taken": _busy_port_said,
    "command: a rate limit that is none": said("--rate-limit", "ten"),
    "command: a processing misspelt": said("--processing", "after_pols:2"),
    "command: a processing without its number": said("--processing", "after_polls"),
    "command: a folder that is not there": said("--files", "no-such-folder"),
    "command: a negative size": said("--max-file-bytes", "-1"),
    "command: a fault misspelt": said("--fault", "upload:rate_limit"),
    "command: a fault without a name": said("--fault", "upload"),
    "command: a word of a fault without its value": said("--fault", "upload:503:times"),
    "command: a value of a fault that cannot be read": said("--fault", "upload:503:times=two"),
    "command: an unknown operation": said("--fault", "uplod:503"),
    "command: an unknown word in a fault": said("--fault", "upload:503:tims=2"),
    "command: a size that cannot be read": lambda: read_size("ten"),
    "command: a rate that cannot be read": lambda: read_rate("ten"),
    "command: an unknown way of processing": lambda: read_processing("after_pols:2"),
    "command: a way of processing without its number": lambda: read_processing("after_polls"),
    "command: a way of processing with a number that is too small": lambda: read_processing(
        "after_polls:0"
    ),
}


def refused(act: Callable[[FilesMock], httpx.Response], **options: Any) -> ErrorCase:
    """What a client is told, status and body."""

    def provoke() -> str:
        with mock(assert_all_requests_known=False, **options) as one:
            answer = act(one)
        return f"{answer.status_code} {answer.json()['error']['code']}\n{answer.json()['detail']}"

    return provoke


def _raw(one: FilesMock, content_type: str | None, body: bytes) -> httpx.Response:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return send(one, "POST", headers=headers, content=body)


FORM = "multipart/form-data; boundary=x"
PURPOSE = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n'

REFUSALS: dict[str, ErrorCase] = {
    "refusal: no key": refused(lambda one: httpx.get(f"{one.base_url}/files")),
    "refusal: a key that is not good": refused(
        lambda one: send(one, headers={"Authorization": "Bearer sk-123"})
    ),
    "refusal: a key of its own list": refused(
        lambda one: send(one, headers={"Authorization": "Bearer eugpt_b"}),
        api_keys=["eugpt_a"],
    ),
    "refusal: the prefix alone": refused(
        lambda one: send(one, headers={"Authorization": "Bearer eugpt_"})
    ),
    "refusal: Basic": refused(
        lambda one: send(one, headers={"Authorization": "Basic bWU6c2VjcmV0"})
    ),
    "refusal: another scheme": refused(
        lambda one: send(one, headers={"Authorization": "Token eugpt_a"})
    ),
    "refusal: bearer in lower case": refused(
        lambda one: send(one, headers={"Authorization": "bearer eugpt_a"})
    ),
    "refusal: a scheme without a key": refused(
        lambda one: send(one, headers={"Authorization": "Bearer"})
    ),
    "refusal: a key without a scheme": refused(
        lambda one: send(one, headers={"Authorization": "eugpt_a"})
    ),
    "refusal: a compressed form": refused(
        lambda one: send(
            one,
            "POST",
            headers={"Content-Type": FORM, "Content-Encoding": "gzip"},
            content=gzip.compress(PURPOSE + PART + b"--x--\r\n"),
        )
    ),
    "refusal: an unknown route": refused(lambda one: send(one, path="/models")),
    "refusal: another method": refused(lambda one: send(one, "PATCH", "/files/7")),
    "refusal: no file of that id": refused(lambda one: send(one, path="/files/7")),
    "refusal: no file in the form": refused(lambda one: _raw(one, FORM, PURPOSE + b"--x--\r\n")),
    "refusal: no purpose": refused(lambda one: _raw(one, FORM, PART + b"--x--\r\n")),
    "refusal: a form that breaks off": refused(lambda one: _raw(one, FORM, PART)),
    "refusal: a form without a boundary": refused(
        lambda one: _raw(one, "multipart/form-data", PART)
    ),
    "refusal: two files": refused(lambda one: _raw(one, FORM, PART + PART + b"--x--\r\n")),
    "refusal: another content type": refused(lambda one: _raw(one, "application/json", b"{}")),
    "refusal: no content type": refused(lambda one: _raw(one, None, b"hello")),
    "refusal: a limit out of range": refused(lambda one: send(one, path="/files?limit=0")),
    "refusal: an order that is none": refused(lambda one: send(one, path="/files?order=up")),
    "refusal: after a file that never was": refused(lambda one: send(one, path="/files?after=7")),
    "refusal: a file that is too large": refused(
        lambda one: upload(one, "a.bin", bytes(11)), max_file_bytes=10
    ),
    "refusal: over the quota": refused(
        lambda one: upload(one, "a.bin", bytes(11)), max_total_bytes=10
    ),
    "refusal: too many requests": refused(
        lambda one: [send(one), send(one)][1], rate_limit=(1, 60)
    ),
    "refusal: a wish that cannot be granted": refused(
        lambda one: send(one, headers={"Prefer": "code=200"})
    ),
    "refusal: a fault": refused(lambda one: [one.inject(faults.forbidden(), "list"), send(one)][1]),
}


def controlled(method: str, path: str, **words: Any) -> ErrorCase:
    """What a control route answers to bad input."""

    def provoke() -> str:
        with mock().serve() as one:
            url = one.base_url.removesuffix("/v1") + path
            answer = httpx.request(method, url, **words)
        return f"{answer.status_code}\n{answer.json()['detail']}"

    return provoke


def armed(**words: Any) -> ErrorCase:
    return controlled("POST", "/__admin/faults", content=json.dumps(words))


def form(**words: Any) -> ErrorCase:
    fields = {name: (None, str(text)) for name, text in words.items()}
    return controlled("POST", "/__admin/files", files=fields)


CONTROL: dict[str, ErrorCase] = {
    "control: a fault that isn't a JSON": controlled("POST", "/__admin/faults", content="503"),
    "control: no fault": armed(on="upload"),
    "control: an unknown fault": armed(fault="rate_limit"),
    "control: a fault that isn't a text": armed(fault=503),
    "control: an unknown word": armed(fault="http_error", status=503, tims=2),
    "control: a word beside a sequence": armed(fault=["timeout"], status=503),
    "control: an empty sequence": armed(fault=[]),
    "control: a file in two fields": controlled(
        "POST", "/__admin/files", files={"file": ("a", b""), "content": ("b", b"")}
    ),
    "control: an unknown field of a file": form(file="hello", name="a.txt"),
    "control: a file without a name": form(content="hello"),
    "control: a time that isn't a number": form(filename="a.txt", created_at="now"),
    "control: an unknown route": controlled("GET", "/__admin/file"),
    "control: another method": controlled("PUT", "/__admin/files"),
    "control: a foreign origin": controlled(
        "POST", "/__admin/reset", headers={"Origin": "https://elsewhere.example"}
    ),
    "control: an unknown fault to disarm": controlled("DELETE", "/__admin/faults/7"),
}


def swept(act: Callable[[FilesMock], object] = send, **words: Any) -> ErrorCase:
    """A sweep of that, with these words."""

    def provoke() -> None:
        with mock() as one:
            for case in one.sweep(**words):
                with case:
                    act(one)

    return provoke


def _once() -> Callable[[FilesMock], object]:
    seen: list[int] = []
    return lambda one: upload(one, "a.txt") if not seen and not seen.append(1) else send(one)


def _missing_in_a_third_run() -> Callable[[FilesMock], object]:
    runs: list[int] = []
    return lambda one: send(one) if runs.append(1) or len(runs) <= 2 else None


def _not_entered() -> None:
    with mock() as one:
        for _ in one.sweep():
            send(one)


def _entered_twice() -> None:
    with mock() as one:
        for case in one.sweep():
            with case, case:
                send(one)


def _iterated_twice() -> None:
    with mock() as one:
        sweep = one.sweep(only="list/busy")
        for _ in range(2):
            for case in sweep:
                with case:
                    send(one)


def _left_by_break() -> None:
    with mock() as one:
        for case in one.sweep():
            with case:
                send(one)
            break


SWEEPS: dict[str, ErrorCase] = {
    "sweep: other calls in the second run": swept(_once()),
    "sweep: no call in a later run": swept(_missing_in_a_third_run(), failures=["busy"]),
    "sweep: an exit check without a failure": swept(_stray),
    "sweep: no call at all": swept(lambda one: None),
    "sweep: a case that is not entered": _not_entered,
    "sweep: a case that is entered twice": _entered_twice,
    "sweep: iterated twice": _iterated_twice,
    "sweep: left by break": _left_by_break,
    "sweep: an allow that was never needed": lambda: _timeless(swept(allow="*/lost")),
    "sweep: only names no cell": swept(only="upload a.txt/busy"),
    "sweep: only without a failure": swept(only="upload a.txt"),
    "sweep: only that isn't text": swept(only=5),
    "sweep: an unknown reason": swept(allow=["duplicate"]),
    "sweep: an unknown failure in a cell": swept(allow=["upload */lots"]),
    "sweep: an unknown failure": swept(failures=["bussy"]),
    "sweep: no failure": swept(failures=[]),
    "sweep: failures that are none": swept(failures=5),
    "sweep: a failure with a slash": swept(failures={"a/b": faults.timeout()}),
    "sweep: a failure that wasn't called": swept(failures={"slow": faults.timeout}),
    "sweep: several faults as one failure": swept(failures={"slow": [faults.timeout()]}),
    "sweep: expect that is no exception": swept(expect="ValueError"),
    "sweep: an unknown argument": swept(allowed="*/lost"),
}


def _timeless(error_case: ErrorCase) -> None:
    """Without how long it took."""
    try:
        error_case()
    except AssertionError as error:
        error.args = (re.sub(r"in \d+\.\d s", "in 0.1 s", str(error)),)
        raise


ERROR_CASES = {
    **OPTIONS,
    **FAULTS,
    **HABITS,
    **STUBS,
    **FILES,
    **STATES,
    **LEAVING,
    **ASSERTIONS,
    **SWEEPS,
    **REPORT,
    **COMMAND,
    **REFUSALS,
    **CONTROL,
}
"""Every one of them, in the order in which `messages.txt` has them."""
