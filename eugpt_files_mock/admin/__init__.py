"""Control over HTTP: what a test author does with `FilesMock`, for tests in other languages.

Served beside the API, under `/__admin`, never under `/v1`. These requests aren't kept in the
journal, hit by faults, or counted by the rate limit.

On addresses that others reach they need a token, and nowhere does a foreign browser get in:
otherwise a page of another origin, or a host name that was redirected to this address (DNS
rebinding), could control the mock through the browser of the person who runs it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from ..errors import FilesMockError, OptionError, nearest_word, quoted
from ..server import HostNames
from .resources import Control, ControlRoute, json_response
from .routes import ROUTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class ControlApp:
    """The WSGI application of the control routes."""

    def __init__(self, control: Control, access: AdminAccess) -> None:
        self._control = control
        self._access = access

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        response = _answer(self._control, self._access, Request(environ))
        response.headers.extend(_ON_EVERY_ANSWER)
        return response(environ, start_response)


_ON_EVERY_ANSWER = {
    "Cache-Control": "no-store",
    # The page shows uploaded files, whose scripts must not run, and needs nothing from elsewhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    # A PDF is shown by the browser's own viewer, in a frame that only our script can fill.
    "frame-src blob:; object-src blob:; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _answer(control: Control, access: AdminAccess, request: Request) -> Response:
    try:
        # Checked before the route is looked up, so that without the token nothing can be learned
        # about the routes. The few pages outside /__admin are open.
        if request.path.startswith("/__admin"):
            access.check(request)
        route, segments = _matched(request)
        return route.answer(control, request, segments)
    # /__admin without the slash. Werkzeug's own answer names the host of the map, which is empty.
    except RequestRedirect:
        return Response(status=308, headers={"Location": "/__admin/"})
    except HTTPException as error:
        return _refusal(error.code or 400, error.description or error.name, error)
    except FilesMockError as error:
        return _refusal(400, str(error))
    # A body that breaks off while it is read.
    except OSError:
        return _refusal(400, "The body of the request is incomplete.")


def _refusal(status: int, message: str, error: HTTPException | None = None) -> Response:
    """In the envelope of the API."""
    code, type_ = _REFUSALS.get(status, ("bad_request", "invalid_request_error"))
    error_object = {"type": type_, "code": code, "message": message}
    response = json_response({"detail": message, "error": error_object}, status)
    if error is not None:
        # Such as Allow and WWW-Authenticate.
        others = [pair for pair in error.get_headers() if pair[0] != "Content-Type"]
        response.headers.extend(others)
    return response


_REFUSALS = {
    400: ("invalid_parameter", "invalid_request_error"),
    401: ("invalid_admin_token", "authentication_error"),
    403: ("foreign_request", "permission_error"),
    404: ("not_found", "not_found_error"),
    405: ("method_not_allowed", "invalid_request_error"),
    413: ("too_large", "invalid_request_error"),
    415: ("unsupported_media_type", "invalid_request_error"),
}
"""Status → code and type of the envelope, which is the API's."""


def _matched(request: Request) -> tuple[ControlRoute, dict[str, str]]:
    try:
        route, segments = _MAP.bind("", path_info=request.path).match(method=request.method)
    except MethodNotAllowed as error:
        allowed = sorted(error.valid_methods or ())
        message = f"{request.method} is not allowed here: {', '.join(allowed)}."
        raise MethodNotAllowed(allowed, message) from None
    except NotFound:
        nearest = nearest_word(request.path, (route.path for route in ROUTES))
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise NotFound(f"There is no route {quoted(request.path)}.{hint}") from None
    return route, dict(segments)


def _rule(route: ControlRoute) -> Rule:
    path = re.sub(r"\{(\w+)\}", r"<\1>", route.path)
    return Rule(path, methods=[route.method], endpoint=route)


# With merged slashes, /__admin//reset would be answered by a redirect.
_MAP = Map([_rule(route) for route in ROUTES], merge_slashes=False)


_OWN_SITE = frozenset((None, "none", "same-origin"))
"""`Sec-Fetch-Site` as sent by other clients, for a typed address, and by our own page."""

_REALM = {"realm": "eugpt-files-mock admin"}

_CHALLENGES = (WWWAuthenticate("bearer", dict(_REALM)), WWWAuthenticate("basic", dict(_REALM)))
"""The second makes a browser ask: the password is the token, the user name does not matter."""


class AdminAccess:
    """Lets a request for the control routes through, or raises what it is answered with.

    Without a token they are open on a loopback address only.
    """

    def __init__(self, hosts: HostNames, token: str | None) -> None:
        if token is not None:
            _check_token(token)
        self._hosts = hosts
        self._token = token
        self.is_open = token is not None or hosts.is_loopback

    def check(self, request: Request) -> None:
        if not self.is_open:
            raise NotFound(
                "There is no /__admin on an address that is not loopback, unless the mock is "
                "given a token: serve(admin_token=…), or --admin-token."
            )
        # Checked even with a token: a browser that has logged in (Basic) sends it along by itself.
        self._check_host(request)
        _check_origin(request)
        if self._token is not None and not self._presented(request):
            raise Unauthorized(
                "/__admin needs the token: 'Authorization: Bearer <token>'.",
                www_authenticate=_CHALLENGES,
            )

    def _check_host(self, request: Request) -> None:
        host = request.headers.get("Host", "")
        if not self._hosts.knows(host):
            raise Forbidden(
                f"The Host {host!r} isn't this server's. To let it in: serve(allow_hosts=[...]), "
                "or --allow-host."
            )

    def _presented(self, request: Request) -> bool:
        given = request.authorization
        presented = None if given is None else given.token or given.password
        # The time of a comparison by == tells how much of the token is right. As bytes, because it
        # refuses texts that aren't ASCII.
        return hmac.compare_digest((presented or "").encode(), str(self._token).encode())


def _check_token(token: str) -> None:
    if not isinstance(token, str) or not re.fullmatch("[!-~]+", token):
        raise OptionError(
            "admin_token must be a string of one or more ASCII characters, without spaces.",
            word=type(token),
        )


def _check_origin(request: Request) -> None:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    # A page in a sandbox, or from a file, says `null`, and is refused too.
    if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
        raise Forbidden(f"The Origin {origin!r} is not this server's.")
    if site not in _OWN_SITE:
        raise Forbidden(f"A request from another site ({site}): open this address by itself.")
