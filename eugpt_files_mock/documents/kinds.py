"""The kinds of documents, by suffix: one table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import OptionError, unknown_word
from .draft import Author, Draft, Topic
from .office import docx, xlsx
from .pdf import pdf
from .png import png
from .prose import html, markdown, plain_text
from .records import comma_separated, json_lines, json_object

LARGEST = 2**28
"""Bytes; beyond it common readers give up."""

_LETTERS = ("Annual report", "Contract", "Invoice", "Meeting notes", "Offer", "Quarterly report")
_NOTES = ("Checklist", "Guide", "Meeting notes", "Release notes", "Summary")
_TABLES = ("Customers", "Expenses", "Inventory", "Orders", "Payments", "Shipments")
_CHARTS = ("Costs", "Forecast", "Revenue", "Survey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One line of the table. Every document of this kind fits into `smallest` bytes."""

    draft: Callable[[Topic, Author], Draft]
    subjects: tuple[str, ...]
    smallest: int


KINDS = {
    ".pdf": Kind(draft=pdf, subjects=_LETTERS, smallest=1024),
    ".docx": Kind(draft=docx, subjects=_LETTERS, smallest=2048),
    ".xlsx": Kind(draft=xlsx, subjects=_TABLES, smallest=4096),
    ".csv": Kind(draft=comma_separated, subjects=_TABLES, smallest=512),
    ".json": Kind(draft=json_object, subjects=_TABLES, smallest=1024),
    ".jsonl": Kind(draft=json_lines, subjects=_TABLES, smallest=512),
    ".txt": Kind(draft=plain_text, subjects=_NOTES, smallest=0),
    ".md": Kind(draft=markdown, subjects=_NOTES, smallest=0),
    ".html": Kind(draft=html, subjects=_NOTES, smallest=1024),
    ".png": Kind(draft=png, subjects=_CHARTS, smallest=1024),
}

SUFFIXES = tuple(KINDS)


def checked_kind(suffix: str) -> Kind:
    """The kind with that suffix."""
    # Looked for in the tuple, as what was given need not be hashable.
    if suffix not in SUFFIXES:
        raise unknown_word("suffix", suffix, SUFFIXES)
    return KINDS[suffix]


def checked_size(size: int | None, suffixes: Iterable[str]) -> int | None:
    """The size, if documents of all these suffixes can have it."""
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int):
        raise OptionError(f"size is a whole number of bytes, not {size!r}.", word=size)
    for suffix in suffixes:
        smallest = KINDS[suffix].smallest
        if not smallest <= size <= LARGEST:
            raise OptionError(
                f"size {size}: a {suffix} can have {smallest} to {LARGEST} bytes.", word=size
            )
    return size
