"""The examples run in their own frameworks, and the documentation shows each of them."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"


def test_the_unittest_example_runs_without_pytest():
    """In a process of its own, in which each warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", HERE / "test_with_unittest.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.endswith("\nOK\n")


@pytest.mark.parametrize(
    "example", sorted(path.name for path in HERE.glob("test_*.py") if path != Path(__file__))
)
def test_the_recipes_list_the_example(example):
    """A new example fails here until it is in the documentation."""
    assert f"tests/examples/{example}" in (DOCS / "how-to" / "recipes.md").read_text("utf-8")
