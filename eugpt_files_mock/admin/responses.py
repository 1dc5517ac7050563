"""What the control routes answer with: JSON, lists, refusals; and how their parameters are read."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from werkzeug.exceptions import BadRequest, HTTPException, NotFound
from werkzeug.wrappers import Request, Response

from ..errors import quoted, unknown_word
from ..service.refusals import envelope
from ..state.armed_faults import ArmedFault
from ..state.stubs import Stub

Item = TypeVar("Item", ArmedFault, Stub)

MOST_LISTED = 10_000
"""The largest `limit`: a longer list would keep the mock busy each time that a page polls."""

LISTED = 1_000
"""How many a list shows without `limit`."""


def json_response(value: object, status: int = 200) -> Response:
    """In ASCII, so that any text can be sent, lone surrogates too."""
    return Response(json.dumps(value), status, mimetype="application/json")


def list_response(
    items: Iterable[Any], members: Callable[[Any], object], *, total: int
) -> Response:
    """A list; the header `X-Total-Count` says how many items there are in all."""
    response = json_response({"object": "list", "data": [members(item) for item in items]})
    response.headers["X-Total-Count"] = str(total)
    return response


def newest_response(
    request: Request, items: Sequence[Any], members: Callable[[Any], object]
) -> Response:
    """A list of the last `limit` items, in their order."""
    # Not items[-limit:], which for a limit of 0 would be all.
    shown = items[max(0, len(items) - read_limit(request)) :]
    return list_response(shown, members, total=len(items))


def deleted_response(kind: str, id_: str) -> Response:
    return json_response({"id": id_, "object": kind, "deleted": True})


def the_one(kind: str, items: Iterable[Item], id_: str) -> Item:
    for item in items:
        if item.id == id_:
            return item
    raise NotFound(f"There is no {kind} {quoted(id_)}.")


def refusal_response(status: int, message: str, error: HTTPException | None = None) -> Response:
    """In the envelope of the API."""
    code, type_ = _REFUSALS.get(status, ("bad_request", "invalid_request_error"))
    response = json_response(envelope(code, type_, message), status)
    # Such as Allow and WWW-Authenticate.
    for name, value in [] if error is None else error.get_headers():
        if name != "Content-Type":
            response.headers.add(name, value)
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


def check_parameters(request: Request, known: Collection[str]) -> None:
    """Refuse a parameter that would have no effect, and one that comes twice."""
    for name, values in request.args.lists():
        if name not in known:
            raise unknown_word("parameter", name, known or ("none",))
        if len(values) > 1:
            raise BadRequest(f"{name!r} comes {len(values)} times.")


def read_limit(request: Request) -> int:
    limit = request.args.get("limit", str(LISTED))
    # Checked before int(), which reads digits of other scripts, signs and spaces too, and refuses
    # thousands of digits.
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 9) or int(limit) > MOST_LISTED:
        raise BadRequest(f"'limit' must be an integer of 0 to {MOST_LISTED}, got {quoted(limit)}.")
    return int(limit)
