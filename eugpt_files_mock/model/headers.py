"""Header fields: the content types that we know, and the fields that a test author gives, checked.

What could not be sent is refused at once.
"""

import re
from collections.abc import Mapping
from os.path import splitext
from typing import Any

from ..errors import OptionError, quoted

JSON, TEXT, HTML, BYTES, EVENTS = (
    "application/json",
    "text/plain; charset=utf-8",
    "text/html; charset=utf-8",
    "application/octet-stream",
    "text/event-stream",
)
"""What we answer with."""

CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".png": "image/png",
}
"""As registered with IANA; that of `.jsonl` is the one commonly used."""


def content_type_of(filename: str) -> str:
    """Such as `application/pdf`; for an unknown one `application/octet-stream`."""
    known = CONTENT_TYPES.get(splitext(filename)[1].lower())
    if known is not None:
        return known
    # It reads the tables of the machine, which differ, so it comes second.
    from mimetypes import guess_type

    return guess_type(filename)[0] or "application/octet-stream"


_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, 5.6.2)."""

_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
"""Latin-1 without control characters, and without space around it (RFC 9110, 5.5)."""

_FRAMING = ("content-length", "transfer-encoding", "connection")
"""Header fields that the body and the connection decide."""


def header_pairs(label: str, headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """The fields in their order, if they can be sent."""
    if headers is None:
        return ()
    if not isinstance(headers, Mapping):
        raise OptionError(
            f"{label}: headers must map names to values, got {headers!r}.", word=headers
        )
    return tuple(_pair(label, name, value) for name, value in headers.items())


def _pair(label: str, name: Any, value: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise OptionError(
            f"{label}: the name of a header must be a token, such as 'X-Cache'; "
            f"got {quoted(name)}.",
            word=name,
        )
    if name.lower() in _FRAMING:
        raise OptionError(
            f"{label}: {name} says how the answer is sent, and cannot be set. "
            "For a body cut short, use truncated().",
            word=name,
        )
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise OptionError(
            f"{label}: the value of {name} must be a string of Latin-1 characters, without line "
            f"breaks and without spaces around it; got {quoted(value)}.",
            word=value,
        )
    return name, value
