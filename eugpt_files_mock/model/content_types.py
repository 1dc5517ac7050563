"""Which content type a filename has, the same on each machine for the common ones."""

from __future__ import annotations

import mimetypes
from os.path import splitext

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
"""As registered with IANA; of `.jsonl`, as commonly used."""


def content_type_of(filename: str) -> str:
    """The content type; `mimetypes` reads tables of the machine, and so comes second."""
    known = CONTENT_TYPES.get(splitext(filename)[1].lower())
    return known or mimetypes.guess_type(filename)[0] or "application/octet-stream"
