"""A key is in no journal, log, error, repr or report, wherever a request says it by mistake.

The answer says what was sent, as any service would: only the sender reads it.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, faults
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Request
from eugpt_files_mock.options import Options

from ..conftest import WAYS, entered

KEY = "eugpt_do-not-tell_0123456789"
BEARER = {"Authorization": f"Bearer {KEY}"}

INDISCRETIONS: dict[str, dict[str, Any]] = {
    "as it should be": {"headers": BEARER},
    "in lower case": {"headers": {"Authorization": f"bearer {KEY}"}},
    "without a scheme": {"headers": {"Authorization": KEY}},
    "in another scheme": {"headers": {"Authorization": f"Token {KEY}"}},
    "twice": {"headers": [("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")]},
    "in a cookie": {"headers": {"Cookie": f"session={KEY}"}},
    "in a header of its own": {"headers": {"X-Api-Key": KEY}},
    "in another header": {"headers": {"X-Trace": f"key={KEY};", "User-Agent": KEY}},
    "in a wish": {"headers": BEARER | {"Prefer": f"code={KEY}"}},
    "in the type": {"headers": BEARER | {"Content-Type": f"text/{KEY}"}, "method": "POST"},
    "in the query": {"params": {"api_key": KEY}},
    "in the query, named": {"params": {KEY: "1"}, "headers": BEARER},
    "as the order": {"params": {"order": KEY}, "headers": BEARER},
    "as the place": {"params": {"after": KEY}, "headers": BEARER},
    "as the purpose": {"params": {"purpose": KEY}, "headers": BEARER},
    "as an id": {"path": f"/files/{KEY}", "headers": BEARER},
    "as an id, without more": {"path": f"/files/{KEY}"},
    "as an id, encoded": {"path": f"/files/%65{KEY[1:]}", "headers": BEARER},
    "as a path": {"path": f"/{KEY}", "headers": BEARER},
    "as a path, refused": {"path": f"/files/{KEY}/content", "method": "PUT", "headers": BEARER},
    "as a filename": {"files": {"file": (KEY, b"")}, "data": {"purpose": KEY}, "headers": BEARER},
    "as a part": {"files": {KEY: (KEY, b"", f"text/{KEY}")}, "headers": BEARER},
}


def _request(mock: FilesMock, indiscretion: dict[str, Any]) -> httpx.Response:
    words = {"path": "/files", "method": "POST" if "files" in indiscretion else "GET"}
    words |= indiscretion
    method, url = words.pop("method"), mock.base_url + words.pop("path")
    return httpx.request(method, url, verify=False, **words)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("indiscretion", INDISCRETIONS.values(), ids=INDISCRETIONS)
def test_a_key_is_not_repeated(
    way: str,
    indiscretion: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in a log, an error, a `repr` or a call, wherever the request has it."""
    caplog.set_level(logging.DEBUG)
    said: list[object] = []
    with pytest.raises(ExpectationNotMet) as leaving:
        _misbehave(way, indiscretion, said)
    ours = [record for record in caplog.records if not record.name.startswith(("http", "asyncio"))]
    said += [leaving.value, ours, capfd.readouterr()]

    assert KEY not in " ".join(f"{one!r} {one}" for one in said)


def _misbehave(way: str, indiscretion: dict[str, Any], said: list[object]) -> None:
    """Send it, and note all that can be seen of it."""
    with entered(way, api_keys={KEY: "alice"}) as mock:
        response = _request(mock, indiscretion)
        mock.inject(faults.server_error())
        said += [mock, mock._service.options, mock._service, mock.armed, *mock.calls]
        said += [call.headers for call in mock.calls]
        said += [call.headers.pairs for call in mock.calls]
        said += [response.headers.raw]
        with pytest.raises(ExpectationNotMet) as unmet:
            mock.assert_called("upload", filename="another", times=7)
        with pytest.raises(ExpectationNotMet) as unstored:
            mock.assert_uploaded("another")
        said += [unmet.value, unstored.value]


@pytest.mark.parametrize("is_known", [False, True])
def test_a_key_is_found_however_it_is_quoted(is_known: bool) -> None:
    """In JSON, in a text, and in a text in JSON: with quotes, backslashes and line breaks in it."""
    key = """eugpt_"it's\\s0\\n",":x"""
    with FilesMock(api_keys=[key] if is_known else None, assert_all_requests_known=False) as mock:
        mock.stub("POST", "/responses", json=1)
        headers = {"Authorization": f"Bearer {key}"}
        body = {"a": [key, {key: f"({key})"}], "é": None}
        httpx.post(f"{mock.base_url}/responses", json=body, headers=headers)
        httpx.get(f"{mock.base_url}/files/{quote(key, safe='')}", headers=headers)
        httpx.get(f"{mock.base_url}/{quote(key, safe='')}", headers=headers)
        asked, missed, _ = mock.calls
        outcomes = [record.outcome for record in mock._service.journal.records()]
        said = f"{mock.calls[:]} {mock.report()} {outcomes} {missed.message} {missed.path}"

    assert {"a": ["[redacted]", {"[redacted]": "([redacted])"}], "é": None} == asked.json
    assert "s0" not in said


def test_a_long_key_is_found_where_a_message_cuts_it(mock: FilesMock) -> None:
    """The beginning of a key isn't the whole key, and still must not be kept."""
    key = "eugpt_" + "0123456789" * 20
    httpx.get(f"{mock.base_url}/files/{key}", headers={"Authorization": f"Bearer {key}"})

    (record,) = mock._service.journal.records()
    assert "eugpt_0123" not in f"{record.call} {record.outcome}"


def test_a_field_whose_name_is_that_of_a_secret_is_not_kept(mock: FilesMock) -> None:
    """Whoever's key it is."""
    data = {"purpose": "batch", "token": "t0psecret", "api_key": "t0psecret", "author": "Ann"}
    httpx.post(f"{mock.base_url}/files", data=data, files={"file": ("a", b"")}, headers=BEARER)

    call = mock.calls.last
    assert {"token": "[redacted]", "api_key": "[redacted]", "author": "Ann"} == call.fields


@pytest.mark.parametrize(
    "keys", [KEY, KEY.encode(), [f"{KEY} "], [KEY.encode()], [[KEY]], {KEY: 1}, {f"{KEY}\n": "a"}]
)
def test_an_error_about_the_keys_does_not_say_them(keys: Any) -> None:
    """Errors about other options quote what was given."""
    with pytest.raises(OptionError) as refused:
        FilesMock(api_keys=keys)

    assert KEY not in f"{refused.value!r} {refused.value} {refused.value.word!r}"


def test_what_a_debugger_shows_has_no_keys() -> None:
    """A debugger, like a traceback of pytest, shows the `repr` of our objects."""
    request = Request(
        method="GET",
        path="/v1/files",
        resource="/files",
        query="",
        headers=Headers([("Authorization", f"Bearer {KEY}"), ("Accept", "*/*")]),
        body=KEY.encode(),
        client="httpx",
    )

    assert "*/*" in repr(request)
    assert KEY not in repr(request)
    assert KEY not in repr(Options.of({"api_keys": [KEY]}))
    service = FilesMock(api_keys=["eugpt_first", KEY], isolate_by_key=True)._service
    assert KEY not in repr(service) + repr(service.tenant(KEY)) + repr(service)


def test_the_report_of_a_failed_test_does_not_say_the_key(pytester: pytest.Pytester) -> None:
    """With `--showlocals` pytest prints the mock too, beside the message of the assertion."""
    pytester.makepyfile(
        """
        import httpx, os

        def test_that_fails(eugpt_files):
            key = os.environ["EUGPT_API_KEY"] = "".join(["eugpt", "_do-not-", "tell"])
            headers = {"Authorization": f"Bearer {key}"}
            httpx.get(f"{eugpt_files.base_url}/files/{key}?{key}={key}", headers=headers)
            httpx.get(f"{eugpt_files.base_url}/{key}", headers=headers)
            del key, headers
            eugpt_files.assert_called("upload")
        """
    )

    result = pytester.runpytest_subprocess("--showlocals", "-p", "no:logging")

    result.assert_outcomes(failed=1)
    assert "/v1/files/[redacted]" in result.stdout.str()
    assert "eugpt_do-not-tell" not in result.stdout.str()


NAMES_LIKE_KEYS = (f"{KEY}_plan.pdf", f"{KEY}.pdf", f"my-{KEY}", "eugpt_notes.txt")


@pytest.mark.parametrize("name", NAMES_LIKE_KEYS)
def test_a_name_that_is_more_than_the_key_is_kept_as_sent(name: str) -> None:
    """Tests look for calls by filename and purpose, so these are redacted only as a whole."""
    with FilesMock(api_keys=[KEY]) as mock:
        files, purpose = {"file": (name, b"", f"text/{name}")}, {"purpose": name}
        httpx.post(f"{mock.base_url}/files", headers=BEARER, files=files, data=purpose)

        mock.assert_uploaded(name, purpose=name)
        assert f"text/{name}" == mock.calls.last.content_type


@pytest.mark.parametrize("file_id", NAMES_LIKE_KEYS)
def test_an_id_that_is_more_than_the_key_is_kept_as_sent(mock: FilesMock, file_id: str) -> None:
    """What a request presents may be any word: only where it stands alone is it the key."""
    mock.add_file("a.txt", id=file_id)
    url = f"{mock.base_url}/files/{file_id}"
    httpx.get(url, params={"a": file_id}, headers=BEARER | {"X-Trace": file_id})

    call = mock.calls.last
    assert (file_id, f"/v1/files/{file_id}", {"a": file_id}, file_id) == (
        call.file_id,
        call.path,
        call.query,
        call.headers["X-Trace"],
    )


@pytest.mark.parametrize("file_id", ["eugpt_nope", KEY])
def test_the_answer_says_what_was_sent(mock: FilesMock, file_id: str) -> None:
    """Even if that is the key: only its sender reads the answer."""
    answer = httpx.get(f"{mock.base_url}/files/{file_id}", headers=BEARER)

    assert f"There is no file '{file_id}'." == answer.json()["detail"]


def test_a_scheme_is_no_key(mock: FilesMock) -> None:
    """`Bearer` stands before each of two keys, and stays readable elsewhere."""
    headers = [("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")]
    httpx.get(f"{mock.base_url}/files", headers=headers, params={"purpose": "Bearer"})

    assert ("Bearer", {"purpose": "Bearer"}) == (mock.calls.last.purpose, mock.calls.last.query)


def test_a_short_key_is_not_looked_for_in_every_word() -> None:
    """The key is `e`, which is in `/files` too: a path must stay readable."""
    with FilesMock(api_keys=["e"]) as mock:
        httpx.get(f"{mock.base_url}/files", headers={"Authorization": "Bearer e"})

        assert (mock.calls.last.path, mock.calls.last.status) == ("/v1/files", 200)
