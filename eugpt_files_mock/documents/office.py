"""The smallest `.docx` and `.xlsx` that Word and Excel open: one part, or one sheet, no styles.

Both are a zip of XML parts (ECMA-376, part 2).
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from .draft import Author, Draft, Topic
from .text import COLUMNS, paragraphs, records

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
    head = f'{_XML}<w:document xmlns:w="{_WORDS}"><w:body>{_paragraph(topic.title, _TITLE_STYLE)}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_paragraph(closing)}</w:body></w:document>"
        document = head.encode() + b"".join(items) + tail.encode()
        kind = "wordprocessingml.document.main"
        return _package("word/document.xml", {"word/document.xml": (kind, document)})

    return Draft(
        items=[_paragraph(text).encode() for text in paragraphs(author)],
        wrap=wrap,
        closing=author.sentence(),
    )


def _paragraph(text: str, style: str = "") -> str:
    return f"<w:p><w:r>{style}{_text('w:t', text)}</w:r></w:p>"


def xlsx(topic: Topic, author: Author) -> Draft:
    """A header and a row for each record."""
    *first, last = records(author)
    head = f'{_XML}<worksheet xmlns="{_SHEETS}"><sheetData>{_row(COLUMNS)}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_row((last | {'note': closing}).values())}</sheetData></worksheet>"
        return _workbook(head.encode() + b"".join(items) + tail.encode())

    return Draft(
        items=[_row(record.values()).encode() for record in first],
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


def _row(values: Iterable[str | int | float]) -> str:
    return f"<row>{''.join(_cell(value) for value in values)}</row>"


def _cell(value: str | float) -> str:
    # Inline, so that no part with shared strings is needed.
    if isinstance(value, str):
        return f'<c t="inlineStr"><is>{_text("t", value)}</is></c>'
    return f"<c><v>{value}</v></c>"


def _text(name: str, text: str) -> str:
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
