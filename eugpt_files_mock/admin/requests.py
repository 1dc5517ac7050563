"""The control routes about the calls that were received."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from ..errors import quoted, unknown_word
from ..faults import FAULTS
from ..model.messages import OPERATIONS, Call, Record
from .control import Control
from .responses import json_response, list_response, read_limit
from .schemas import call_members, outcome_members


def list_all(control: Control, request: Request) -> Response:
    """In order of arrival: the newest `limit`, or with `after` the first that came after it."""
    _check_filters(control, request)
    limit, after = read_limit(request), request.args.get("after")
    records: Sequence[Record] = control.service.journal.records()
    for name, side in _SIDES.items():
        if name in request.args:
            records = side(records, _place(records, name, request.args[name]))
    calls = [record.call for record in records if _fits(record, request)]
    # Not calls[-limit:], which for a limit of 0 would be all.
    shown = calls[:limit] if after is not None else calls[max(0, len(calls) - limit) :]
    return list_response(shown, partial(_members, control), total=len(calls))


def retrieve(control: Control, request: Request, request_id: str) -> Response:
    for record in reversed(control.service.journal.records()):
        if record.call.request_id == request_id:
            response = outcome_members(record.outcome)
            return json_response(_members(control, record.call) | {"response": response})
    raise NotFound(f"There is no request {quoted(request_id)}.")


def _members(control: Control, call: Call) -> dict[str, Any]:
    """Every field of the call, and whether its client waits for a late answer or gave up."""
    delivery, waited = control.service.journal.wait_of(call.request_id)
    return call_members(call) | {"delivery": delivery, "waited": waited}


def forget(control: Control, request: Request) -> Response:
    count = len(control.service.journal)
    control.service.journal.forget()
    return json_response({"deleted": count})


_SIDES: dict[str, Callable[[Sequence[Record], int], Sequence[Record]]] = {
    "before": lambda records, place: records[:place],
    "after": lambda records, place: records[place + 1 :],
}
"""The requests before or after a given one: the page shows them in parts, newest first."""


def _place(records: Sequence[Record], name: str, request_id: str) -> int:
    for place, record in enumerate(records):
        if record.call.request_id == request_id:
            return place
    raise BadRequest(
        f"{name!r} must be the id of a request that is kept, got {quoted(request_id)}."
    )


def _check_filters(control: Control, request: Request) -> None:
    # A value that no call can have is a mistake; an empty list would hide it.
    valid = {
        "operation": (*OPERATIONS, *control.service.stubs.operations),
        "fault": tuple(FAULTS),
        "status": tuple(map(str, range(200, 600))),
    }
    for name, words in valid.items():
        value = request.args.get(name, "none")
        if value not in (*words, "none"):
            shown = ("200 to 599",) if name == "status" else words
            raise unknown_word(name, value, (*shown, "none"))


def _fits(record: Record, request: Request) -> bool:
    """Whether the call has the values that the query asks for; `none` asks for what has none."""
    return all(
        name not in request.args or request.args[name] == str(getattr(record.call, name) or "none")
        for name in ("operation", "status", "fault")
    )
