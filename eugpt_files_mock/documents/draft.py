"""What a document is about, its parts, and how it is brought to a size.

Nothing is compressed, so that sizes add up, and the bytes don't depend on the machine's zlib.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

Author = Any
"""A Faker generator; its methods come from providers, and have no types."""

_FIRST_DAY = date(2020, 1, 1)
_DAYS = 5 * 365
"""A range of its own: Faker's dates are counted from today, and would not repeat tomorrow."""

# Bounded, so that the smallest size of each kind is enough for every name.
_LONGEST_COMPANY = 40

_FILLER = "This text fills the file up to the size that was asked for. "
"""ASCII, and nothing that any format would have to escape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject, of a company, on a day."""

    subject: str
    company: str
    day: str

    @classmethod
    def of(cls, author: Author, subjects: Sequence[str]) -> "Topic":
        """One of the subjects, with an invented company and day."""
        return cls(
            # The random of Faker, which its seed decides.
            subject=author.random.choice(subjects),
            company=author.company()[:_LONGEST_COMPANY],
            day=day(author),
        )

    @property
    def title(self) -> str:
        """Such as `Quarterly report, Smith Inc, 2023-04-17`."""
        return f"{self.subject}, {self.company}, {self.day}"

    @property
    def stem(self) -> str:
        """The title as a filename: lower-case ASCII letters, digits and hyphens."""
        # Accents become characters of their own, which `ignore` drops.
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")


def day(author: Author) -> str:
    """A day, such as `2023-04-17`."""
    return (_FIRST_DAY + timedelta(days=author.random.randrange(_DAYS))).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document before it is written.

    Attributes:
        items: its paragraphs, records, pages or rows of pixels.
        wrap: makes the file from items and a closing text. Each item adds its length and always
            the same number of bytes more; each character of an ASCII closing text adds one.
        closing: the closing text when no size is asked for.
    """

    items: list[bytes]
    wrap: Callable[[Sequence[bytes], str], bytes]
    closing: str = ""


def written(draft: Draft, size: int | None) -> bytes:
    """The file. With a `size` it has exactly that many bytes: items are repeated as often as they
    fit, and a text fills the rest.
    """
    if size is None:
        return draft.wrap(draft.items, draft.closing)
    # Measured, not known: each kind adds something of its own to an item.
    empty = len(draft.wrap([], ""))
    overhead = len(draft.wrap([b""], "")) - empty
    items, rest = _fitting(draft.items, overhead, size - empty)
    return draft.wrap(items, (_FILLER * (rest // len(_FILLER) + 1))[:rest])


def _fitting(items: list[bytes], overhead: int, room: int) -> tuple[list[bytes], int]:
    """The items that fit, beginning again after the last one, and the bytes that are left over."""
    ends = list(accumulate((len(item) + overhead for item in items), initial=0))
    rounds, rest = divmod(room, ends[-1])
    more = bisect_right(ends, rest) - 1
    return items * rounds + items[:more], rest - ends[more]
