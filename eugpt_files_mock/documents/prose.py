"""Documents of paragraphs in plain text: `.txt`, `.md`, `.html`."""

from collections.abc import Sequence
from html import escape

from .draft import Author, Draft, Topic

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
