"""PDF 1.4 with a title page and pages of text in Helvetica, which every reader has.

Numbers have a fixed width, so that each page adds the same number of bytes.
"""

import textwrap
from collections.abc import Iterable, Sequence

from faker.providers.lorem.la import Provider as Latin

from .draft import Author, Draft, Topic
from .text import paragraphs

# What fits on A4 (595 by 842 points) in Helvetica of 11 points.
_CHARACTERS_PER_LINE = 88
_LINES_PER_PAGE = 48

_CATALOG = b"<< /Type /Catalog /Pages 000002 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_PAGE = (
    b"<< /Type /Page /Parent 000002 0 R /MediaBox [0 0 595 842] "
    b"/Resources << /Font << /F1 000003 0 R >> >> /Contents %06d 0 R >>"
)
_FIRST_PAGE = 4
"""Its object's number; the catalog, the tree of pages and the font come first."""


def pdf(topic: Topic, author: Author) -> Draft:
    """A title page, then the text. A closing text is a comment, which no reader shows."""
    cover = _shown((topic.subject, topic.company, topic.day), font_size=24)

    def wrap(pages: Sequence[bytes], closing: str) -> bytes:
        return _file([cover, *pages], comment=closing)

    return Draft(items=_pages(_western_paragraphs(author)), wrap=wrap)


def _western_paragraphs(author: Author) -> list[str]:
    """The author's words if Helvetica can show them, else Latin ones."""
    texts = paragraphs(author)
    return texts if all(map(_is_western, texts)) else paragraphs(Latin(author))


def _is_western(text: str) -> bool:
    """Whether all of it is in the font's encoding."""
    return text.encode("cp1252", "ignore").decode("cp1252") == text


def _pages(texts: Iterable[str]) -> list[bytes]:
    lines = [line for text in texts for line in (*textwrap.wrap(text, _CHARACTERS_PER_LINE), "")]
    return [
        _shown(lines[first : first + _LINES_PER_PAGE], font_size=11)
        for first in range(0, len(lines), _LINES_PER_PAGE)
    ]


def _shown(lines: Iterable[str], font_size: int) -> bytes:
    """The drawing of one page. What Helvetica cannot show is left out."""
    # The operator ' begins a new line and shows the text.
    shown = b"".join(_literal(line) + b" '\n" for line in lines if _is_western(line))
    return b"BT /F1 %d Tf %d TL 56 786 Td\n%bET" % (font_size, font_size * 3 // 2, shown)


def _literal(text: str) -> bytes:
    for special in ("\\", "(", ")"):
        text = text.replace(special, f"\\{special}")
    return b"(%b)" % text.encode("cp1252")


def _file(pages: Sequence[bytes], comment: str) -> bytes:
    numbers = range(_FIRST_PAGE, _FIRST_PAGE + 2 * len(pages), 2)
    kids = b" ".join(b"%06d 0 R" % number for number in numbers)
    tree = b"<< /Type /Pages /Count %06d /Kids [%b] >>" % (len(pages), kids)
    objects = [_CATALOG, tree, _FONT]
    for number, drawing in zip(numbers, pages, strict=True):
        stream = b"<< /Length %06d >>\nstream\n%b\nendstream" % (len(drawing), drawing)
        objects += [_PAGE % (number + 1), stream]
    return _with_index(objects, comment)


def _with_index(objects: Sequence[bytes], comment: str) -> bytes:
    """The objects, where each begins, and where that index begins."""
    # Four bytes above 127 tell other programs that the file is binary (PDF 1.4, 3.4.1).
    content = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    # An entry has exactly 20 bytes, its space before the line feed included (3.4.3).
    index = [b"0000000000 65535 f \n"]
    for number, value in enumerate(objects, 1):
        index.append(b"%010d 00000 n \n" % len(content))
        content += b"%06d 0 obj\n%b\nendobj\n" % (number, value)
    begin = len(content)
    content += b"xref\n0 %06d\n%b" % (len(index), b"".join(index))
    content += b"trailer\n<< /Root 000001 0 R /Size %06d >>\n" % len(index)
    content += b"%% %b\nstartxref\n%010d\n%%%%EOF\n" % (comment.encode("ascii"), begin)
    return bytes(content)
