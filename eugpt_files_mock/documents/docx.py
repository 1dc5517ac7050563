"""The smallest word-processing document that Word opens: one part, without styles."""

from __future__ import annotations

from collections.abc import Sequence

from .draft import Author, Draft
from .open_packaging import XML, package, text_element
from .prose import paragraphs
from .topic import Topic

_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TITLE_STYLE = '<w:rPr><w:b/><w:sz w:val="32"/></w:rPr>'


def docx(topic: Topic, author: Author) -> Draft:
    """A title and paragraphs."""
    head = f'{XML}<w:document xmlns:w="{_WORDS}"><w:body>{_paragraph(topic.title, _TITLE_STYLE)}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_paragraph(closing)}</w:body></w:document>"
        document = head.encode() + b"".join(items) + tail.encode()
        kind = "wordprocessingml.document.main"
        return package("word/document.xml", {"word/document.xml": (kind, document)})

    return Draft(
        items=[_paragraph(text).encode() for text in paragraphs(author)],
        wrap=wrap,
        closing=author.sentence(),
    )


def _paragraph(text: str, style: str = "") -> str:
    return f"<w:p><w:r>{style}{text_element('w:t', text)}</w:r></w:p>"
