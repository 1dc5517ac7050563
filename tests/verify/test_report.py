"""What is said of a service that no profile imitates."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from werkzeug import Response
from werkzeug.serving import make_server

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.profile import as_profile
from eugpt_files_mock.verify import Report, verify
from eugpt_files_mock.verify.endpoint import Endpoint, Received, ServiceFailed
from eugpt_files_mock.verify.scenarios import refusal


@contextmanager
def altered(**members: Any) -> Iterator[str]:
    """A service on a port whose uploads answer with other members: its base URL."""
    mock = FilesMock(assert_all_requests_known=False)

    def app(environ: Any, start_response: Any) -> Any:
        response = Response.from_app(mock.wsgi_app, environ)
        if environ["REQUEST_METHOD"] == "POST" and response.status_code == 200:
            response.set_data(json.dumps({**response.get_json(), **members}))
        return response(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def report(base_url: str, *only: str) -> Report:
    endpoint = Endpoint(base_url, "eugpt_a", 30)
    return verify(endpoint, as_profile("profile", "eugpt"), "eugpt", only, lambda *_: None)


def row(of: Report, behaviour: str) -> tuple[str, Any]:
    return next((one.verdict, one.seen) for one in of.rows if one.behaviour == behaviour)


def test_a_wrong_length_is_reported_and_not_saved(tmp_path: Path) -> None:
    """No profile can say another length, so the saved one leaves it out."""
    with altered(bytes=40) as base_url:
        found = report(base_url, "file")
    assert ("wrong", 40) == row(found, "file.bytes")
    assert ["file.bytes"] == found.save(tmp_path / "saved.json")
    saved = json.loads((tmp_path / "saved.json").read_text())
    assert {"profile": "eugpt", "values": {}} == saved


def test_an_unknown_status_is_reported_and_not_saved(tmp_path: Path) -> None:
    """The mock has no status `pending`; the saved file has the permissions of the umask."""
    with altered(status="pending") as base_url:
        found = report(base_url, "upload")
    assert ("broken", "pending") == row(found, "upload.file_status")
    mask = os.umask(0o027)
    try:
        assert ["upload.file_status"] == found.save(tmp_path / "saved.json")
    finally:
        os.umask(mask)
    assert [0o640] == [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()]


def test_a_member_that_nobody_knows_is_followed_as_null(tmp_path: Path) -> None:
    """A mock with the saved profile has the member in its place, but no value for it."""
    with altered(etag="7") as base_url:
        found = report(base_url, "file")
    found.save(tmp_path / "saved.json")
    with FilesMock(profile=tmp_path / "saved.json") as mock:
        form = {"files": {"file": ("a.txt", b"a")}, "data": {"purpose": "batch"}}
        headers = {"Authorization": f"Bearer {mock.api_key}"}
        file = httpx.post(f"{mock.base_url}/files", headers=headers, **form).json()
    assert (list(file)[-1], file["etag"]) == ("etag", None)


def test_an_answer_of_another_form_is_reported_and_the_others_go_on() -> None:
    """A `created_at` that is an object says nothing of lists and deletes, which are still tried."""
    with altered(created_at={"now": True}) as base_url:
        found = report(base_url, "file", "list", "delete")
    assert "holds" == row(found, "delete.members")[0]
    assert "holds" == row(found, "list.members")[0]


def test_an_error_that_says_it_is_json_and_is_not_is_a_failure_of_the_service() -> None:
    """It is neither a row of a profile, nor a mistake of ours."""
    answer = Received(401, httpx.Headers({"content-type": "application/json"}), b"<html>")
    with pytest.raises(ServiceFailed, match="isn't JSON"):
        refusal(answer, {}, None)
