"""What each control route does; `routes.py` says for which method and path."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from ..errors import OptionError, check_words, no_such, quoted, unknown_word
from ..faults import FAULTS
from ..model.messages import Call, File, Record, Reply
from ..model.stub_answers import NULL, WITHOUT_BODY
from ..service import Service
from ..service.operations import NAMES
from ..state.armed_faults import ArmedFault
from ..state.stubs import Stub
from ..verdict.verdict import judge, verdict_members
from ..version import __version__
from .bodies import (
    armed_members,
    call_members,
    catalogue,
    file_members,
    outcome_members,
    read_fault,
    read_file,
    read_json,
    stub_words,
)

Item = TypeVar("Item")
Numbered = TypeVar("Numbered", ArmedFault, Stub)

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


def newest(items: Sequence[Item], limit: int) -> Sequence[Item]:
    """The last `limit` items, in their order."""
    # Not items[-limit:], which for a limit of 0 would be all.
    return items[max(0, len(items) - limit) :]


def newest_response(
    request: Request, items: Sequence[Any], members: Callable[[Any], object]
) -> Response:
    """A list of the last `limit` items."""
    return list_response(newest(items, read_limit(request)), members, total=len(items))


def deleted_response(kind: str, id_: str) -> Response:
    return json_response({"id": id_, "object": kind, "deleted": True})


def the_one(kind: str, items: Iterable[Numbered], id_: str) -> Numbered:
    for item in items:
        if item.id == id_:
            return item
    raise NotFound(no_such(kind, id_))


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


class ShownSweep(Protocol):
    """What is shown of a sweep, a class of a layer above this one."""

    def members(self, call_members: Callable[[Call], dict[str, Any]]) -> dict[str, Any]: ...


class ControlledMock(Protocol):
    """What the control routes do with a `FilesMock`."""

    @property
    def _service(self) -> Service: ...
    @property
    def _sweep(self) -> ShownSweep | None: ...

    # Their arguments come from outside, and are checked by the methods themselves.
    def add_file(self, *values: Any, **words: Any) -> File: ...
    def set_status(self, *values: Any, **words: Any) -> File: ...
    def inject(self, *values: Any, **words: Any) -> ArmedFault: ...
    def stub(self, *values: Any, **words: Any) -> Stub: ...
    def stub_response(self, *values: Any, **words: Any) -> Stub: ...
    def reset(self) -> None: ...
    def tenant(self, key: str) -> ControlledMock: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`mock` is the `FilesMock`, a class of a layer above this one; with `has_page`, `/__admin` is
    open.
    """

    mock: ControlledMock
    service: Service
    has_page: bool
    problems: Callable[[Service], list[str]]

    def of_tenant(self, request: Request) -> Control:
        """With `?key=`, the tenant of that key."""
        if "key" not in request.args:
            return self
        tenant = self.mock.tenant(request.args["key"])
        return replace(self, mock=tenant, service=tenant._service)


# Compared by identity: Werkzeug needs endpoints that can be hashed, and a dict can't be.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlRoute:
    """One route; `act(control, request, **segments)` answers."""

    method: str
    path: str
    summary: str
    act: Callable[..., Response]
    parameters: dict[str, str]
    body: dict[str, Any] | None = None

    def answer(self, control: Control, request: Request, segments: dict[str, str]) -> Response:
        """Act, once the parameters are known to be the route's."""
        check_parameters(request, self.parameters)
        return self.act(control.of_tenant(request), request, **segments)


# The mock as a whole.


def show_index(control: Control, request: Request) -> Response:
    """Says where the API and the page are, in a browser or with curl."""
    page = f"{request.host_url}__admin/" if control.has_page else "needs --admin-token"
    text = f"eugpt-files-mock {__version__}\nAPI:  {request.host_url}v1\nPage: {page}\n"
    return Response(text, mimetype="text/plain")


def show_health(control: Control, request: Request) -> Response:
    return json_response({"status": "ok", "version": __version__})


def reset(control: Control, request: Request) -> Response:
    control.mock.reset()
    return json_response({"status": "ok"})


def check(control: Control, request: Request) -> Response:
    problems = control.problems(control.service)
    return json_response({"ok": not problems, "problems": problems})


def verdict(control: Control, request: Request) -> Response:
    return json_response(verdict_members(judge(control.service)))


def sweep(control: Control, request: Request) -> Response:
    """The table of the last sweep, as far as it is, with the calls of each cell; or null."""
    last = control.mock._sweep
    return json_response({"sweep": None if last is None else last.members(call_members)})


# Files.


_UPDATED = ("status", "status_details")


def list_files(control: Control, request: Request) -> Response:
    """The newest `limit` files, the oldest of them first."""
    files = control.service.files
    return list_response(files.newest(read_limit(request)), file_members, total=len(files))


def add_file(control: Control, request: Request) -> Response:
    return json_response(file_members(control.mock.add_file(**read_file(request))))


def show_file(control: Control, request: Request, file_id: str) -> Response:
    """One file of any user. It doesn't count as a poll of `after_polls`."""
    return json_response(file_members(_file(control, file_id)))


def file_content(control: Control, request: Request, file_id: str) -> Response:
    """What was uploaded; a browser must not show it, as it may be a page with scripts."""
    file = _file(control, file_id)
    headers = {"Content-Disposition": "attachment"}
    return Response(file.content, headers=headers, content_type="application/octet-stream")


def update_file(control: Control, request: Request, file_id: str) -> Response:
    words = read_json(request)
    check_words("member", words, _UPDATED)
    _file(control, file_id)
    if "status" not in words:
        raise OptionError(f"'status' is missing. Valid: {', '.join(_UPDATED)}.", word=words)
    file = control.mock.set_status(file_id, words["status"], words.get("status_details"))
    return json_response(file_members(file))


def delete_file(control: Control, request: Request, file_id: str) -> Response:
    """Take a file out, as if its owner had deleted it."""
    control.service.files.remove(file_id, _file(control, file_id).user)
    return deleted_response("file", file_id)


def _file(control: Control, file_id: str) -> File:
    file = control.service.files.get(file_id)
    if file is None:
        raise NotFound(no_such("file", file_id))
    return file


# Requests.


def list_requests(control: Control, request: Request) -> Response:
    """In order of arrival: the newest `limit`, or with `after` the first that came after it."""
    _check_filters(control, request)
    limit, after = read_limit(request), request.args.get("after")
    records: Sequence[Record] = control.service.journal.records()
    for name, side in _SIDES.items():
        if name in request.args:
            records = side(records, _place(records, name, request.args[name]))
    records = [record for record in records if _fits(record, request)]
    shown = records[:limit] if after is not None else newest(records, limit)
    return list_response(shown, partial(_record_members, control), total=len(records))


def show_request(control: Control, request: Request, request_id: str) -> Response:
    for record in reversed(control.service.journal.records()):
        if record.call.request_id == request_id:
            response = outcome_members(record.outcome)
            return json_response(_record_members(control, record) | {"response": response})
    raise NotFound(no_such("request", request_id))


def _record_members(control: Control, record: Record) -> dict[str, Any]:
    """Every field of the call, and whether its client waits for a late answer or gave up."""
    delivery, waited = control.service.journal.wait_of(record.call.request_id)
    if waited is None and isinstance(record.outcome, Reply):
        steps = record.outcome.delivery.steps(b"", record.outcome.body)
        waited = sum(step for step in steps if isinstance(step, float)) or None
    return call_members(record.call) | {"delivery": delivery, "waited": waited}


def forget_requests(control: Control, request: Request) -> Response:
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
        "operation": (*NAMES.all, *control.service.stubs.operations),
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


# Faults.


def list_faults(control: Control, request: Request) -> Response:
    """In order of arming; those that are spent too."""
    return newest_response(request, control.service.armed.all(), armed_members)


def arm_fault(control: Control, request: Request) -> Response:
    faults, matcher = read_fault(request)
    return json_response(armed_members(control.mock.inject(faults, **matcher)))


def show_fault(control: Control, request: Request, fault_id: str) -> Response:
    return json_response(armed_members(_armed(control, fault_id)))


def disarm_fault(control: Control, request: Request, fault_id: str) -> Response:
    _armed(control, fault_id).cancel()
    return deleted_response("fault", fault_id)


def disarm_faults(control: Control, request: Request) -> Response:
    count = len(control.service.armed.all())
    control.service.armed.clear()
    return json_response({"deleted": count})


def fault_catalogue(control: Control, request: Request) -> Response:
    return json_response(catalogue())


def _armed(control: Control, fault_id: str) -> ArmedFault:
    return the_one("armed fault", control.service.armed.all(), fault_id)


# Stubs.


_STUB_WORDS = (
    "method", "path", "json", "body", "events", "status", "headers", "times", "check_file_ids",
)  # fmt: skip
_RESPONSE_WORDS = ("response", "model", "chunks", "completed_text", "times", "check_file_ids")


def list_stubs(control: Control, request: Request) -> Response:
    """The stubs, in the order in which they were made; those that are used up too."""
    return newest_response(request, control.service.stubs.all(), _stub_members)


def make_stub(control: Control, request: Request) -> Response:
    """As `FilesMock.stub`; with `response`, as `FilesMock.stub_response`."""
    words = read_json(request)
    if "response" in words:
        check_words("word of a stub", words, _RESPONSE_WORDS)
        stub = control.mock.stub_response(words.pop("response"), **words)
        return json_response(_stub_members(stub))
    check_words("word of a stub", words, _STUB_WORDS)
    for word in ("method", "path"):
        if word not in words:
            raise OptionError(f"{word!r} is missing. Valid: {', '.join(_STUB_WORDS)}.", word=words)
    others = (words.get("body"), words.get("events"))
    # In JSON `null` is a value, in Python json=None means that no JSON is given.
    if words.get("json", ...) is None and others == (None, None):
        words["json"] = None if words.get("status") in WITHOUT_BODY else NULL
    return json_response(_stub_members(control.mock.stub(**words)))


def cancel_stub(control: Control, request: Request, stub_id: str) -> Response:
    the_one("stub", control.service.stubs.all(), stub_id).cancel()
    return deleted_response("stub", stub_id)


def cancel_stubs(control: Control, request: Request) -> Response:
    stubs = control.service.stubs.all()
    for stub in stubs:
        stub.cancel()
    return json_response({"deleted": len(stubs)})


def _stub_members(stub: Stub) -> dict[str, object]:
    return {
        "id": stub.id,
        "object": "stub",
        "operation": stub.operation,
        "method": stub.method,
        "path": stub.path,
        "status": stub.answer.status,
        **stub_words(stub),
        "hits": stub.hits,
        "remaining": stub.remaining,
    }
