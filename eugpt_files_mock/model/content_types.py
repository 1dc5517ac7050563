"""The content type of a filename; for the common ones it is the same on every machine."""

import mimetypes
from os.path import splitext

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
    # `mimetypes` reads the tables of the machine, which differ, so it comes second.
    known = CONTENT_TYPES.get(splitext(filename)[1].lower())
    return known or mimetypes.guess_type(filename)[0] or "application/octet-stream"
