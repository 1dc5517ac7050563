"""What a request asks for, read from its path, query and body: one command for each operation.

A request that cannot be carried out still becomes a command: it says what is known, and carries
the refusal that it deserves. So a fault can hit it first, and the journal can name the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ..model.messages import Request
from .multipart import read_form
from .refusals import Refused, shown

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
    refusal: Refused | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Show a page of the files."""

    purpose: str | None = None
    after: str | None = None
    limit: int = MOST_PER_PAGE
    ascending: bool = False
    refusal: Refused | None = None


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


Command = Upload | List | Retrieve | Download | Delete


def parse(operation: str, request: Request, file_id: str | None, *, pages: bool) -> Command:
    """The command of a request.

    Args:
        operation: which of the five.
        request: what arrived.
        file_id: from the path.
        pages: whether `limit`, `after` and `order` have an effect.
    """
    if operation == "upload":
        return _upload(request)
    if operation == "list":
        return _list(request, pages=pages)
    return _ON_ONE_FILE[operation](file_id=file_id)


_ON_ONE_FILE: dict[str, Callable[..., Command]] = {
    "retrieve": Retrieve,
    "download": Download,
    "delete": Delete,
}


def _upload(request: Request) -> Upload:
    try:
        form = read_form(request.headers.get("content-type"), request.body)
    except Refused as unreadable:
        return Upload(refusal=unreadable)
    if form.file is None:
        nothing = Refused("missing_file", "The form has no part 'file' with a filename.")
        return Upload(purpose=form.purpose, refusal=nothing)
    refusal = (
        None
        if form.purpose
        else Refused("missing_purpose", "The form has no 'purpose', or an empty one.")
    )
    return Upload(
        filename=form.file.filename,
        content=form.file.content,
        content_type=form.file.content_type,
        sha256=hashlib.sha256(form.file.content).hexdigest(),
        purpose=form.purpose,
        refusal=refusal,
    )


def _list(request: Request, *, pages: bool) -> List:
    query = parse_query(request.query)
    purpose = query.get("purpose")
    if not pages:
        return List(purpose=purpose)
    try:
        limit = _limit(query.get("limit"))
        ascending = _ascending(query.get("order"))
    except Refused as refusal:
        return List(purpose=purpose, refusal=refusal)
    return List(purpose=purpose, after=query.get("after"), limit=limit, ascending=ascending)


def parse_query(query: str) -> Mapping[str, str]:
    """The parameters, decoded; of a repeated one the last value."""
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def _limit(value: str | None) -> int:
    if value is None:
        return MOST_PER_PAGE
    if value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= MOST_PER_PAGE:
        return int(value)
    raise Refused("invalid_parameter", f"'limit' must be 1 to {MOST_PER_PAGE}, not {shown(value)}.")


def _ascending(value: str | None) -> bool:
    if value in (None, "asc", "desc"):
        return value == "asc"
    raise Refused(
        "invalid_parameter", f"'order' must be 'asc' or 'desc', not {shown(value or '')}."
    )
