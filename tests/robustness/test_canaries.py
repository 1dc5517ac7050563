"""A secret stands in each place where one can stand, and in no output of ours."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from eugpt_files_mock import Answer, ExpectationNotMet, FilesMock, OptionError, faults
from eugpt_files_mock.cli.main import main
from eugpt_files_mock.cli.serve import LINES, Log

CANARY = "c4n4ry-in-a-coal-mine"
JWT = f"eyJ{CANARY}." + "a" * 5_000

Send = Callable[[FilesMock, str], object]


def asked(path: str = "/chat", method: str = "POST", **words: Any) -> Send:
    """A request with the secret in it."""

    def send(mock: FilesMock, root: str) -> None:
        headers = {"Authorization": f"Bearer {mock.api_key}", **words.get("headers", {})}
        httpx.request(method, f"{root}/v1{path}", **{**words, "headers": headers})

    return send


def answered(**answer: Any) -> Send:
    """An answer of a stub with the secret in it."""

    def send(mock: FilesMock, root: str) -> None:
        mock.stub("POST", "/secret", reply=lambda _: Answer(**answer))
        asked("/secret")(mock, root)

    return send


def failed(**error: Any) -> Send:
    """An answer of a fault with the secret in it."""

    def send(mock: FilesMock, root: str) -> None:
        mock.inject(faults.http_error(503, **error), on="list")
        asked("/files", "GET")(mock, root)
        for armed in mock.armed:
            armed.cancel()
        mock._service.armed.clear()  # what the author has armed is shown as it was armed

    return send


BASIC = base64.b64encode(f"me:{CANARY}".encode()).decode()

PLACES: dict[str, Send] = {
    "a header": asked(headers={"Ocp-Apim-Subscription-Key": CANARY}),
    "a signature": asked(headers={"X-Hub-Signature": CANARY}),
    "a cookie": asked(headers={"Cookie": f"a={CANARY}"}),
    "a parameter": asked(
        "/files?" + "&".join(f"{n}={CANARY}" for n in ("sig", "accessKey")), "GET"
    ),
    "a field": asked(
        "/files", files={"file": ("a", b"")}, data={"purpose": "p", "client_secret": CANARY}
    ),
    "a member": asked(json={"password": CANARY}),
    "a member, deep": asked(
        json={"a": [{"b": {"apiKey": CANARY, "credentials": [{"x": CANARY}]}}]}
    ),
    "a member, escaped": asked(content=b'{"pass\\u0077ord": "%b"}' % CANARY.encode()),
    "a member, as a number": asked(json={"otp": 40440440404}),
    "the key, in the path": asked(
        f"/files/{JWT}", "GET", headers={"Authorization": f"Bearer {JWT}"}
    ),
    "the key, in a header": asked(
        headers={"Authorization": f"Bearer {JWT}", "X-Trace": f"{'x' * 1_000} {JWT}"}
    ),
    "a password, in a header": asked(headers={"Authorization": f"Basic {BASIC}"}),
    "a password, elsewhere": asked(
        f"/files/{CANARY}", "GET", headers={"Authorization": f"Basic {BASIC}"}
    ),
    "an answer": answered(json={"token": CANARY, "data": [{"refreshToken": CANARY}]}),
    "an answer, long": answered(json={"text": "x" * 9_000, "token": CANARY, "more": "x" * 70_000}),
    "an answer, cut in the secret": answered(json={"text": "x" * 8_170, "secret": CANARY}),
    "an answer in events": answered(events=[{"delta": "a"}, {"session": {"auth": CANARY}}]),
    "an answer's cookie": answered(json={}, headers={"Set-Cookie": f"sid={CANARY}; Path=/"}),
    "a fault's body": failed(body={"error": {"access_token": CANARY}}),
    "a fault's header": failed(headers={"X-Api-Key": CANARY}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_in_no_output(
    place: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """In process and on a port: calls, reports, messages, the verdict, logs, control routes."""
    caplog.set_level(logging.DEBUG, "eugpt_files_mock")
    logs = [io.StringIO() for _ in LINES]
    said: list[object] = []
    with FilesMock(assert_all_requests_known=False).serve() as mock, mock:
        writers = [Log(line, stream) for line, stream in zip(LINES.values(), logs, strict=True)]
        mock._service.journal.on_record = lambda record: [one.write(record) for one in writers]
        mock.stub("POST", "/chat", json={})
        port = mock.base_url.removesuffix("/v1")
        for root in ("https://chat.eugpt.ai", port):
            PLACES[place](mock, root)
        for call in mock.calls:
            said += [call, call.headers.pairs, call.json, dict(call.query), dict(call.fields)]
        for record in mock._service.journal.records():
            said += [record.outcome]
        for check in (
            lambda: mock.assert_called("upload", times=7, filename="x"),
            lambda: mock.assert_uploaded("x"),
            lambda: mock.assert_deleted("x"),
            lambda: mock.wait_for("delete", timeout=0),
        ):
            with pytest.raises(ExpectationNotMet) as unmet:
                check()
            said += [unmet.value]
        said += [mock, mock.report(), mock.verdict(), mock.files, mock.calls]
        shown = [
            httpx.get(f"{port}/__admin/{path}").text for path in ("requests", "check", "verdict")
        ]
        ids = [one["request_id"] for one in json.loads(shown[0])["data"]]
        shown += [httpx.get(f"{port}/__admin/requests/{one}").text for one in ids]
        assert len(ids) >= 2
    said += [*shown, caplog.text, capfd.readouterr(), *(log.getvalue() for log in logs)]

    text = " ".join(f"{one!r} {one}" for one in said)
    assert [] == [part for part in (CANARY, CANARY[:12], "40440440404") if part in text]


@pytest.mark.parametrize(
    "url",
    [
        f"https://ci:{CANARY}@chat.eugpt.ai/v1",
        f"https://{CANARY}@chat.eugpt.ai/v1",
        f"https://ci:{CANARY}@chat.eugpt.ai:port/v1",
        f"https://ci:a/{CANARY}@chat.eugpt.ai/v1",
        f"https://ci:a?{CANARY}@chat.eugpt.ai/v1",
        f"https://ci:a@{CANARY}@chat.eugpt.ai/v1",
        f"ci:{CANARY}@chat.eugpt.ai/v1",
        f"https://[{CANARY}@chat.eugpt.ai/v1",
        f"https://chat.eugpt.ai/v1?sig={CANARY}",
    ],
)
def test_a_url_with_a_password_is_refused_and_not_repeated(
    url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an option, without the option's name, on the command line, in the environment."""
    said: list[object] = []
    for make in (lambda: FilesMock(base_url=url), lambda: FilesMock(url)):
        with pytest.raises(OptionError) as refused:
            make()
        said += [refused.value, refused.value.word]
    words = ["verify", "--api-key", "eugpt_a", "--only", "list", "--timeout", "1"]
    if "//ci" in url or f"//{CANARY}@" in url:
        assert 2 == main([*words, "--base-url", url])
        monkeypatch.setenv("EUGPT_BASE_URL", url)
        assert 2 == main(words)
    said.append(capfd.readouterr())

    assert CANARY not in " ".join(f"{one!r} {one}" for one in said)


def test_a_path_may_have_an_at_sign() -> None:
    """It is no user name there."""
    assert (
        "https://chat.eugpt.ai/@me/v1"
        == FilesMock(base_url="https://chat.eugpt.ai/@me/v1").base_url
    )


def test_what_is_redacted_can_be_asserted(mock: FilesMock) -> None:
    """Calls have no secret, so what an assertion expects is compared, and told, without it."""
    mock.stub("POST", "/login", json={})
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    body = {"user": "me", "password": CANARY}
    httpx.post(f"{mock.base_url}/login?sig={CANARY}&a=b", headers=headers, json=body)

    mock.assert_called("POST /login", json=body, query={"sig": CANARY, "a": "b"})
    with pytest.raises(ExpectationNotMet) as unmet:
        mock.assert_called("POST /login", json={**body, "user": "you"})
    assert CANARY not in str(unmet.value)
