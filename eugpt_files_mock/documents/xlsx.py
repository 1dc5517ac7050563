"""The smallest workbook that Excel opens: one sheet, its texts in the cells, without styles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .draft import Author, Draft
from .open_packaging import RELATIONSHIPS, XML, package, relationships, text_element
from .records import COLUMNS, records
from .topic import Topic

_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORKBOOK = (
    f'{XML}<workbook xmlns="{_SHEETS}" xmlns:r="{RELATIONSHIPS}">'
    '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def xlsx(topic: Topic, author: Author) -> Draft:
    """A header and a row for each record."""
    *first, last = records(author)
    head = f'{XML}<worksheet xmlns="{_SHEETS}"><sheetData>{_row(COLUMNS)}'

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        tail = f"{_row((last | {'note': closing}).values())}</sheetData></worksheet>"
        return _workbook(head.encode() + b"".join(items) + tail.encode())

    return Draft(
        items=[_row(record.values()).encode() for record in first],
        wrap=wrap,
        closing=str(last["note"]),
    )


def _workbook(sheet: bytes) -> bytes:
    return package(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": ("spreadsheetml.sheet.main", _WORKBOOK.encode()),
            "xl/_rels/workbook.xml.rels": ("", relationships("worksheet", "worksheets/sheet1.xml")),
            "xl/worksheets/sheet1.xml": ("spreadsheetml.worksheet", sheet),
        },
    )


def _row(values: Iterable[str | int | float]) -> str:
    return f"<row>{''.join(_cell(value) for value in values)}</row>"


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is>{text_element("t", value)}</is></c>'
    return f"<c><v>{value}</v></c>"
