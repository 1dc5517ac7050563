"""Values as a table, for notebooks."""

from collections.abc import Sequence
from html import escape
from typing import Any

_MOST_ROWS = 10
"""The first and the last few are shown."""


def html_table(columns: Sequence[str], rows: Sequence[Any], caption: str) -> str:
    """These attributes of each row, as HTML; of many rows the first five and the last five."""
    half = _MOST_ROWS // 2
    left_out = len(rows) - _MOST_ROWS
    shown = [_row(row, columns) for row in rows]
    if left_out > 0:
        more = f'<tr><td colspan="{len(columns)}">… {left_out} more</td></tr>'
        shown = [*shown[:half], more, *shown[-half:]]
    head = "".join(f"<th>{name}</th>" for name in columns)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(shown)}</tbody></table>"
    )


def _row(row: Any, columns: Sequence[str]) -> str:
    values = (getattr(row, name) for name in columns)
    cells = ("" if value is None else escape(str(value)) for value in values)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
