"""How answers look on the wire: JSON, files, refusals, failures."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..errors import raised
from ..model.faults import ErrorResponse
from ..model.headers import BYTES, HTML, JSON, TEXT
from ..model.messages import WHOLE, Delivery, File, Outcome, Reply
from ..model.profile import BEHAVIOURS, Profile, fill
from ..model.stub_answers import WITHOUT_BODY
from ..options import Options
from .refusals import CHALLENGE, REFUSALS, Refusal

FILE_MEMBERS: Sequence[str] = BEHAVIOURS["file.members"].eugpt
"""The seven documented members, in their order (D)."""

_STRANGE: dict[str, object] = {
    "x_future": {"added": "by the versioning policy", "values": [1, None, True]}
}
"""Members that no client knows: what the versioning policy announces (D)."""


# Nothing that is answered contains itself.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def to_json(value: object) -> bytes:
    """The value as the API writes JSON: UTF-8, without white space."""
    return _encode(value).encode("utf-8")


def strange_members(options: Options) -> dict[str, object]:
    """Members that no client knows, where the option asks for them."""
    return _STRANGE if options.unknown_fields else {}


def file_members(profile: Profile) -> Callable[[File], dict[str, object]]:
    """Gives the members of a file, as the profile shows it."""
    members, unit = profile["file.members"], profile["file.created_at"]
    # In half the time of `_shape`, which matters for a list of 10,000 files.
    if members == FILE_MEMBERS and unit == "seconds":
        return file_object
    return _shape(tuple(members), unit)


def json_reply(value: object, request_id: str, profile: Profile, *, status: int = 200) -> Reply:
    """An answer in JSON."""
    kind = profile["json.content_type"]
    return reply(status, kind, _json(value, profile), request_id, profile)


def render_failure(what: str, error: BaseException, request_id: str, profile: Profile) -> Reply:
    """What a port answers when a function of the test author raised; in process it is raised."""
    words = {"message": raised(what, error)}
    refused = render_refusal(Refusal("server_error", words), request_id, profile)
    return replace(refused, error=error)


def render_refusal(refusal: Refusal, request_id: str, profile: Profile) -> Reply:
    """The answer to a request that was refused."""
    row = refusal.answer(profile, request_id)
    return _as_in_row(row, row["body"], request_id, profile, *refusal.headers)


def _as_in_row(
    row: Mapping[str, Any], body: Any, request_id: str, profile: Profile, *extra: tuple[str, str]
) -> Reply:
    """A refusal with the status, the headers and the white space of its row in the profile."""
    if isinstance(body, str):
        kind, written = HTML if body.startswith("<") else TEXT, body.encode()
    else:
        kind, written = profile["json.content_type"], _json(body, profile, row.get("indent"))
    usual = reply(row["status"], kind, written, request_id, profile, *extra)
    if not row.get("headers"):
        return usual
    return replace(usual, headers=_changed(usual.headers, row["headers"]))


def render_error(fault: ErrorResponse, request_id: str, profile: Profile) -> Reply:
    """The answer that a fault puts in the place of the real one."""
    code, _ = _usual(fault)
    # It says that it is simulated, so that nobody looks for the failure elsewhere.
    message = fault.message or f"Simulated by eugpt-files-mock: {fault.name}."
    extra = [CHALLENGE] if fault.status == 401 else []
    if fault.body == "envelope":
        row, envelope = _envelope(fault, message, profile)
        usual = _as_in_row(row, envelope, request_id, profile, *extra)
    else:
        kind, body = _error_body(fault.body, fault.status, code, message)
        usual = reply(fault.status, kind, body, request_id, profile, *extra)
    return replace(usual, headers=merged_headers(usual.headers, fault.headers))


def merged_headers(
    ours: tuple[tuple[str, str], ...], theirs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Our headers with theirs, which replace those of the same name in any case."""
    replaced = {name.casefold() for name, _ in theirs}
    return (*(pair for pair in ours if pair[0].casefold() not in replaced), *theirs)


def _changed(
    ours: tuple[tuple[str, str], ...], changes: Mapping[str, str | None]
) -> tuple[tuple[str, str], ...]:
    """Our headers with those of a row of the profile; None leaves one out."""
    absent = {name.casefold() for name, value in changes.items() if value is None}
    kept = tuple(pair for pair in ours if pair[0].casefold() not in absent)
    return merged_headers(kept, tuple((name, one) for name, one in changes.items() if one))


def without_body(outcome: Outcome) -> Outcome:
    """The same fields, and no body; of what is done to it on its way, it can only be late."""
    if not isinstance(outcome, Reply):
        return outcome
    delay = outcome.delivery.delay
    return replace(outcome, body=b"", delivery=Delivery(delay=delay) if delay else WHOLE)


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

    def shown(file: File) -> dict[str, object]:
        known = {**{name: getattr(file, name) for name in _KNOWN}, "object": "file"}
        known["created_at"] *= 1000 if unit == "milliseconds" else 1
        return _with_late_members(file, {name: known.get(name) for name in members})

    return shown


_KNOWN = {*FILE_MEMBERS} - {"object"}


def _envelope(
    fault: ErrorResponse, message: str, profile: Profile
) -> tuple[Mapping[str, Any], object]:
    """As the service refuses for that status, unless the fault has a code of its own: the row of
    the profile, and the body.
    """
    code, type_ = _usual(fault)
    row = profile.get(f"errors.{_USUAL.get(fault.status)}") or {"status": None}
    words = {"message": message, "type": type_, "code": code}
    if row["status"] == fault.status and fault.code is None:
        return row, fill(row["body"], words)
    return {"status": fault.status}, fill(profile["errors.envelope"], words)


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


def _json(value: object, profile: Profile, indent: int | None = None) -> bytes:
    style = profile["json.style"]
    if indent is None and style == "indented":
        indent = 2
    if indent is None and style == "compact":
        return to_json(value)
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.encode() if indent is None else f"{text}\n".encode()


def reply(
    status: int,
    kind: str | None,
    body: bytes,
    request_id: str,
    profile: Profile,
    *extra: tuple[str, str],
) -> Reply:
    """An answer with the headers that each has, and these; `kind` is its content type."""
    framing = [("Content-Type", kind)] if kind is not None else []
    # The length is set here, as faults and HEAD announce another one than the body has.
    framing.append(("Content-Length", str(len(body))))
    # Statuses without a body announce no length either (RFC 9110, 8.6).
    if status in WITHOUT_BODY:
        framing, body = [], b""
    headers = (
        *framing,
        *([("X-Request-Id", request_id)] if profile["headers.request_id"] else ()),
        *profile["headers.always"].items(),
        *extra,
    )
    return Reply(status=status, headers=headers, body=body, request_id=request_id)
