"""What a request asks for, read from its path, query and body: a command.

A request that cannot be carried out still becomes a command, with what is known and the refusal
that will answer it. So a fault can hit it first, and the journal can name the file.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ..model.messages import Request
from ..model.profile import Profile
from ..state.stubs import Stub
from .form_rules import form_refusal, seconds_until_expiry
from .multipart import read_form
from .refusals import Refusal, Refused
from .routes import RouteMatch

MOST_PER_PAGE = 10_000
"""The largest `limit`, and the one without (guess, after OpenAI)."""


class Upload(NamedTuple):
    """Store a file."""

    # A tuple, as with so many fields it is made in half the time of a frozen dataclass.
    filename: str | None = None
    content: bytes | None = None
    content_type: str | None = None
    sha256: str | None = None
    purpose: str | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    expires_after: int | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Show a page of the files."""

    purpose: str | None = None
    after: str | None = None
    limit: int = MOST_PER_PAGE
    ascending: bool = False
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile:
    """Show a file, give its content, or remove it, as the operation says."""

    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stubbed:
    """Answer for a stubbed route, as the test author said."""

    stub: Stub
    request: Request
    body: bytes
    json: Any


Command = Upload | List | OneFile | Stubbed


def parse(route: RouteMatch, request: Request, profile: Profile) -> Command:
    """The command of a request; of one without a route it is never carried out."""
    if route.operation == "upload":
        return _upload(request, profile)
    if route.operation == "list":
        return _list(request, profile)
    if route.stub is not None:
        return _stubbed(route.stub, request)
    return OneFile(file_id=route.file_id or "")


def _upload(request: Request, profile: Profile) -> Upload:
    try:
        form = read_form(request.headers.by_name.get("content-type"), request.body)
    except Refused as unreadable:
        return Upload(refusal=unreadable.refusal)
    purpose = form.purpose or profile["upload.default_purpose"]
    refusal, expires_after = form_refusal(form, profile), None
    if refusal is None:
        expires_after = seconds_until_expiry(form, purpose, profile)
    if form.file is None:
        return Upload(purpose=form.purpose, fields=form.fields, refusal=refusal)
    filename = form.file.filename
    if profile["upload.filename"] != "kept":
        filename = re.split(r"[/\\]", filename)[-1]
    return Upload(
        filename=filename,
        content=form.file.content,
        content_type=form.file.content_type,
        sha256=hashlib.sha256(form.file.content).hexdigest(),
        # Of a refused upload, the journal shows what was sent, without the default.
        purpose=form.purpose if refusal else purpose,
        fields=form.fields,
        expires_after=expires_after,
        refusal=refusal,
    )


def _list(request: Request, profile: Profile) -> List:
    query = {
        name: value
        for name, value in parse_query(request.query).items()
        if name in _LIST_PARAMETERS and profile[_LIST_PARAMETERS[name]] == "honoured"
    }
    limit, order = query.get("limit"), query.get("order")
    # Where the profile doesn't refuse an invalid value, it counts as not given.
    refusal = None
    if limit is not None and not _is_limit(limit) and profile["errors.bad_limit"]:
        refusal = Refusal("bad_limit", {"value": limit})
    elif order not in (None, "asc", "desc") and profile["errors.bad_order"]:
        refusal = Refusal("bad_order", {"value": order})
    return List(
        purpose=query.get("purpose"),
        after=query.get("after"),
        limit=int(limit) if limit is not None and _is_limit(limit) else MOST_PER_PAGE,
        ascending=(order if order in ("asc", "desc") else profile["list.order"]) == "asc",
        refusal=refusal,
    )


_LIST_PARAMETERS = {
    "purpose": "list.purpose_filter",
    "limit": "list.limit",
    "order": "list.order_parameter",
    "after": "list.after",
}
"""Parameter → the behaviour that says whether it has an effect."""


def _stubbed(stub: Stub, request: Request) -> Stubbed:
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    try:
        parsed = json.loads(body) if body else None
    # Not refused: only the test author knows what this route takes. Python can't parse what is
    # nested too deeply.
    except (ValueError, RecursionError):
        parsed = None
    return Stubbed(stub=stub, request=request, body=body, json=parsed)


def parse_query(query: str) -> Mapping[str, str]:
    """The parameters, decoded; of a repeated one the last value."""
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def _is_limit(value: str) -> bool:
    # Not isdigit(), which takes digits of every script; and int() refuses very long numbers.
    return re.fullmatch("[0-9]{1,9}", value) is not None and 1 <= int(value) <= MOST_PER_PAGE
