"""What `pyproject.toml` says of the oldest releases is what CI runs the tests with."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def test_each_lower_bound_is_a_pin_of_the_oldest_versions() -> None:
    """Otherwise a bound could promise a release that CI has never run the tests with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    # Without an upper bound, and without the systems and Pythons that it is for.
    lines = [re.split(r"[,;]", line)[0] for line in project["dependencies"]]
    bounds = dict(line.split(">=") for line in lines)
    # Other packages that the tests need ask for a newer one.
    del bounds["typing-extensions"]
    pins = dict(
        line.split("==")
        for line in (ROOT / ".ci" / "oldest.txt").read_text().splitlines()
        if not line.startswith("#")
    )

    assert {name: _padded(bound) for name, bound in bounds.items()} == pins


def _padded(bound: str) -> str:
    return bound + ".0" * (2 - bound.count("."))
