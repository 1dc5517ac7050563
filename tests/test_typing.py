"""The public API for a type checker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import eugpt_files_mock


def test_the_public_api_is_typed_as_the_contract_says() -> None:
    """Every `assert_type` holds, and every call that is wrong is one for mypy too."""
    file = Path(__file__).parent / "typing" / "public_api.py"
    # Without a cache: that of an earlier state of the code once gave another kind of error.
    words = ["--strict", "--warn-unused-ignores", f"--cache-dir={os.devnull}", str(file)]
    command = [sys.executable, "-m", "mypy", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def test_it_says_that_it_is_typed() -> None:
    """Without the marker file type checkers ignore every annotation (PEP 561)."""
    assert (Path(eugpt_files_mock.__file__).parent / "py.typed").exists()
