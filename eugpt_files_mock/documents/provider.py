"""The Faker provider."""

from typing import NamedTuple

from faker.providers import BaseProvider

from ..model.headers import CONTENT_TYPES
from .draft import Topic, written
from .kinds import checked_kind, checked_size


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
        checked_size(size, [suffix])
        topic = Topic.of(self.generator, kind.subjects)
        return Document(
            filename=topic.stem + suffix,
            content=written(kind.draft(topic, self.generator), size),
            content_type=CONTENT_TYPES[suffix],
        )

    def document_name(self, suffix: str = ".pdf") -> str:
        """A filename alone, such as `quarterly-report-smith-inc-2023-04-17.pdf`.

        Raises:
            OptionError: for an unknown suffix.
        """
        return Topic.of(self.generator, checked_kind(suffix).subjects).stem + suffix
