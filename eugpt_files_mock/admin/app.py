"""Control over HTTP: what a test author does with `FilesMock`, for tests in other languages.

Served beside the API, under `/__admin`, never under `/v1`. These requests aren't kept in the
journal, hit by faults, or counted by the rate limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from ..errors import FilesMockError, nearest_word, quoted
from .resources import Control, ControlRoute, refusal_response
from .routes import ROUTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class ControlApp:
    """The WSGI application of the control routes."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        response = _answer(self._control, Request(environ))
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


def _answer(control: Control, request: Request) -> Response:
    try:
        # Checked before the route is looked up, so that without the token nothing can be learned
        # about the routes. The few pages outside /__admin are open.
        if request.path.startswith("/__admin"):
            control.access.check(request)
        route, segments = _matched(request)
        return route.answer(control, request, segments)
    # /__admin without the slash. Werkzeug's own answer names the host of the map, which is empty.
    except RequestRedirect:
        return Response(status=308, headers={"Location": "/__admin/"})
    except HTTPException as error:
        return refusal_response(error.code or 400, error.description or error.name, error)
    except FilesMockError as error:
        return refusal_response(400, str(error))
    # A body that breaks off while it is read.
    except OSError:
        return refusal_response(400, "The body of the request is incomplete.")


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
