"""What is answered: on a port the API, the control routes and the page; the API alone over WSGI."""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request as WsgiRequest

from ..errors import FaultUnavailable, OptionError, quoted
from ..model.headers import Headers
from ..model.messages import (
    NOT_CONNECTED,
    Outcome,
    PortConnection,
    Reply,
    Request,
    Sender,
    Severed,
    WaitState,
)
from ..protocol import reason_phrase
from ..protocol.server_protocol import ReceivedRequest, UnreadableRequest
from ..service import Service
from ..service.fault_effects import bytes_until_reset
from ..service.handle import handle, refuse_unkept, refuse_unreadable
from ..service.refusals import Refusal
from ..verdict.pauses import is_sleeping_replaced

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/v1"
"""Where the API is on a port; the intercepted base URLs don't matter there."""

CLIENT = "port"
"""The client of calls that came over a port: which library sent them isn't known."""

_BESIDE = ("/__admin", "/openapi.json", "/favicon.ico")
"""Left to the control routes; the last is asked for by browsers, not by the code under test."""


class ServedMock:
    """One fake service on a port.

    The API is answered without WSGI in between, which would cost as much as the answer; the
    control routes are a WSGI application.
    """

    def __init__(
        self, service: Service, control: WSGIApplication, hosts: HostNames, scheme: str
    ) -> None:
        self._service = service
        self._control = control
        self._hosts = hosts
        self._scheme = scheme

    def __call__(self, request: ReceivedRequest | UnreadableRequest) -> Outcome:
        if isinstance(request, UnreadableRequest):
            return refuse_unreadable(
                self._service,
                status=request.status,
                message=request.message,
                method=request.method,
                client=CLIENT,
            )
        # Before the Host is looked at: /__admin has stricter checks of its own (`AdminAccess`).
        if request.path.startswith(_BESIDE):
            return call_wsgi(self._control, request, self._scheme)
        refusal = self._refusal(request)
        if refusal is not None:
            return refuse_unkept(self._service, refusal)
        if request.path == "/":
            return call_wsgi(self._control, request, self._scheme)
        return handle(self._service, _api_request(request, self._scheme))

    def note_wait(self, outcome: Outcome, state: WaitState) -> None:
        """See `Service.note_wait`."""
        self._service.note_wait(outcome, state)

    def bytes_until_reset(self, request: ReceivedRequest) -> int | None:
        """After how many bytes of its body a fault resets a request, whose head has come."""
        if request.path.startswith(_BESIDE) or self._refusal(request) is not None:
            return None
        return bytes_until_reset(self._service, _api_request(request, self._scheme))

    def _refusal(self, request: ReceivedRequest) -> Refusal | None:
        """What is answered to a web page that isn't part of the test. It isn't in the journal."""
        # A client without a Host, over HTTP/1.0, is no browser.
        host = request.host
        if host and self._hosts.is_loopback and not self._hosts.knows(host):
            message = (
                f"The Host {quoted(host)} isn't this server's. "
                "To let it in: serve(allow_hosts=[...]), or --allow-host."
            )
            return Refusal("misdirected_request", {"message": message})
        return _foreign(request)


def _foreign(request: ReceivedRequest) -> Refusal | None:
    """Why a request is refused that a browser sends for a page of another site, or None."""
    headers = request.fields.by_name
    origin = headers.get("origin")
    if headers.get("sec-fetch-site") == "cross-site":
        whose = "A page of another site"
    elif origin is not None and origin.partition("://")[2] != request.host:
        whose = f"A page of another origin, {quoted(origin)},"
    else:
        return None
    return Refusal("foreign_request", {"message": f"{whose} can't use this mock."})


def _api_request(request: ReceivedRequest, scheme: str) -> Request:
    path = unquote(request.path)
    return Request(
        method=request.method,
        path=path,
        resource=_below_prefix(path),
        query=request.query,
        headers=request.fields,
        body=request.body,
        client=CLIENT,
        sender=_sender(request.connection, scheme),
        is_complete=not request.is_broken_off,
    )


def _below_prefix(path: str) -> str | None:
    return path[len(PREFIX) :] if path.startswith(PREFIX + "/") else None


def _sender(connection: PortConnection | None, scheme: str) -> Sender | None:
    # The client may be in this process, and its test have replaced what sleeps.
    if connection is None:
        return None
    return Sender(connection, scheme, is_sleeping_replaced=is_sleeping_replaced())


def call_wsgi(app: WSGIApplication, request: ReceivedRequest, scheme: str) -> Reply:
    """The whole answer of the application; `scheme` is that of the port."""
    pieces, status, headers = run_wsgi_app(app, _environ(request, scheme), buffered=True)
    return Reply(status=int(status[:3]), headers=tuple(headers), body=b"".join(pieces))


class _BrokenBody(io.RawIOBase):
    """A body that did not come as a whole."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise OSError("The body of the request is incomplete.")


def _environ(request: ReceivedRequest, scheme: str) -> WSGIEnvironment:
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    name, port = _name_and_port(request.host)
    return EnvironBuilder(
        request.path,
        query_string=request.query,
        method=request.method,
        input_stream=io.BytesIO(body),
        # A name with an underscore would pass for another one with a hyphen.
        headers=[(name, value) for name, value in request.headers if "_" not in name],
        multithread=True,
        environ_overrides={
            "SERVER_NAME": name,
            "SERVER_PORT": port or {"http": "80", "https": "443"}[scheme],
            "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
            "wsgi.url_scheme": scheme,
            # Otherwise werkzeug reads no body without a Content-Length, as chunked ones are.
            "wsgi.input_terminated": True,
            **({} if request.is_complete else {"wsgi.input": _BrokenBody()}),
        },
    ).get_environ()


def _name_and_port(host: str) -> tuple[str, str]:
    """Name and port of a `Host`; of what isn't one, those of loopback."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname or "localhost", str(parts.port or "")
    except ValueError:
        return "localhost", ""


_ASCII = "".join(map(chr, range(128)))


class WsgiApp:
    """The API as a WSGI application, for any server and any test client.

    A fault that ends the connection needs the socket, which WSGI doesn't give: it is an error that
    says so. `serve()` has no such limit.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        outcome = handle(self._service, _wsgi_request(environ))
        if isinstance(outcome, Severed):
            raise FaultUnavailable(
                f"A connection cannot be {_ENDINGS[outcome.kind]} by this WSGI server.\n"
                "To fix it: use FilesMock().serve(), or the mock in process; or take a fault that "
                "is an answer, such as server_error()."
            )
        status = f"{outcome.status} {reason_phrase(outcome.status)}"
        start_response(status, list(outcome.headers))
        return _pieces(outcome)


_ENDINGS = {
    **dict.fromkeys(NOT_CONNECTED, "refused"),
    "reset": "reset",
    "empty": "closed without an answer",
    "garbage": "filled with garbage",
    "timeout": "left hanging",
}


def _wsgi_request(environ: WSGIEnvironment) -> Request:
    request = WsgiRequest(environ)
    # As sent, and decoded as on a port; werkzeug's `path` has one slash at its beginning.
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    body = _wsgi_body(request)
    return Request(
        method=request.method,
        path=path,
        resource=_below_prefix(path),
        # Bytes beyond ASCII are sent by some clients as they were typed, here decoded as Latin-1.
        query=quote(environ.get("QUERY_STRING", ""), safe=_ASCII, encoding="latin-1"),
        headers=Headers(request.headers.items()),
        body=body or b"",
        client="wsgi",
        is_complete=body is not None,
    )


def _wsgi_body(request: WsgiRequest) -> bytes | None:
    """The body; None if its client has gone before the end."""
    try:
        return request.get_data(cache=False)
    except (ClientDisconnected, ConnectionError):
        return None
    # Such as invalid chunks, whose client waits for an answer: no part of them is stored.
    except (HTTPException, OSError, ValueError):
        return b""


def _pieces(reply: Reply) -> Iterator[bytes]:
    """The server notices by itself that a truncated body is shorter than announced."""
    for step in reply.delivery.steps(b"", reply.body):
        if isinstance(step, float):
            # time.sleep() raises OverflowError beyond that.
            time.sleep(min(step, TIMEOUT_MAX))
        else:
            yield bytes(step)


_LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared


class HostNames:
    """Under which names a server may be asked: the address that it binds, those of loopback, and
    `allowed` ones.

    A web page can let its own name point to this address (DNS rebinding). It could then read, in
    the browser of whoever opened it, what the mock answers. Only the `Host` shows that.

    `is_loopback` says whether only this machine reaches it.
    """

    def __init__(self, bound: str, allowed: Collection[str]) -> None:
        if not isinstance(bound, str) or not bound:
            raise OptionError(
                "host must be a name or an address, such as '127.0.0.1', or '0.0.0.0' for all of "
                f"this machine; got {quoted(bound)}.",
                word=bound,
            )
        self.is_loopback = is_loopback(bound)
        self._takes_any_address = bound in _WILDCARDS
        self._names = _LOOPBACK_NAMES | {bound.lower(), *_checked(allowed)}

    def knows(self, host: str) -> bool:
        """Whether the value of a `Host` header is a name of this server's; its port is ignored."""
        name = _name(host)
        # On a wildcard address any number may lead here; only a name can be rebound.
        return name in self._names or (self._takes_any_address and _ip_address(name) is not None)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; for a name, all of its addresses."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        # Binding it will say what is wrong.
        return False
    return all(_is_loopback_address(str(address[0])) for *_, address in found)


def _is_loopback_address(text: str) -> bool:
    # `::ffff:127.0.0.1` is 127.0.0.1, which older Pythons don't see.
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


_HOST_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
"""What clients send in `Host`: names in other scripts are turned into ASCII before."""


def _checked(allowed: Iterable[str]) -> Iterable[str]:
    # A string can be iterated too: each of its letters would be a name.
    if isinstance(allowed, str):
        raise OptionError(f"allow_hosts must be several names, not {allowed!r}.", word=allowed)
    for name in allowed:
        if not isinstance(name, str) or not _HOST_NAME.fullmatch(name):
            raise OptionError(
                f"allow_hosts: {quoted(name)} isn't a host name, such as 'mock' or 'mock.example': "
                "it has no port, no scheme and no asterisk.",
                word=name,
            )
        yield name.lower()


def _name(host: str) -> str:
    # urlsplit knows ports and the brackets of IPv6.
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _ip_address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
