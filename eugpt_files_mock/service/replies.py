"""How results, refusals and faults look on the wire."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from ..model.behaviours import BEHAVIOURS
from ..model.content_types import BYTES, HTML, JSON, TEXT
from ..model.faults import ErrorResponse
from ..model.messages import File, Outcome, Reply
from ..model.profile import Profile, fill
from ..model.stubs import WITHOUT_BODY
from ..options import Options
from .operations import Content, Deleted, Listed, Result, Stored
from .refusals import CHALLENGE, REFUSALS, Refusal
from .stubs import Answered

FILE_MEMBERS: Sequence[str] = BEHAVIOURS["file.members"].eugpt
"""The seven documented members, in their order (D)."""

_STRANGE: dict[str, object] = {
    "x_future": {"added": "by the versioning policy", "values": [1, None, True]}
}
"""Members that no client knows: what the versioning policy announces (D)."""


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def to_json(value: object) -> bytes:
    """The value as the API writes JSON: UTF-8, without white space."""
    return _encode(value).encode("utf-8")


def render(result: Result, request_id: str, options: Options) -> Reply:
    """The answer to a request that was carried out."""
    profile = options.profile
    if isinstance(result, Content):
        return _download(result.file, request_id, profile)
    if isinstance(result, Answered):
        return _answer_of_a_stub(result, request_id, profile)
    strange = _STRANGE if options.unknown_fields else {}
    body = _json(_members(result, strange, profile) | strange, profile)
    status = profile["upload.status"] if isinstance(result, Stored) and result.is_new else 200
    return _reply(status, profile["json.content_type"], body, request_id, profile)


def _download(file: File, request_id: str, profile: Profile) -> Reply:
    # As browsers escape a quotation mark (HTML, multipart form data).
    filename = file.filename.replace('"', "%22")
    words = {"filename": filename, "content_type": file.content_type}
    kind, disposition = profile["download.content_type"], profile["download.disposition"]
    extra = [("Content-Disposition", _ascii(fill(disposition, words)))] if disposition else []
    return _reply(200, _ascii(fill(kind, words)), file.content, request_id, profile, *extra)


def _ascii(value: str) -> str:
    """A header's value: what can't stand in one is escaped."""
    return re.sub(r"[^ -~]", lambda found: quote(found[0]), value)


def _answer_of_a_stub(result: Answered, request_id: str, profile: Profile) -> Reply:
    answer = result.answer
    if answer is None:
        assert result.error is not None  # noqa: S101 - one of the two is there
        what = f"The function of the stub {result.stub.operation}"
        return render_failure(what, result.error, request_id, profile)
    reply = _reply(answer.status, answer.content_type or TEXT, answer.body, request_id, profile)
    # Statuses without a body announce no length either (RFC 9110, 8.6).
    without_body = answer.status in WITHOUT_BODY
    if answer.content_type and not (answer.headers or without_body):
        return reply
    absent = {"Content-Type": not answer.content_type, "Content-Length": without_body}
    kept = tuple(pair for pair in reply.headers if not absent.get(pair[0]))
    return replace(reply, headers=_merged(kept, answer.headers))


def render_failure(what: str, error: BaseException, request_id: str, profile: Profile) -> Reply:
    """What a port answers when a function of the test author raised; in process it is raised."""
    message = f"{what} raised {type(error).__name__}: {error}"
    reply = render_refusal(Refusal("server_error", {"message": message}), request_id, profile)
    return replace(reply, error=error)


def render_refusal(refusal: Refusal, request_id: str, profile: Profile) -> Reply:
    """The answer to a request that was refused."""
    status, body = refusal.answer(profile, request_id)
    if isinstance(body, str):
        kind = HTML if body.startswith("<") else TEXT
        return _reply(status, kind, body.encode(), request_id, profile, *refusal.headers)
    kind = profile["json.content_type"]
    return _reply(status, kind, _json(body, profile), request_id, profile, *refusal.headers)


def render_error(fault: ErrorResponse, request_id: str, profile: Profile) -> Reply:
    """The answer that a fault puts in the place of the real one."""
    code, _ = _usual(fault)
    # It says that it is simulated, so that nobody looks for the failure elsewhere.
    message = fault.message or f"Simulated by eugpt-files-mock: {fault.name}."
    if fault.body == "envelope":
        kind, body = (
            profile["json.content_type"],
            _json(_envelope(fault, message, profile), profile),
        )
    else:
        kind, body = _error_body(fault.body, fault.status, code, message)
    extra = [CHALLENGE] * (fault.status == 401)
    reply = _reply(fault.status, kind, body, request_id, profile, *extra)
    return replace(reply, headers=_merged(reply.headers, fault.headers))


def _merged(
    ours: tuple[tuple[str, str], ...], theirs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Our headers with theirs, which replace those of the same name in any case."""
    replaced = {name.casefold() for name, _ in theirs}
    return (*(pair for pair in ours if pair[0].casefold() not in replaced), *theirs)


def without_body(outcome: Outcome) -> Outcome:
    """For HEAD: the fields that GET would get, and no body (RFC 9110, 9.3.2)."""
    return replace(outcome, body=b"") if isinstance(outcome, Reply) else outcome


def file_object(file: File) -> dict[str, object]:
    """The seven documented members, in their order (D)."""
    members: dict[str, object] = {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created_at,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": file.status,
    }
    return _with_late_members(file, members)


def _with_late_members(file: File, members: dict[str, object]) -> dict[str, object]:
    """What is set and not among the members follows them (guess)."""
    if file.status_details is not None or file.expires_at is not None:
        late = {"expires_at": file.expires_at, "status_details": file.status_details}
        members |= {name: value for name, value in late.items() if value is not None}
    return members


@lru_cache
def _shape(members: tuple[str, ...], unit: str) -> Callable[[File], dict[str, object]]:
    """Gives the members of a file; those that no `File` has are null."""
    # In half the time of `shown`, which matters for a list of 10,000 files.
    if members == tuple(FILE_MEMBERS) and unit == "seconds":
        return file_object

    def shown(file: File) -> dict[str, object]:
        known = {**{name: getattr(file, name) for name in _KNOWN}, "object": "file"}
        known["created_at"] *= 1000 if unit == "milliseconds" else 1
        return _with_late_members(file, {name: known.get(name) for name in members})

    return shown


_KNOWN = {*FILE_MEMBERS} - {"object"}


def _members(
    result: Stored | Listed | Deleted, strange: dict[str, object], profile: Profile
) -> dict[str, object]:
    shown = _shape(tuple(profile["file.members"]), profile["file.created_at"])
    if isinstance(result, Stored):
        return shown(result.file)
    if isinstance(result, Deleted):
        deleted = {"id": result.file_id, "object": "file", "deleted": True}
        return {name: deleted.get(name) for name in profile["delete.members"]}
    files = result.files
    listed = {
        "object": "list",
        "data": [shown(file) | strange for file in files],
        "has_more": result.has_more,
        "first_id": files[0].id if files else None,
        "last_id": files[-1].id if files else None,
    }
    return {name: listed.get(name) for name in profile["list.members"]}


def _envelope(fault: ErrorResponse, message: str, profile: Profile) -> Any:
    """As the service refuses for that status, unless the fault has a code of its own."""
    code, type_ = _usual(fault)
    row = profile.get(f"errors.{_USUAL.get(fault.status)}") or {"status": None}
    own = row["status"] == fault.status and fault.code is None
    words = {"message": message, "type": type_, "code": code}
    return fill(row["body"] if own else profile["errors.envelope"], words)


def _usual(fault: ErrorResponse) -> tuple[str, str]:
    """The code and type of an error status, unless the fault has a code of its own."""
    usual = _USUAL.get(fault.status)
    family = "invalid_request_error" if fault.status < 500 else "server_error"
    code = fault.code or usual or f"http_{fault.status}"
    # A code that belongs to another status doesn't decide the type.
    known = REFUSALS.get(code) or REFUSALS.get(usual or "")
    return code, known[1] if known and known[0] == fault.status else family


_USUAL = {
    400: "bad_request",
    401: "invalid_api_key",
    403: "project_forbidden",
    404: "file_not_found",
    405: "method_not_allowed",
    413: "file_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "server_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "gateway_timeout",
}


def _error_body(shape: str | bytes, status: int, code: str, message: str) -> tuple[str, bytes]:
    """`detail` and `error_string` are the documentation's own samples (D)."""
    if isinstance(shape, bytes):
        return BYTES, shape
    if shape == "detail":
        return JSON, to_json({"detail": message})
    if shape == "error_string":
        return JSON, to_json({"detail": message, "error": code})
    if shape == "html":
        return HTML, f"<html><body><h1>{status}</h1><p>{message}</p></body></html>".encode()
    return TEXT, b"" if shape == "empty" else message.encode()


def _json(value: object, profile: Profile) -> bytes:
    style = profile["json.style"]
    if style == "compact":
        return to_json(value)
    indented = style == "indented"
    text = json.dumps(value, ensure_ascii=False, indent=2 if indented else None)
    return f"{text}\n".encode() if indented else text.encode()


def _reply(
    status: int, kind: str, body: bytes, request_id: str, profile: Profile, *extra: tuple[str, str]
) -> Reply:
    # The length is set here, as faults and HEAD announce another one than the body has.
    headers = (
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        *([("X-Request-Id", request_id)] if profile["headers.request_id"] else ()),
        *profile["headers.always"].items(),
        *extra,
    )
    return Reply(status=status, headers=headers, body=body, request_id=request_id)
