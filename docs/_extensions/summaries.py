"""What each page is about, in a sentence: for search engines, and for `llms.txt`.

The sentence is the page's first paragraph, so that nobody has to write or update it twice.
`llms.txt` (https://llmstxt.org) is an index of the pages for language models.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_LONGEST = 155
"""Search engines cut a longer description."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("html-page-context", _describe)
    app.connect("build-finished", _write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if doctree is not None:
        summary = escape(_summary(doctree), quote=True)
        context["metatags"] += f'\n<meta name="description" content="{summary}">'


def _summary(doctree: nodes.document) -> str:
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) <= _LONGEST:
            return text
        return text[:_LONGEST].rpartition(" ")[0] + " …"
    return ""


def _write_index(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        pages = sorted(app.env.found_docs, key=lambda page: (page != app.config.root_doc, page))
        lines = [f"# {app.config.project}", "", *(_entry(app, page) for page in pages)]
        Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _entry(app: Sphinx, page: str) -> str:
    title = app.env.titles[page].astext()
    summary = _summary(app.env.get_doctree(page))
    return f"- [{title}]({app.builder.get_target_uri(page)}): {summary}"
