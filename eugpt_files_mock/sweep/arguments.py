"""What the author of a sweep wrote, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import OptionError, quoted, unknown_word
from .failures import Failure
from .judge import REASONS
from .plan import cell_matches


def exceptions(given: Any) -> tuple[type[BaseException], ...]:
    several = (given,) if isinstance(given, (type, str)) else given
    try:
        made = tuple(several)
    except TypeError:
        made = (given,)
    for one in made:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise OptionError(f"expect must be exceptions, got {quoted(one)}.", word=one)
    return made


def texts(label: str, given: Any) -> list[str]:
    several = [given] if isinstance(given, str) else given
    if not isinstance(several, Iterable) or isinstance(several, (bytes, bytearray)):
        several = [several]
    words = list(several)
    for word in words:
        if not isinstance(word, str) or not word.strip():
            raise OptionError(
                f"{label} takes texts, such as 'upload report.pdf/lost', got {quoted(word)}.",
                word=word,
            )
    return words


def check_cells(failures: Sequence[Failure], *, allow: Iterable[str], only: Iterable[str]) -> None:
    """Refuse what names no cell, and no reason."""
    names = [failure.name for failure in failures]
    for word in only:
        if "/" not in word:
            raise OptionError(
                f"only must name cells, such as 'upload report.pdf/lost', got {quoted(word)}.",
                word=word,
            )
    for word in allow:
        if "/" not in word and word not in REASONS:
            raise unknown_word("reason to allow", word, REASONS)
    for word in (*only, *allow):
        column = word.rpartition("/")[2].strip()
        if "/" in word and not any(cell_matches(f"x/{column}", f"x/{name}") for name in names):
            raise unknown_word("failure", column, names)
