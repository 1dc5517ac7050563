"""Invented documents: a Faker provider, with writers that need no library.

from eugpt_files_mock.documents import DocumentProvider

fake = Faker()
fake.add_provider(DocumentProvider)
fake.document(".pdf")

Importing this imports Faker; the rest of the package doesn't, until a document is asked for.
"""

from collections.abc import Iterable
from typing import NamedTuple

from faker.providers import BaseProvider

from ..errors import OptionError, unknown_word
from ..model.headers import content_type_of
from .draft import Topic, written
from .writers import KINDS, Kind

__all__ = ["SUFFIXES", "Document", "DocumentProvider"]

SUFFIXES = tuple(KINDS)

LARGEST = 2**28
"""Bytes; beyond it common readers give up."""


def checked_kind(suffix: str) -> Kind:
    """The kind with that suffix."""
    # Looked for in the tuple, as what was given need not be hashable.
    if suffix not in SUFFIXES:
        raise unknown_word("suffix", suffix, SUFFIXES)
    return KINDS[suffix]


def check_size(size: int | None, suffixes: Iterable[str]) -> None:
    """Check that documents of all these suffixes can have that size."""
    if size is None:
        return
    if isinstance(size, bool) or not isinstance(size, int):
        raise OptionError(f"size is a whole number of bytes, not {size!r}.", word=size)
    for suffix in suffixes:
        smallest = KINDS[suffix].smallest
        if not smallest <= size <= LARGEST:
            raise OptionError(
                f"size {size}: a {suffix} can have {smallest} to {LARGEST} bytes.", word=size
            )


class Document(NamedTuple):
    """An invented document. As a tuple it is what httpx, requests and the `openai` SDK take for
    a file: `httpx.post(url, files={"file": document})`.
    """

    filename: str
    content: bytes
    content_type: str


class DocumentProvider(BaseProvider):
    """Documents that open in real readers, for `Faker.add_provider`.

    They repeat with Faker's own seed, byte for byte with the same releases of Python and Faker.
    Their words are those of Faker's locale. A PDF embeds no font: outside Western scripts its
    text is Latin.
    """

    def document(self, suffix: str = ".pdf", size: int | None = None) -> Document:
        """A document with a name.

        Args:
            suffix: one of `eugpt_files_mock.documents.SUFFIXES`.
            size: its exact length in bytes; by default what it happens to have.

        Raises:
            OptionError: for an unknown suffix, or a size in which no such document fits.
        """
        kind = checked_kind(suffix)
        check_size(size, [suffix])
        topic = Topic.of(self.generator, kind.subjects)
        filename = topic.stem + suffix
        return Document(
            filename=filename,
            content=written(kind.draft(topic, self.generator), size),
            content_type=content_type_of(filename),
        )

    def document_name(self, suffix: str = ".pdf") -> str:
        """A filename alone, such as `quarterly-report-smith-inc-2023-04-17.pdf`.

        Raises:
            OptionError: for an unknown suffix.
        """
        return Topic.of(self.generator, checked_kind(suffix).subjects).stem + suffix
