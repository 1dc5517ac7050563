"""How results, refusals and faults look on the wire."""

from __future__ import annotations

import json
from dataclasses import replace

from ..model.faults import ErrorResponse
from ..model.messages import File, Outcome, Reply
from ..options import Options
from .operations import Content, Deleted, Listed, Result, Stored
from .refusals import CHALLENGE, REFUSALS, Refusal, envelope

JSON, TEXT, HTML, BYTES = (
    "application/json",
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
    "application/octet-stream",
)

_STRANGE: dict[str, object] = {
    "x_future": {"added": "by the versioning policy", "values": [1, None, True]}
}
"""Members that no client knows: what the versioning policy announces (D)."""


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def to_json(value: object) -> bytes:
    """The value as the API writes JSON: UTF-8, without white space."""
    return _encode(value).encode("utf-8")


def render(result: Result, request_id: str, options: Options) -> Reply:
    """The answer to a request that was carried out: 200 (guess; OpenAI's uploads answer it too)."""
    if isinstance(result, Content):
        return _reply(200, BYTES, result.file.content, request_id)
    strange = _STRANGE if options.unknown_fields else {}
    return _reply(200, JSON, to_json(_members(result, strange) | strange), request_id)


def render_refusal(refusal: Refusal, request_id: str) -> Reply:
    """The answer to a request that was refused."""
    status, type_ = REFUSALS[refusal.code]
    body = to_json(envelope(refusal.code, type_, refusal.message))
    return _reply(status, JSON, body, request_id, *refusal.headers)


def render_error(fault: ErrorResponse, request_id: str) -> Reply:
    """The answer that a fault puts in the place of the real one."""
    code, type_ = _usual(fault)
    message = fault.message or f"Simulated by eugpt-files-mock: {fault.name}."
    kind, body = _error_body(fault.body, fault.status, code, type_, message)
    reply = _reply(fault.status, kind, body, request_id, *[CHALLENGE] * (fault.status == 401))
    return replace(reply, headers=_merged(reply.headers, fault.headers))


def _merged(
    ours: tuple[tuple[str, str], ...], theirs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """A field of the fault takes the place of ours, in any spelling."""
    replaced = {name.casefold() for name, _ in theirs}
    return (*(pair for pair in ours if pair[0].casefold() not in replaced), *theirs)


def without_body_for_head(outcome: Outcome) -> Outcome:
    """To HEAD, the fields that GET would get, and no body (RFC 9110, 9.3.2)."""
    return replace(outcome, body=b"") if isinstance(outcome, Reply) else outcome


def file_object(file: File) -> dict[str, object]:
    """The seven documented members, in their order (D); why processing failed is a guess."""
    members: dict[str, object] = {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created_at,
        "filename": file.filename,
        "purpose": file.purpose,
        "status": file.status,
    }
    if file.status_details is not None:
        members["status_details"] = file.status_details
    return members


def _members(result: Stored | Listed | Deleted, strange: dict[str, object]) -> dict[str, object]:
    if isinstance(result, Stored):
        return file_object(result.file)
    if isinstance(result, Deleted):
        return {"id": result.file_id, "object": "file", "deleted": True}
    return {"object": "list", "data": [file_object(file) | strange for file in result.files]}


def _usual(fault: ErrorResponse) -> tuple[str, str]:
    """The code and type of an error status, unless the fault has a code of its own."""
    usual = _USUAL.get(fault.status)
    family = "invalid_request_error" if fault.status < 500 else "server_error"
    code = fault.code or usual or f"http_{fault.status}"
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


def _error_body(
    shape: str | bytes, status: int, code: str, type_: str, message: str
) -> tuple[str, bytes]:
    """`detail` and `error_string` are the documentation's own samples (D)."""
    if isinstance(shape, bytes):
        return BYTES, shape
    if shape == "envelope":
        return JSON, to_json(envelope(code, type_, message))
    if shape == "detail":
        return JSON, to_json({"detail": message})
    if shape == "error_string":
        return JSON, to_json({"detail": message, "error": code})
    if shape == "html":
        return HTML, f"<html><body><h1>{status}</h1><p>{message}</p></body></html>".encode()
    return TEXT, b"" if shape == "empty" else message.encode()


def _reply(status: int, kind: str, body: bytes, request_id: str, *extra: tuple[str, str]) -> Reply:
    headers = (
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", request_id),
        *extra,
    )
    return Reply(status=status, headers=headers, body=body)
