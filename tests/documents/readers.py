"""A real reader for each suffix: it takes the bytes, and gives what a person would see first."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import docx
import openpyxl
import pypdf
from PIL import Image


def read_pdf(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content), strict=True).pages
    return "\n".join(page.extract_text() for page in pages)


def read_docx(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def read_xlsx(content: bytes) -> str:
    rows = openpyxl.load_workbook(io.BytesIO(content)).active.values
    return _table(rows)


def read_csv(content: bytes) -> str:
    return _table(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def read_json(content: bytes) -> str:
    document = json.loads(content)
    return _records(document["records"], document["title"])


def read_jsonl(content: bytes) -> str:
    lines = content.decode().splitlines()
    return _records([json.loads(line) for line in lines])


def read_text(content: bytes) -> str:
    return content.decode()


def read_html(content: bytes) -> str:
    page = _Page()
    page.feed(content.decode())
    page.close()
    assert page.open == []
    return "\n".join(page.texts)


def read_png(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.getcolors(), "a chart has few colours"
        return f"{image.info['Title']}\n{image.width} x {image.height}"


def _table(rows: object) -> str:
    header, *records = [tuple(row) for row in rows]
    assert {len(header)} == {len(record) for record in records}
    return "\n".join(map(str, (header, *records)))


def _records(records: list[dict[str, object]], title: str = "") -> str:
    assert {tuple(record) for record in records} == {tuple(records[0])}
    return "\n".join([title, *map(str, records)])


class _Page(HTMLParser):
    """Its texts, and the elements that are still open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag != "meta":  # it has no end
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, text: str) -> None:
        self.texts.append(text)


READERS = {
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".xlsx": read_xlsx,
    ".csv": read_csv,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".txt": read_text,
    ".md": read_text,
    ".html": read_html,
    ".png": read_png,
}
