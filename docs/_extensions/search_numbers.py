"""The search finds numbers: `413` and `429` are what people look for here.

Sphinx leaves them out twice, of the index and of what is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

_LEFT_OUT = r" || queryTerm.match(/^\d+$/)"


class SearchWithNumbers(SearchEnglish):
    """English, in which a number is a word."""

    def word_filter(self, word: str) -> bool:
        """Whether the word is in the index."""
        return word not in self.stopwords


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_search_language(SearchWithNumbers)
    app.connect("build-finished", _ask_for_numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _ask_for_numbers(app: Sphinx, error: Exception | None) -> None:
    script = Path(app.outdir, "_static", "searchtools.js")
    if error is None and script.exists():
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace(_LEFT_OUT, ""), encoding="utf-8")
