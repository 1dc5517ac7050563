"""The kinds of documents, one table, and what writes each of them without a library.

In plain text, of paragraphs: `.txt`, `.md`, `.html`; of records: `.csv`, `.json`, `.jsonl`. Then
`.docx` and `.xlsx`, `.pdf`, and `.png`.
"""

import csv
import io
import json
import struct
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from faker.providers.lorem.la import Provider as Latin

from .draft import Author, Draft, Topic, day

_PARAGRAPHS = 6


def paragraphs(author: Author) -> list[str]:
    """A few paragraphs in the language of the author."""
    return [author.paragraph(nb_sentences=6) for _ in range(_PARAGRAPHS)]


def plain_text(topic: Topic, author: Author) -> Draft:
    """A `.txt`: the title, then paragraphs, with an empty line between them."""
    return _text(topic.title, author)


def markdown(topic: Topic, author: Author) -> Draft:
    """A `.md`: as plain text, with the title as a heading."""
    return _text(f"# {topic.title}", author)


def _text(heading: str, author: Author) -> Draft:
    return Draft(
        items=[f"{text}\n\n".encode() for text in (heading, *paragraphs(author))],
        wrap=lambda items, closing: b"".join(items) + closing.encode(),
        closing=f"{author.sentence()}\n",
    )


def html(topic: Topic, author: Author) -> Draft:
    """A `.html`: one page with a heading and paragraphs."""
    title = escape(topic.title)
    head = (
        '<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8">'
        f"<title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
    )

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_html_paragraph(closing)}</body>\n</html>\n"
        return head.encode() + b"".join(items) + tail.encode()

    return Draft(
        items=[_html_paragraph(text).encode() for text in paragraphs(author)],
        wrap=wrap,
        closing=author.sentence(),
    )


def _html_paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"


Record = dict[str, str | int | float]

COLUMNS = ("number", "date", "customer", "city", "amount", "note")

_RECORDS = 12
_LONGEST_NAME = 40


def records(author: Author) -> list[Record]:
    """A few records, each with a value for each of `COLUMNS`."""
    return [_record(author) for _ in range(_RECORDS)]


def _record(author: Author) -> Record:
    return {
        "number": author.random.randrange(10_000, 100_000),
        "date": day(author),
        "customer": author.name()[:_LONGEST_NAME],
        "city": author.city()[:_LONGEST_NAME],
        "amount": author.random.randrange(100, 1_000_000) / 100,
        "note": author.sentence(),
    }


def comma_separated(topic: Topic, author: Author) -> Draft:
    """A `.csv` with a header, in UTF-8, as RFC 4180 says."""
    # The closing text is the note of the last record.
    *first, last = records(author)
    header = _csv_row(COLUMNS)

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        return header + b"".join(items) + _csv_row((last | {"note": closing}).values())

    return Draft(
        items=[_csv_row(record.values()) for record in first], wrap=wrap, closing=str(last["note"])
    )


def _csv_row(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def json_object(topic: Topic, author: Author) -> Draft:
    """A `.json`: one object, with a title and a list of records."""
    head = f'{{"title": {_json(topic.title)}, "records": [\n'
    return _json_records(author, head=head, separator=",\n", tail="\n]}\n")


def json_lines(topic: Topic, author: Author) -> Draft:
    """A `.jsonl`: a record on each line."""
    return _json_records(author, head="", separator="\n", tail="\n")


def _json_records(author: Author, *, head: str, separator: str, tail: str) -> Draft:
    # No separator follows the last record, so it can't be one of the items.
    *first, last = records(author)

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        end = _json(last | {"note": closing}) + tail
        return head.encode() + b"".join(items) + end.encode()

    return Draft(
        items=[f"{_json(record)}{separator}".encode() for record in first],
        wrap=wrap,
        closing=str(last["note"]),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


# The smallest `.docx` and `.xlsx` that Word and Excel open: one part, or one sheet, no styles. Both
# are a zip of XML parts (ECMA-376, part 2).

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OPENXML = "application/vnd.openxmlformats-officedocument"
_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TITLE_STYLE = '<w:rPr><w:b/><w:sz w:val="32"/></w:rPr>'
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = (
    f'{_XML}<workbook xmlns="{_SHEETS}" xmlns:r="{_RELATIONSHIPS}">'
    '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def docx(topic: Topic, author: Author) -> Draft:
    """A title and paragraphs."""
    title = _word_paragraph(topic.title, _TITLE_STYLE)
    head = f'{_XML}<w:document xmlns:w="{_WORDS}"><w:body>{title}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_word_paragraph(closing)}</w:body></w:document>"
        document = head.encode() + b"".join(items) + tail.encode()
        kind = "wordprocessingml.document.main"
        return _package("word/document.xml", {"word/document.xml": (kind, document)})

    return Draft(
        items=[_word_paragraph(text).encode() for text in paragraphs(author)],
        wrap=wrap,
        closing=author.sentence(),
    )


def _word_paragraph(text: str, style: str = "") -> str:
    return f"<w:p><w:r>{style}{_xml_text('w:t', text)}</w:r></w:p>"


def xlsx(topic: Topic, author: Author) -> Draft:
    """A header and a row for each record."""
    *first, last = records(author)
    head = f'{_XML}<worksheet xmlns="{_SHEETS}"><sheetData>{_sheet_row(COLUMNS)}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_sheet_row((last | {'note': closing}).values())}</sheetData></worksheet>"
        return _workbook(head.encode() + b"".join(items) + tail.encode())

    return Draft(
        items=[_sheet_row(record.values()).encode() for record in first],
        wrap=wrap,
        closing=str(last["note"]),
    )


def _workbook(sheet: bytes) -> bytes:
    relations = _relationships("worksheet", "worksheets/sheet1.xml")
    return _package(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": ("spreadsheetml.sheet.main", _BOOK.encode()),
            "xl/_rels/workbook.xml.rels": ("", relations),
            "xl/worksheets/sheet1.xml": ("spreadsheetml.worksheet", sheet),
        },
    )


def _sheet_row(values: Iterable[str | int | float]) -> str:
    return f"<row>{''.join(_sheet_cell(value) for value in values)}</row>"


def _sheet_cell(value: str | float) -> str:
    # Inline, so that no part with shared strings is needed.
    if isinstance(value, str):
        return f'<c t="inlineStr"><is>{_xml_text("t", value)}</is></c>'
    return f"<c><v>{value}</v></c>"


def _xml_text(name: str, text: str) -> str:
    """An element with text, in which spaces are kept."""
    return f'<{name} xml:space="preserve">{escape(text, quote=False)}</{name}>'


def _package(main: str, parts: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The file; a reader begins with the part `main`.

    `parts` maps names to kinds, such as `wordprocessingml.document.main`, and contents. A part
    without a kind is recognised by its suffix.
    """
    kinds = {name: kind for name, (kind, _) in parts.items() if kind}
    entries = {
        "[Content_Types].xml": _content_types(kinds),
        "_rels/.rels": _relationships("officeDocument", main),
        **{name: content for name, (_, content) in parts.items()},
    }
    return _zip(entries)


def _relationships(kind: str, target: str) -> bytes:
    """The part that says where one other part is."""
    return (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONSHIPS}/{kind}" Target="{target}"/>'
        "</Relationships>"
    ).encode()


def _content_types(kinds: Mapping[str, str]) -> bytes:
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_OPENXML}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>"
    ).encode()


def _zip(entries: Mapping[str, bytes]) -> bytes:
    """Not compressed, so that sizes add up."""
    # A fixed date and system, which zipfile would take from the machine: so the bytes repeat.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, _FIRST_DAY_OF_ZIP)
            entry.create_system = 0
            archive.writestr(entry, content)
    return buffer.getvalue()


# PDF 1.4 with a title page and pages of text in Helvetica, which every reader has. Numbers have a
# fixed width, so that each page adds the same number of bytes.

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
        return _pdf_file([cover, *pages], comment=closing)

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


def _pdf_file(pages: Sequence[bytes], comment: str) -> bytes:
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


# A bar chart as PNG (RFC 2083): true colour, its rows stored without compression.

_BARS = 8
_BAR_WIDTH = 20
_WIDTH, _HEIGHT = _BARS * _BAR_WIDTH, 96
_WHITE = b"\xff\xff\xff"
_NO_FILTER = b"\x00"
_ZLIB_HEADER = b"\x78\x01"
# An empty block is the last one, so that those of the rows are all alike.
_LAST_BLOCK = b"\x01\x00\x00\xff\xff"


def png(topic: Topic, author: Author) -> Draft:
    """Bars in different colours. A closing text is a comment, which no viewer shows."""
    # One row always stays, as a picture without any is invalid.
    first, *rows = _chart(author)
    title = _chunk(b"tEXt", b"Title\0" + topic.stem.encode("ascii"))

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        comment = _chunk(b"tEXt", b"Comment\0" + closing.encode("ascii"))
        return _png_file([first, *items], title + comment)

    return Draft(items=rows, wrap=wrap)


def _chart(author: Author) -> list[bytes]:
    """The rows of pixels, from the top."""
    bars = [
        (author.random.randrange(_HEIGHT), bytes(author.random.randrange(256) for _ in range(3)))
        for _ in range(_BARS)
    ]
    return [
        _NO_FILTER + b"".join((colour if y >= top else _WHITE) * _BAR_WIDTH for top, colour in bars)
        for y in range(_HEIGHT)
    ]


def _png_file(rows: Sequence[bytes], comments: bytes) -> bytes:
    eight_bits_rgb = struct.pack(">IIBBBBB", _WIDTH, len(rows), 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", eight_bits_rgb)
        + comments
        + _chunk(b"IDAT", _stored(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _stored(rows: Sequence[bytes]) -> bytes:
    """A zlib stream (RFC 1950) with a stored block for each row: each adds the same length."""
    # The length comes twice, the second time inverted (RFC 1951, 3.2.4).
    blocks = b"".join(struct.pack("<BHH", 0, len(row), len(row) ^ 0xFFFF) + row for row in rows)
    return _ZLIB_HEADER + blocks + _LAST_BLOCK + struct.pack(">I", zlib.adler32(b"".join(rows)))


# The table.

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
