"""Control over HTTP: every route of it, as a test in another language would use it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from werkzeug.test import Client as WsgiClient

from eugpt_files_mock import Call, FilesMock, __version__, faults

BOUNDARY = "form"


@pytest.fixture
def control(served: FilesMock) -> Iterator[httpx.Client]:
    """A client of the control routes."""
    with httpx.Client(base_url=served.base_url.removesuffix("/v1")) as client:
        yield client


def upload(mock: FilesMock, filename: str = "a.txt", content: bytes = b"hello") -> httpx.Response:
    return httpx.post(
        f"{mock.base_url}/files",
        headers={"Authorization": f"Bearer {mock.api_key}"},
        data={"purpose": "assistants"},
        files={"file": (filename, content, "text/plain")},
    )


def message(answer: httpx.Response, status: int = 400) -> str:
    """The message of a refusal, whose two places agree."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["detail", "error"]
    assert list(body["error"]) == ["type", "code", "message"]
    assert body["detail"] == body["error"]["message"]
    return str(body["detail"])


class TestHealth:
    def test_it_says_ok_and_the_version(self, control: httpx.Client) -> None:
        """A script asks this route until the server answers."""
        assert control.get("/__admin/health").json() == {"status": "ok", "version": __version__}


class TestReset:
    def test_it_does_what_the_mocks_reset_does(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """Files, calls and armed faults are gone."""
        upload(served)
        control.post("/__admin/faults", json={"fault": "server_error"})

        assert control.post("/__admin/reset").json() == {"status": "ok"}

        assert (len(served.files), len(served.calls), served.armed) == (0, 0, [])

    def test_with_a_seed_the_ids_begin_anew(self) -> None:
        """So each test that resets first can expect the same ids."""
        with FilesMock(seed=7).serve() as mock:
            first = upload(mock).json()["id"]
            httpx.post(f"{mock.base_url.removesuffix('/v1')}/__admin/reset")
            assert first == upload(mock).json()["id"]


class TestFiles:
    def test_a_list_shows_the_file_object_its_owner_and_its_content_type(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """The API itself tells nobody the owner or the content type."""
        stored = upload(served).json()
        assert control.get("/__admin/files").json() == {
            "object": "list",
            "data": [
                {**stored, "status_details": None, "user": None, "content_type": "text/plain"}
            ],
        }

    def test_a_list_shows_the_files_of_every_user(self) -> None:
        """Through the API, each user lists only their own."""
        with FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"}).serve() as mock:
            mock.add_file("hers.txt")
            mock.add_file("his.txt", user="bob")
            shown = httpx.get(f"{mock.base_url.removesuffix('/v1')}/__admin/files").json()["data"]
        assert [("hers.txt", "alice"), ("his.txt", "bob")] == [
            (file["filename"], file["user"]) for file in shown
        ]

    def test_a_form_adds_a_file_with_every_field_of_add_file(self) -> None:
        """The field `filename` wins over that of the part; the content type follows from it."""
        fields = {
            "id": "file-1",
            "filename": "naïve „Täst“.txt",
            "purpose": "batch",
            "created_at": "1716387200",
            "status": "error",
            "status_details": "no text",
            "user": "bob",
        }
        with FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"}).serve() as mock:
            added = httpx.post(
                f"{mock.base_url.removesuffix('/v1')}/__admin/files",
                data=fields,
                files={"file": ("other.bin", b"\x00\xff")},
            )
            assert b"\x00\xff" == mock.files["file-1"].content
        assert added.json() == {
            **fields,
            "object": "file",
            "bytes": 2,
            "created_at": 1716387200,
            "content_type": "text/plain",
        }

    @pytest.mark.parametrize("name", ["file", "content"])
    def test_the_file_part_brings_its_filename_along(
        self, served: FilesMock, control: httpx.Client, name: str
    ) -> None:
        """A field for it isn't needed; without a purpose, it is `assistants`."""
        control.post("/__admin/files", files={name: ("a.csv", b"1,2")})
        (file,) = served.files
        assert (file.filename, file.content, file.purpose) == ("a.csv", b"1,2", "assistants")

    def test_the_content_may_be_plain_text(self, served: FilesMock, control: httpx.Client) -> None:
        """A form field without a filename is enough; its text is stored as UTF-8."""
        fields = {"filename": (None, "a.txt"), "content": (None, "grün")}
        control.post("/__admin/files", files=fields)
        (file,) = served.files
        assert "grün".encode() == file.content

    def test_the_content_may_be_a_long_text(self, served: FilesMock, control: httpx.Client) -> None:
        """Werkzeug by itself refuses a text field over 500 kB."""
        fields = {"filename": (None, "a.txt"), "content": (None, "x" * 1_000_000)}
        assert control.post("/__admin/files", files=fields).status_code == 200
        assert next(iter(served.files)).bytes == 1_000_000

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"filname": "a"}, "Did you mean 'filename'?"),
            ({"purpose": "batch"}, "'filename' is missing"),
            ({"filename": ""}, "filename must be a non-empty string"),
            ({"filename": "a", "status": "proccessed"}, "Did you mean 'processed'?"),
            ({"filename": "a", "created_at": "noon"}, "created_at must be an integer"),
            *(
                ({"filename": "a", "created_at": text}, "created_at must be an integer")
                for text in (" 5 ", "\uff11\uff12", "+7", "1_000", "\u0663", "5.0", "9" * 19)
            ),
            ({"filename": "a", "created_at": "-1"}, "created_at (Unix seconds) must be an integer"),
            ({"filename": "a", "id": "with/slash"}, "must not contain a slash"),
            ({"filename": "a", "user": "bob"}, "Unknown user 'bob'"),
            ({"filename": "a", "content": "1", "file": "2"}, "The content must be in one field"),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_nothing_is_stored(
        self, served: FilesMock, control: httpx.Client, fields: dict[str, str], said: str
    ) -> None:
        """Values are checked as those of `add_file`; for a misspelt word the nearest is named."""
        parts = {name: (None, text) for name, text in fields.items()}
        assert said in message(control.post("/__admin/files", files=parts))
        assert len(served.files) == 0

    @pytest.mark.parametrize(
        ("content_type", "body", "status", "said"),
        [
            ("application/json", b"{}", 415, "multipart/form-data"),
            ("multipart/form-data", b"", 400, "boundary"),
            (f"multipart/form-data; boundary={BOUNDARY}", b"--form\r\nCont", 400, "cannot be read"),
        ],
    )
    def test_what_is_no_form_is_refused(
        self, control: httpx.Client, content_type: str, body: bytes, status: int, said: str
    ) -> None:
        """Werkzeug by itself takes a form that breaks off for an empty one."""
        answer = control.post(
            "/__admin/files", content=body, headers={"Content-Type": content_type}
        )
        assert said in message(answer, status)

    def test_a_field_that_should_be_a_text_and_is_a_file_is_refused(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """Only the content may be a file part."""
        parts = {"file": ("a.txt", b"1"), "purpose": ("purpose.txt", b"batch")}
        assert "must be text" in message(control.post("/__admin/files", files=parts))
        assert len(served.files) == 0

    def test_a_field_that_comes_twice_is_refused(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """Otherwise one of the two values would be ignored without a word."""
        parts = [("filename", (None, "a")), ("filename", (None, "b"))]
        assert "Two parts" in message(control.post("/__admin/files", files=parts))
        assert len(served.files) == 0

    def test_the_newest_so_many_can_be_asked_for(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """They come oldest first; `X-Total-Count` still says how many there are in all."""
        for name in ("a", "b", "c"):
            served.add_file(name)
        answer = control.get("/__admin/files", params={"limit": 2})
        assert ["b", "c"] == [file["filename"] for file in answer.json()["data"]]
        assert answer.headers["X-Total-Count"] == "3"


class TestRequests:
    def test_every_field_of_a_call_is_shown(self, served: FilesMock, control: httpx.Client) -> None:
        """Two more say whether its client waits for a late answer or gave up; here neither."""
        upload(served)
        (call,) = served.calls
        (shown,) = control.get("/__admin/requests").json()["data"]
        assert shown == {
            field.name: getattr(call, field.name) for field in dataclasses.fields(Call)
        } | {"headers": dict(call.headers), "delivery": None, "waited": None}

    def test_no_key_is_shown(self, served: FilesMock, control: httpx.Client) -> None:
        """It is taken out of all that is kept of a request."""
        upload(served)
        assert served.api_key not in control.get("/__admin/requests").text

    def test_control_requests_are_not_among_them(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """Nor is that for the icon, which a browser asks for without the code under test."""
        for path in ("/__admin/health", "/__admin/nothing", "/openapi.json", "/favicon.ico"):
            control.get(path)
        assert control.get("/__admin/requests").json() == {"object": "list", "data": []}

    def test_they_can_be_forgotten(self, served: FilesMock, control: httpx.Client) -> None:
        """The stored files stay."""
        upload(served)
        assert control.delete("/__admin/requests").json() == {"deleted": 1}
        assert (len(served.calls), len(served.files)) == (0, 1)

    def test_to_forget_the_calls_silences_no_problem_and_goes_on_counting(self) -> None:
        """The exit checks still report the unknown route; the next call isn't number 1 again."""
        with FilesMock().serve() as mock:
            root = mock.base_url.removesuffix("/v1")
            httpx.get(f"{root}/v1/fils")
            assert {"deleted": 1} == httpx.delete(f"{root}/__admin/requests").json()
            (problem,) = httpx.get(f"{root}/__admin/check").json()["problems"]
            assert "/v1/fils" in problem
            upload(mock)
            assert [2] == [record.number for record in mock._service.journal.records()]
            mock.reset()

    def test_a_limit_that_is_no_number_is_refused(self, control: httpx.Client) -> None:
        """A negative one is refused as well: only digits are read."""
        assert "'limit'" in message(control.get("/__admin/requests", params={"limit": "-1"}))


class TestFaults:
    def test_a_fault_is_armed_hits_and_is_spent(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """A spent fault is still listed, with how often it hit."""
        words = {"fault": "http_error", "status": 503, "on": "upload", "times": 2}
        armed = control.post("/__admin/faults", json=words).json()
        assert (armed["id"], armed["hits"], armed["remaining"]) == ("1", 0, 2)

        assert [503, 503, 200] == [upload(served).status_code for _ in range(3)]

        (shown,) = control.get("/__admin/faults").json()["data"]
        assert shown == armed | {"hits": 2, "remaining": 0}

    def test_what_is_shown_are_the_words_of_inject(self) -> None:
        """Arguments that were left out are shown too, such as `jitter` with its default."""
        words = {
            "on": ["upload", "download"],
            "times": None,
            "skip": 1,
            "every": 2,
            "probability": 0.5,
            "filename": "a.txt",
            "file_id": "123",
            "purpose": "batch",
            "user": "alice",
            "phase": "after",
            "optional": True,
        }
        with FilesMock(api_keys={"eugpt_a": "alice"}).serve() as mock:
            shown = httpx.post(
                f"{mock.base_url.removesuffix('/v1')}/__admin/faults",
                json={"fault": "delay", "seconds": 1, **words},
            )
        assert shown.json() == {
            "id": "1",
            "object": "fault",
            "fault": "delay",
            "seconds": 1,
            "jitter": 0,
            "faults": [{"fault": "delay", "seconds": 1, "jitter": 0}],
            **words,
            "hits": 0,
            "remaining": None,
        }

    def test_a_sequence_is_used_up_in_order(self, served: FilesMock, control: httpx.Client) -> None:
        """A fault that takes arguments is an object in the list, any other just a name."""
        sequence = ["server_error", {"fault": "http_error", "status": 418, "body": "text"}]
        armed = control.post("/__admin/faults", json={"fault": sequence, "on": "upload"}).json()
        assert (armed["fault"], armed["remaining"]) == (["server_error", "http_error"], 2)
        assert [500, 418, 200] == [upload(served).status_code for _ in range(3)]

    def test_the_openai_client_retries_a_429_armed_over_http(
        self, served: FilesMock, control: httpx.Client
    ) -> None:
        """Its caller sees no error; the mock has both calls."""
        control.post("/__admin/faults", json={"fault": "rate_limited", "on": "upload"})
        with openai.OpenAI(base_url=served.base_url, api_key=served.api_key) as client:
            client.files.create(file=("a.txt", b"hello"), purpose="assistants")
        assert [429, 200] == [call.status for call in served.calls]

    def test_one_is_disarmed_by_its_id(self, served: FilesMock, control: httpx.Client) -> None:
        """Ids count from 1 in the order of arming; the other fault stays armed."""
        for name in ("server_error", "timeout"):
            control.post("/__admin/faults", json={"fault": name})
        answer = control.delete("/__admin/faults/1")
        assert answer.json() == {"id": "1", "object": "fault", "deleted": True}
        assert ["timeout"] == [armed.name for armed in served.armed]
        served.reset()  # or leaving complains that it never fired

    def test_an_unknown_id_is_404(self, control: httpx.Client) -> None:
        """The message quotes the id that was asked for."""
        assert "'7'" in message(control.delete("/__admin/faults/7"), 404)

    def test_all_are_disarmed_at_once(self, served: FilesMock, control: httpx.Client) -> None:
        """The answer says how many there were."""
        for name in ("server_error", "timeout"):
            control.post("/__admin/faults", json={"fault": name})
        assert control.delete("/__admin/faults").json() == {"deleted": 2}
        assert served.armed == []

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ({}, "'fault' is missing"),
            ({"fault": "htp_error"}, "Did you mean 'http_error'?"),
            ({"fault": 503}, "Unknown fault 503"),
            ({"fault": []}, "'fault' must name at least one fault"),
            ({"fault": [[]]}, "Unknown fault []"),
            ({"fault": ["timeout", {"fault": "dealy"}]}, "Did you mean 'delay'?"),
            ({"fault": {"status": 503}}, "Unknown fault None"),
            ({"fault": "http_error"}, "missing a required argument: 'status'"),
            ({"fault": "http_error", "status": 200}, "status must be 400 to 599"),
            ({"fault": "http_error", "status": "503"}, "status must be 400 to 599"),
            ({"fault": "http_error", "staus": 503}, "Did you mean 'status'?"),
            ({"fault": "http_error", "status": 500, "body": "htlm"}, "Did you mean 'html'?"),
            ({"fault": "http_error", "status": 500, "message": "\ud800"}, "cannot be sent"),
            ({"fault": "http_error", "status": 500, "headers": {"X-A": "€"}}, "Latin-1 characters"),
            ({"fault": "timeout", "tmies": 2}, "Did you mean 'times'?"),
            ({"fault": ["timeout"], "status": 503}, "Unknown word beside a sequence 'status'"),
            ({"fault": "timeout", "on": "uplaod"}, "Did you mean 'upload'?"),
            ({"fault": "timeout", "on": 5}, "Unknown operation 5"),
            ({"fault": "timeout", "on": []}, "at least one operation"),
            ({"fault": "timeout", "times": 0}, "times must be an integer"),
            ({"fault": "timeout", "probability": 2}, "probability must be"),
            ({"fault": "timeout", "phase": "befor"}, "Did you mean 'before'?"),
            ({"fault": "timeout", "optional": "no"}, "optional must be True or False"),
            ({"fault": "timeout", "purpose": 5}, "purpose must be a non-empty string"),
            ({"fault": "timeout", "on": "upload", "file_id": "1"}, "can never match"),
            ({"fault": "malformed_json", "on": "download"}, "Use corrupted()"),
            ({"fault": "connection_refused"}, "works in process only"),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_nothing_is_armed(
        self, served: FilesMock, control: httpx.Client, words: dict[str, Any], said: str
    ) -> None:
        """A misspelt fault would never fire, and the test would pass without it."""
        answer = control.post("/__admin/faults", content=json.dumps(words))
        assert said in message(answer)
        assert served.armed == []

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
    def test_what_is_no_json_object_is_refused(self, control: httpx.Client, body: bytes) -> None:
        """For thousands of nested lists, Python's parser raises `RecursionError`: a refusal too."""
        assert "JSON" in message(control.post("/__admin/faults", content=body))


class TestBounds:
    """A page that polls must not stop the mock, whatever is in it."""

    @pytest.mark.parametrize("route", ["files", "faults", "stubs"])
    def test_a_list_shows_a_thousand_and_says_how_many_there_are(
        self, served: FilesMock, control: httpx.Client, route: str
    ) -> None:
        """`limit` asks for up to 10,000; longer lists would keep the mock busy at each poll."""
        for number in range(1_200):
            served.add_file("a.txt")
            served.inject(faults.server_error(), on="delete", optional=True)
            served.stub("GET", f"/models/{number}", json={})
        answer = control.get(f"/__admin/{route}")
        assert ("1200", 1_000) == (answer.headers["X-Total-Count"], len(answer.json()["data"]))
        whole = control.get(f"/__admin/{route}", params={"limit": 10_000})
        assert 1_200 == len(whole.json()["data"])
        assert 400 == control.get(f"/__admin/{route}", params={"limit": 10_001}).status_code

    def test_an_endless_name_is_refused_in_a_few_words(self, control: httpx.Client) -> None:
        """The message quotes only the beginning of a long value."""
        answer = control.post("/__admin/faults", json={"fault": "x" * 60_000})
        assert 400 == answer.status_code
        assert 1_000 > len(answer.json()["detail"])


class TestRoutes:
    @pytest.mark.parametrize(
        "path", ["/__admin/fautls", "/__admin/faults/1/2", "/__adminish", "/__admin//health"]
    )
    def test_an_unknown_path_is_404_and_names_the_nearest(
        self, control: httpx.Client, path: str
    ) -> None:
        """Two slashes aren't merged into one, and a path that only begins like ours is unknown."""
        assert "There is no route" in message(control.get(path), 404)

    def test_a_misspelt_path_names_the_nearest(self, control: httpx.Client) -> None:
        """The message has the whole path, as it should have been sent."""
        answer = control.get("/__admin/fautls")
        assert "Did you mean '/__admin/faults'?" in message(answer, 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/__admin/faults", "DELETE, GET, HEAD, POST"),
            ("GET", "/__admin/reset", "POST"),
            ("POST", "/__admin/faults/1", "DELETE, GET, HEAD"),
            ("POST", "/openapi.json", "GET, HEAD"),
        ],
    )
    def test_another_method_is_405_and_says_which_are_allowed(
        self, control: httpx.Client, method: str, path: str, allowed: str
    ) -> None:
        """In the header `Allow`, which a 405 must have (RFC 9110, 15.5.6)."""
        answer = control.request(method, path)
        assert f"{method} is not allowed" in message(answer, 405)
        assert answer.headers["Allow"] == allowed

    def test_the_page_is_found_without_its_last_slash(self, control: httpx.Client) -> None:
        """By a 308; Werkzeug's own redirect would name an empty host."""
        answer = control.get("/__admin")
        assert (answer.status_code, answer.headers["Location"]) == (308, "/__admin/")

    @pytest.mark.parametrize(
        ("path", "content_type"),
        [
            ("/__admin/", "text/html; charset=utf-8"),
            ("/__admin/page.css", "text/css; charset=utf-8"),
            ("/__admin/page.js", "text/javascript; charset=utf-8"),
            ("/favicon.ico", "image/svg+xml"),
        ],
    )
    def test_the_files_of_the_page_say_what_they_are(
        self, control: httpx.Client, path: str, content_type: str
    ) -> None:
        """With `nosniff`, a browser ignores a script or a style sheet of another type."""
        answer = control.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
        assert answer.content

    @pytest.mark.parametrize("path", ["/v1/__admin/health", "/v1/openapi.json"])
    def test_nothing_of_it_is_under_v1(self, served: FilesMock, path: str) -> None:
        """Under that prefix there is only the API, which doesn't know these routes."""
        answer = httpx.get(
            f"{served.base_url.removesuffix('/v1')}{path}",
            headers={"Authorization": f"Bearer {served.api_key}"},
        )
        assert answer.json()["error"]["code"] == "route_not_found"
        served.reset()  # or leaving complains of the unknown route

    def test_the_wsgi_application_alone_has_none_of_it(self) -> None:
        """Under a server of the user's own there is only the API."""
        answer = WsgiClient(FilesMock(require_auth=False).wsgi_app).get("/__admin/health")
        assert answer.json["error"]["code"] == "route_not_found"

    def test_the_servers_fixture_has_it(self, eugpt_files_server: FilesMock) -> None:
        """It needs no token, as the fixture serves on a loopback address."""
        root = eugpt_files_server.base_url.removesuffix("/v1")
        assert httpx.get(f"{root}/__admin/health").status_code == 200
