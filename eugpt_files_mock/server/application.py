"""What a served mock answers: the API, the control routes and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import quoted
from ..model.messages import Headers, Outcome, Request
from ..model.sender import Sender
from ..protocol.received import ReceivedRequest, UnreadableRequest
from ..service.handle import handle
from ..service.refusals import CHALLENGE, Refusal
from ..service.rejections import reject, reject_unreadable
from ..service.service import Service
from .gateway import call_wsgi
from .host_names import HostNames

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PREFIX = "/v1"
"""Where the API is on a port; the intercepted base URLs don't matter there."""

CLIENT = "wsgi"
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
            return reject_unreadable(
                self._service,
                status=request.status,
                message=request.message,
                method=request.method,
                client=CLIENT,
            )
        # Before the Host is looked at: /__admin has stricter checks of its own (admin/access).
        if request.path.startswith(_BESIDE):
            return call_wsgi(self._control, request, self._scheme)
        refusal = self._refusal(request)
        if refusal is not None:
            return reject(self._service, refusal)
        if request.path == "/":
            return call_wsgi(self._control, request, self._scheme)
        return handle(self._service, _api_request(request, self._scheme))

    def note_wait(self, outcome: Outcome, is_gone: bool | None) -> None:  # noqa: FBT001 - three states
        """Keep that a client waits for an outcome, or has given up, for the page."""
        # The outcome doesn't say which tenant it came from; the others don't know its request.
        for tenant in self._service.all_tenants():
            tenant.journal.note_wait(outcome.request_id, is_gone=is_gone)

    def _refusal(self, request: ReceivedRequest) -> Refusal | None:
        """What is answered to a web page that isn't part of the test. It isn't in the journal."""
        if self._hosts.is_loopback and not self._hosts.know(request.host):
            message = (
                f"The Host {quoted(request.host)} isn't this server's. "
                "To let it in: serve(allow_hosts=[...]), or --allow-host."
            )
            return Refusal("misdirected_request", {"message": message})
        headers = {name.lower(): value for name, value in request.headers}
        origin = headers.get("origin")
        # A browser lets any page send a simple request, but not with a key: that is asked for first
        # (CORS), and here never granted.
        is_foreign = origin is not None and origin.partition("://")[2] != request.host
        if is_foreign and self._service.access.required and "authorization" not in headers:
            message = f"A page of another origin, {quoted(origin or '')}, sent no key."
            return Refusal("missing_api_key", {"message": message}, (CHALLENGE,))
        return None


def _api_request(request: ReceivedRequest, scheme: str) -> Request:
    path = unquote(request.path)
    return Request(
        method=request.method,
        path=path,
        resource=path[len(PREFIX) :] if path.startswith(PREFIX + "/") else None,
        query=request.query,
        headers=Headers(request.headers),
        body=request.body,
        client=CLIENT,
        sender=None if request.line is None else Sender(request.line, scheme),
        is_complete=not request.is_broken_off,
    )
