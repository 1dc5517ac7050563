"""Measure, and print the table: `python -m benchmarks [--rounds N] [part …]`."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

from . import (
    clients,
    entering,
    growth,
    large_uploads,
    moved_suite,
    parsers,
    ports,
    sdk,
    start_up,
)
from .measure import Unavailable
from .table import HEAD, Row

PARTS = {
    "clients": clients,
    "sdk": sdk,
    "entering": entering,
    "ports": ports,
    "growth": growth,
    "large_uploads": large_uploads,
    "start_up": start_up,
    "moved_suite": moved_suite,
    "parsers": parsers,
}


def main() -> None:
    """Print each line as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of each comparison (20)")
    parser.add_argument(
        "part",
        nargs="*",
        choices=[*PARTS, []],
        metavar="part",
        help=f"{', '.join(PARTS)}; all when none is named",
    )
    words = parser.parse_args()
    print(_surroundings(), HEAD, sep="\n\n")
    for part in words.part or PARTS:
        for row in PARTS[part].rows():
            print(_line(row, words.rounds), flush=True)


def _line(row: Row, rounds: int) -> str:
    try:
        return row.line(rounds)
    except Unavailable as reason:
        return f"| {row.what} | {row.against} | | skipped | {reason} | |"


def _surroundings() -> str:
    names = ("httpx", "requests", "respx", "responses", "werkzeug", "multipart", "pytest")
    return f"Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in names
    )


if __name__ == "__main__":
    main()
