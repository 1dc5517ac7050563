"""What a request asks for, read from its path, query and body: one command for each operation.

A request that cannot be carried out still becomes a command: it says what is known, and carries
the refusal that it deserves. So a fault can hit it first, and the journal can name the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ..errors import quoted
from ..model.messages import Request
from ..options import Options
from .multipart import Form, read_form
from .refusals import Refusal, Refused
from .routes import RouteMatch

MOST_PER_PAGE = 10_000
"""The largest `limit`, and the one without (guess, after OpenAI)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Store a file."""

    filename: str | None = None
    content: bytes | None = None
    content_type: str | None = None
    sha256: str | None = None
    purpose: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
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
class Retrieve:
    """Show a file."""

    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Give the content of a file."""

    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a file."""

    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unroutable:
    """Nothing: no route has this path and method."""


Command = Upload | List | Retrieve | Download | Delete | Unroutable


def parse(
    route: RouteMatch, request: Request, headers: Mapping[str, str], options: Options
) -> Command:
    """The command of a request.

    Args:
        route: what its path and method mean.
        request: what arrived.
        headers: those of the request, by lower-case name.
        options: say whether `limit`, `after` and `order` have an effect.
    """
    if route.operation == "upload":
        return _upload(request, headers.get("content-type"))
    if route.operation == "list":
        return _list(request, paginated=options.pagination == "honoured")
    if route.operation is None:
        return _UNROUTABLE
    return _ON_ONE_FILE[route.operation](file_id=route.file_id)


_UNROUTABLE = Unroutable()

_ON_ONE_FILE: dict[str, Callable[..., Command]] = {
    "retrieve": Retrieve,
    "download": Download,
    "delete": Delete,
}


def _upload(request: Request, content_type: str | None) -> Upload:
    try:
        form = read_form(content_type, request.body)
    except Refused as unreadable:
        return Upload(refusal=unreadable.refusal)
    file = form.file
    if file is None:
        missing = Refusal("missing_file", "The form has no part 'file' with a filename.")
        return Upload(purpose=form.purpose, fields=form.fields, refusal=missing)
    return Upload(
        filename=file.filename,
        content=file.content,
        content_type=file.content_type,
        sha256=hashlib.sha256(file.content).hexdigest(),
        purpose=form.purpose,
        fields=form.fields,
        refusal=_purpose_refusal(form),
    )


def _purpose_refusal(form: Form) -> Refusal | None:
    if form.purpose:
        return None
    return Refusal("missing_purpose", "The form has no 'purpose', or an empty one.")


def _list(request: Request, *, paginated: bool) -> List:
    query = parse_query(request.query)
    purpose = query.get("purpose")
    if not paginated:
        return List(purpose=purpose)
    try:
        limit = _limit(query.get("limit"))
        ascending = _ascending(query.get("order"))
    except Refused as refused:
        return List(purpose=purpose, refusal=refused.refusal)
    return List(purpose=purpose, after=query.get("after"), limit=limit, ascending=ascending)


def parse_query(query: str) -> Mapping[str, str]:
    """The parameters, decoded; of a repeated one the last value."""
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def _limit(value: str | None) -> int:
    if value is None:
        return MOST_PER_PAGE
    if value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= MOST_PER_PAGE:
        return int(value)
    raise _invalid(f"'limit' must be 1 to {MOST_PER_PAGE}, not {quoted(value)}.")


def _ascending(value: str | None) -> bool:
    if value in (None, "asc", "desc"):
        return value == "asc"
    raise _invalid(f"'order' must be 'asc' or 'desc', not {quoted(value)}.")


def _invalid(message: str) -> Refused:
    return Refused(Refusal("invalid_parameter", message))
