"""What a document is about: its title and its filename are made from it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .draft import Author

_FIRST_DAY = date(2020, 1, 1)
_DAYS = 5 * 365
"""A range of its own: Faker's dates are counted from today, and would not repeat tomorrow."""

_LONGEST_COMPANY = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject, of a company, on a day."""

    subject: str
    company: str
    day: str

    @classmethod
    def of(cls, author: Author, subjects: Sequence[str]) -> Topic:
        """One of the subjects, with an invented company and day."""
        return cls(
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
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")


def day(author: Author) -> str:
    """A day, such as `2023-04-17`."""
    return (_FIRST_DAY + timedelta(days=author.random.randrange(_DAYS))).isoformat()
