"""The public API for a type checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import eugpt_files_mock


def test_the_public_api_is_typed_as_the_contract_says() -> None:
    """Every `assert_type` holds, and every call that is wrong is one for mypy too."""
    file = Path(__file__).parent / "typing" / "public_api.py"
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def test_it_says_that_it_is_typed() -> None:
    """Without the marker file type checkers ignore every annotation (PEP 561)."""
    assert (Path(eugpt_files_mock.__file__).parent / "py.typed").exists()
