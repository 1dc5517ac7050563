"""The public API as a type checker sees it: checked by mypy, never run (tests/test_typing.py)."""

from collections.abc import Iterator
from typing import Any

from typing_extensions import assert_type

from eugpt_files_mock import (
    ArmedFault,
    Call,
    ExpectationNotMet,
    File,
    FilesMock,
    OptionError,
    Stub,
    Verdict,
    after_polls,
    after_seconds,
    fails,
    faults,
)


def a_mock() -> FilesMock:
    return FilesMock(
        base_url=["https://a.example/v1", "https://b.example/v1"],
        api_keys={"eugpt_a": "alice"},
        require_auth=False,
        processing=after_polls(2),
        pagination="ignored",
        unknown_fields=True,
        max_file_bytes=1,
        max_total_bytes=None,
        rate_limit=(10, 60),
        passthrough=("/v1/responses",),
        seed=7,
        clock=lambda: 1.5,
        max_calls=5,
        assert_all_faults_fired=False,
        assert_all_requests_known=False,
    )


def options_are_checked() -> None:
    FilesMock(processing=after_seconds(1))
    FilesMock(processing=fails("reason"))
    FilesMock(processing="immediate")
    FilesMock(processing="later")  # type: ignore[arg-type]
    FilesMock(pagination="ignore")  # type: ignore[arg-type]
    FilesMock(no_such_option=1)  # type: ignore[call-arg]
    FilesMock("positional")  # type: ignore[arg-type]


def ways_in(mock: FilesMock) -> None:
    with mock as entered:
        assert_type(entered, FilesMock)
    with mock.serve(host="127.0.0.1", port=0, ssl_context=None) as served:
        assert_type(served, FilesMock)
    assert_type(mock.start(), FilesMock)
    assert_type(mock.serve().start(), FilesMock)
    assert_type(mock.base_url, str)
    assert_type(mock.api_key, str)


def files(mock: FilesMock) -> Iterator[File]:
    file = mock.add_file("a.txt", b"a", purpose="batch", id="x", created_at=1, status="error")
    assert_type(file, File)
    assert_type(file.bytes, int)
    assert_type(file.content, bytes)
    assert_type(file.user, str | None)
    assert_type(mock.files["x"], File)
    assert_type(len(mock.files), int)
    assert_type("x" in mock.files, bool)
    file.filename = "b"  # type: ignore[misc]
    yield from mock.files


def armed(mock: FilesMock) -> None:
    one = mock.inject(faults.rate_limited(), on="upload", times=None, phase="after")
    assert_type(one, ArmedFault)
    assert_type(one.id, str)
    assert_type(one.hits, int)
    assert_type(one.remaining, int | None)
    one.cancel()
    mock.inject([faults.timeout(), faults.http_error(500, body=b"x")], on=("list", "delete"))
    mock.inject(faults.garbage(), phase="between")  # type: ignore[arg-type]
    mock.inject("503")  # type: ignore[arg-type]
    mock.inject(faults.timeout(), on="uplod")  # type: ignore[arg-type]
    mock.inject(faults.timeout(), count=2)  # type: ignore[arg-type]
    stub = mock.stub("GET", "/conversations/{id}", json={})
    assert_type(stub, Stub)
    mock.inject(faults.timeout(), on=[stub.operation, "POST /responses", "*"])
    faults.http_error(500, body="envelop")  # type: ignore[arg-type]
    assert_type(mock.armed, list[ArmedFault])


def calls(mock: FilesMock) -> None:
    assert_type(mock.calls[0], Call)
    assert_type(mock.calls.last, Call)
    for call in mock.calls.to("upload"):
        assert_type(call, Call)
        assert_type(call.status, int | None)
        assert_type(call.headers["x"], str)
        assert_type(call.query["x"], str)
        assert_type(call.sha256, str | None)
    mock.assert_called("upload", 2, filename="a")
    mock.assert_not_called("delete")
    mock.assert_uploaded("a", purpose="batch", content=b"a")


def sweep(mock: FilesMock) -> None:
    made = mock.sweep(expect=ValueError, failures=["busy"], allow=["upload */lost"], only=None)
    for case in made:
        with case:
            case.result = 1
        assert_type(case.call, str | None)
        assert_type(case.failure, str | None)
        assert_type(case.outcome, str)
        assert_type(case.why, tuple[str, ...])
        assert_type(case.error, BaseException | None)
        assert_type(case.verdict, Verdict | None)
    assert_type(made.ok, bool)
    mock.sweep(failures={"slow": faults.delay(30), "gone": lambda operation: None})
    mock.sweep(expect="ValueError")  # type: ignore[arg-type]


def errors(error: OptionError, unmet: ExpectationNotMet) -> None:
    assert_type(error.nearest, str | None)
    value: ValueError = error
    assertion: AssertionError = unmet
    assert value
    assert assertion


def wsgi(mock: FilesMock, environ: dict[str, Any]) -> None:
    mock.wsgi_app(environ, lambda *_: lambda _: None)
