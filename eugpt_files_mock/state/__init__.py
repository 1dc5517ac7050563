"""What changes while the fake runs. Each module owns one thing and its lock."""

from collections.abc import Sequence
from typing import Any

_MOST_ROWS = 10
"""The first and the last few are shown."""


def html_table(columns: Sequence[str], rows: Sequence[Any], caption: str) -> str:
    """These attributes of each row, as HTML; of many rows the first five and the last five."""
    # Late, as few people look at a mock in a notebook.
    from html import escape

    def cells(row: Any) -> str:
        values = (getattr(row, name) for name in columns)
        return "".join(f"<td>{'' if one is None else escape(str(one))}</td>" for one in values)

    half = _MOST_ROWS // 2
    left_out = len(rows) - _MOST_ROWS
    shown = [f"<tr>{cells(row)}</tr>" for row in rows]
    if left_out > 0:
        more = f'<tr><td colspan="{len(columns)}">… {left_out} more</td></tr>'
        shown = [*shown[:half], more, *shown[-half:]]
    head = "".join(f"<th>{name}</th>" for name in columns)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(shown)}</tbody></table>"
    )
