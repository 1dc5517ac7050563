"""The parts of the pages that are written by `python -m tests.docs.refresh`, and how.

A part stands between two comments. The first says what it is made from, so that whoever reads the
Markdown in the repository has the text before them, and whoever edits it knows where it comes from:

    <!-- generated: table options -->
    …
    <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from os.path import relpath
from pathlib import Path

from .tables import TABLES

ROOT = Path(__file__).parents[2]

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<kind>\w+) (?P<of>[^\n]+) -->\n)"
    r"(?P<text>.*?)"
    r"(?P<end><!-- end -->\n)",
    re.DOTALL,
)
_LANGUAGES = {".py": "python", ".mjs": "javascript", ".txt": "text"}


def _table(of: str, page: Path) -> str:
    return TABLES[of]()


def _file(of: str, page: Path) -> str:
    """A whole file, and where it is."""
    link = relpath(ROOT / of, page.parent).replace("\\", "/")
    source = (ROOT / of).read_text(encoding="utf-8")
    return f"[{of}]({link}):\n\n{_fenced(_LANGUAGES[Path(of).suffix], source)}"


def _message(of: str, page: Path) -> str:
    """One of the messages to the author of a test."""
    messages = (ROOT / "tests" / "messages.txt").read_text(encoding="utf-8")
    _, _, found = messages.partition(f"== {of} ==\n")
    assert found, f"no message {of!r} in tests/messages.txt"
    return _fenced("text", found.partition("\n== ")[0])


KINDS: dict[str, Callable[[str, Path], str]] = {
    "table": _table,
    "file": _file,
    "message": _message,
}
"""What a part can be; each function gives Markdown."""


def refreshed(page: Path) -> str:
    """The page's text, with its parts as they are now."""
    return _PART.sub(lambda part: _written(part, page), page.read_text(encoding="utf-8"))


def _written(part: re.Match[str], page: Path) -> str:
    text = KINDS[part["kind"]](part["of"], page)
    return f"{part['begin']}\n{text.strip()}\n\n{part['end']}"


def parts(text: str) -> Iterator[tuple[str, str]]:
    """What the parts of a page are: each one's kind, and of what."""
    return ((part["kind"], part["of"]) for part in _PART.finditer(text))


def spans(text: str) -> list[range]:
    """Where the parts of a page are."""
    return [range(*part.span()) for part in _PART.finditer(text)]


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"
