"""The control routes are a WSGI application: what it is told of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from eugpt_files_mock.protocol.server_protocol import ReceivedRequest
from eugpt_files_mock.server import call_wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def told(request: ReceivedRequest, scheme: str = "http") -> WSGIEnvironment:
    seen: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(dict(environ))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"a", b"b"]

    reply = call_wsgi(validator(app), request, scheme)  # type: ignore[arg-type]
    assert (200, (("Content-Type", "text/plain"),), b"ab") == (
        reply.status,
        reply.headers,
        reply.body,
    )
    return seen[0]  # type: ignore[no-any-return]


def received(target: str, *headers: tuple[str, str], **words: Any) -> ReceivedRequest:
    return ReceivedRequest(method="POST", target=target, headers=headers, **words)


@pytest.mark.parametrize(
    ("host", "scheme", "name", "port"),
    [
        ("127.0.0.1:8080", "http", "127.0.0.1", "8080"),
        ("mock.example", "https", "mock.example", "443"),
        ("[::1]:8080", "http", "::1", "8080"),
        ("[::1", "http", "localhost", "80"),
        ("a:b", "http", "localhost", "80"),
        ("", "http", "localhost", "80"),
    ],
)
def test_the_servers_name_and_port_are_those_that_were_asked_for(
    host: str, scheme: str, name: str, port: str
) -> None:
    """When the `Host` can't be read, they are `localhost` and the port of the scheme."""
    environ = told(received("/__admin/x", ("Host", host)), scheme)
    shown = (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["wsgi.url_scheme"])
    assert (name, port, scheme) == shown


def test_path_query_and_headers_are_handed_on() -> None:
    """Of a header that comes twice both values, and none that passes for another one."""
    fields = [("X-Two", "a"), ("x-two", "b"), ("X_Two", "c"), ("Content-Type", "text/x")]
    environ = told(received("/__admin/%C3%A9?a=%20b", *fields, body=[b"12", b"3"]))
    shown = [environ[name] for name in ("PATH_INFO", "QUERY_STRING", "HTTP_X_TWO", "CONTENT_TYPE")]
    assert ["/__admin/Ã©", "a=%20b", "a, b", "text/x"] == shown
    assert "3" == environ["CONTENT_LENGTH"]


def test_a_body_that_broke_off_cannot_be_read() -> None:
    """Otherwise half a form could pass for a whole one."""
    environ = told(received("/__admin/x", is_complete=False))
    with pytest.raises(OSError, match="incomplete"):
        environ["wsgi.input"].read(1)
