"""Documents in plain text.

Of paragraphs: `.txt`, `.md`, `.html`. Of records: `.csv`, `.json`, `.jsonl`.
"""

import csv
import io
import json
from collections.abc import Sequence
from html import escape

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
        tail = f"{_paragraph(closing)}</body>\n</html>\n"
        return head.encode() + b"".join(items) + tail.encode()

    return Draft(
        items=[_paragraph(text).encode() for text in paragraphs(author)],
        wrap=wrap,
        closing=author.sentence(),
    )


def _paragraph(text: str) -> str:
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
    header = _row(COLUMNS)

    def wrap(items: Sequence[bytes], closing: str) -> bytes:
        return header + b"".join(items) + _row((last | {"note": closing}).values())

    return Draft(
        items=[_row(record.values()) for record in first], wrap=wrap, closing=str(last["note"])
    )


def _row(values: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)  # type: ignore[arg-type]
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
