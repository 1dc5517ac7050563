"""`POST /files`: store a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from ntpath import splitext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import quoted
from ...model.messages import File, Reply, Request
from ...model.profile import Profile
from ...options import Options
from ...state.file_store import Held
from .. import Service
from ..refusals import Refusal, Refused
from ..replies import file_members, json_reply, strange_members
from .operation import (
    BINARY,
    STRING,
    TAIL,
    TEXT,
    Description,
    Facts,
    FileResult,
    Operation,
    RouteMatch,
    Schema,
    named,
    object_schema,
)

if TYPE_CHECKING:
    from ..multipart import Form


# A tuple, as with so many fields it is made in half the time of a frozen dataclass.
class Upload(NamedTuple):
    """Store a file."""

    filename: str | None = None
    content: bytes | None = None
    content_type: str | None = None
    sha256: str | None = None
    purpose: str | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    expires_after: int | None = None
    refusal: Refusal | None = None


@cache
def _readers() -> tuple[Callable[..., Form], Callable[..., Any]]:
    # Late, as they would be a quarter of what importing the mock takes.
    from hashlib import sha256

    from ..multipart import read_form

    return read_form, sha256


def _read(request: Request, route: RouteMatch, profile: Profile) -> Upload:
    read_form, sha256 = _readers()
    try:
        form = read_form(request.headers.by_name.get("content-type"), request.body)
    except Refused as unreadable:
        coding = request.headers.by_name.get("content-encoding", "identity")
        if coding == "identity":
            return Upload(refusal=unreadable.refusal)
        hint = f"Its Content-Encoding is {quoted(coding)}: a form is read as it is sent."
        return Upload(refusal=replace(unreadable.refusal, hint=hint))
    purpose = form.purpose or profile["upload.default_purpose"]
    refusal, expires_after = form_refusal(form, profile), None
    if refusal is None:
        expires_after = _seconds_until_expiry(form, purpose, profile)
    if form.file is None:
        return Upload(purpose=form.purpose, fields=form.fields, refusal=refusal)
    filename = form.file.filename
    if profile["upload.filename"] != "kept":
        filename = re.split(r"[/\\]", filename)[-1]
    return Upload(
        filename=filename,
        content=form.file.content,
        content_type=form.file.content_type,
        sha256=sha256(form.file.content).hexdigest(),
        # Of a refused upload, the journal shows what was sent, without the default.
        purpose=form.purpose if refusal else purpose,
        fields=form.fields,
        expires_after=expires_after,
        refusal=refusal,
    )


def _facts(command: Upload, file: File | None) -> Facts:
    return Facts(
        filename=command.filename,
        purpose=command.purpose,
        content_type=command.content_type,
        size=None if command.content is None else len(command.content),
        sha256=command.sha256,
        fields=command.fields,
        tail=(command.content or b"")[-TAIL:],
    )


def _operate(service: Service, command: Upload, user: str | None, now: float) -> FileResult:
    content = command.content or b""
    size, options = len(content), service.options
    if options.max_file_bytes is not None and size > options.max_file_bytes:
        message = f"The file has {size} bytes; at most {options.max_file_bytes} are allowed."
        raise Refused(Refusal("file_too_large", {"message": message}))
    created_at, expires_after = int(now), command.expires_after
    file = File(
        id=service.randomness.file_id(),
        filename=command.filename or "",
        bytes=size,
        purpose=command.purpose or "",
        created_at=created_at,
        status=options.processing.of(command.filename or "").first_status,
        content=content,
        content_type=command.content_type or "",
        user=user,
        expires_at=None if expires_after is None else created_at + expires_after,
    )
    quota = options.max_total_bytes
    admit = None if quota is None else partial(_check_quota, size, quota)
    file = service.files.add(file, admit=admit)
    return FileResult(file=file, new_id=file.id)


def _check_quota(size: int, quota: int, held: Held) -> None:
    if held.bytes + size > quota:
        message = f"{size} more bytes would exceed the quota of {quota} bytes."
        raise Refused(Refusal("quota_exceeded", {"message": message}))


def _render(result: FileResult, request_id: str, options: Options) -> Reply:
    profile = options.profile
    members = file_members(profile)(result.file) | strange_members(options)
    return json_reply(members, request_id, profile, status=profile["upload.status"])


# Why an upload is refused whose form could be read: a table, in the order of the checks.

Words = dict[str, Any]

_ANCHOR, _SECONDS = "expires_after[anchor]", "expires_after[seconds]"
_SHORTEST, _LONGEST = 3_600, 2_592_000
"""Seconds; one hour to 30 days: OpenAI's range (SPEC)."""


def form_refusal(form: Form, profile: Profile) -> Refusal | None:
    """Why the form is refused, or None. The first check that fails decides."""
    for row, check in _CHECKS.items():
        if profile[row] and (words := check(form, profile)) is not None:
            return Refusal(row.partition(".")[2], words)
    return None


def _seconds_until_expiry(form: Form, purpose: str, profile: Profile) -> int | None:
    """Seconds after which the file is gone, or None."""
    if _SECONDS in form.fields and profile["expires.after"] == "honoured":
        return int(form.fields[_SECONDS])
    after: int | None = profile["expires.batch"] if purpose == "batch" else None
    return after


def _unknown_purpose(form: Form, profile: Profile) -> Words | None:
    purposes = profile["upload.purposes"]
    if purposes is None or not form.purpose or form.purpose in purposes:
        return None
    return {"purpose": form.purpose, "purposes": list(purposes)}


def _unknown_field(form: Form, profile: Profile) -> Words | None:
    known = (_ANCHOR, _SECONDS) if profile["expires.after"] == "honoured" else ()
    unknown = [name for name in form.fields if name not in known]
    if not unknown:
        return None
    fields = ", ".join(map(quoted, unknown))
    return {"field": unknown[0], "fields": fields, "were": "was" if len(unknown) == 1 else "were"}


def _bad_expires_after(form: Form, profile: Profile) -> Words | None:
    anchor, seconds = (form.fields.get(name) for name in (_ANCHOR, _SECONDS))
    if profile["expires.after"] == "ignored" or anchor is seconds is None:
        return None
    # int() refuses very long numbers.
    number = re.fullmatch("[0-9]{1,8}", seconds or "")
    if anchor == "created_at" and number and _SHORTEST <= int(number[0]) <= _LONGEST:
        return None
    return {"anchor": anchor, "seconds": seconds}


def _batch_not_jsonl(form: Form, profile: Profile) -> Words | None:
    if form.purpose != "batch" or form.file is None:
        return None
    # A name without any extension is accepted (REC): the SDK calls bytes without a name `upload`.
    _, extension = splitext(form.file.filename)
    return {} if extension not in ("", ".jsonl") else None


_CHECKS: dict[str, Callable[[Form, Profile], Words | None]] = {
    "errors.missing_file": lambda form, _: {} if form.file is None else None,
    "errors.missing_purpose": lambda form, _: None if form.purpose else {},
    "errors.unknown_purpose": _unknown_purpose,
    "errors.unknown_field": _unknown_field,
    "errors.bad_expires_after": _bad_expires_after,
    "errors.empty_file": lambda form, _: {} if form.file and not form.file.content else None,
    "errors.batch_not_jsonl": _batch_not_jsonl,
}
"""Row of the profile → the words of its message, where it is to be refused."""


def _form(profile: Profile) -> Schema:
    purposes = profile["upload.purposes"]
    purpose = TEXT if profile["errors.missing_purpose"] else STRING
    purpose = purpose if purposes is None else {"enum": purposes}
    form = object_schema(("purpose", "file"), {"purpose": purpose, "file": BINARY})
    if not profile["errors.missing_purpose"]:
        form["required"].remove("purpose")
    if profile["expires.after"] == "honoured":
        form["properties"] |= {
            _ANCHOR: {"const": "created_at"},
            _SECONDS: {"type": "integer", "minimum": _SHORTEST, "maximum": _LONGEST},
        }
    if profile["errors.unknown_field"]:
        form["additionalProperties"] = False
    return form


UPLOAD = Operation(
    name="upload",
    method="POST",
    path="/files",
    summary="Upload a file",
    habits=("create", "post", "put", "add", "store", "send"),
    addresses=("filename", "purpose"),
    read=_read,
    facts=_facts,
    operate=_operate,
    render=_render,
    description=Description(
        refused={
            "invalid_multipart": "",
            "missing_file": "",
            "missing_purpose": "",
            "unknown_purpose": "upload.purposes",
            "unknown_field": "",
            "bad_expires_after": "expires.after",
            "empty_file": "",
            "batch_not_jsonl": "",
            "quota_exceeded": "",
            "file_too_large": "",
            "unsupported_media_type": "",
        },
        body=lambda _: {"multipart/form-data": named("Upload")},
        answer=lambda _: named("File"),
        schemas={"Upload": _form},
        status=lambda profile: int(profile["upload.status"]),
        answers_id=True,
    ),
)
