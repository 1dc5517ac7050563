"""Requests that don't reach the spine: unreadable ones, and those that no code under test sent."""

from ..model.messages import Headers, Reply, Request
from .authentication import Identity
from .exchange import Exchange
from .operations.operation import RouteMatch
from .refusals import Refusal
from .replies import render_refusal
from .service import Service

UNREADABLE = {
    400: "bad_request",
    414: "uri_too_long",
    431: "headers_too_large",
    501: "not_implemented",
    505: "http_version_not_supported",
}
"""Status → code of what can't be framed as a request."""


def refuse_unkept(service: Service, refusal: Refusal) -> Reply:
    """Answer a request that isn't kept in the journal."""
    # Any web page that is open in a browser could have sent it, not the code under test.
    return render_refusal(refusal, service.randomness.request_id(), service.options.profile)


def refuse_unreadable(
    service: Service, *, status: int, message: str, method: str, client: str
) -> Reply:
    """Answer what can't be read as a request. It is in the journal; the exit checks ignore it."""
    # Nothing of what was sent is kept, as nobody knows where in it a key may stand.
    request = Request(
        method=method, path="", resource=None, query="", headers=Headers(), body=b"", client=client
    )
    exchange = Exchange(service, request)
    exchange.route, exchange.identity = RouteMatch(), Identity(None, None)
    exchange.refusal = Refusal(UNREADABLE.get(status, "bad_request"), {"message": message})
    reply = render_refusal(exchange.refusal, exchange.request_id, service.options.profile)
    service.journal.add(exchange.record(reply))
    return reply
