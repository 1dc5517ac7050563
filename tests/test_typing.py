"""The public API for a type checker."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import eugpt_files_mock
from eugpt_files_mock import faults


def test_the_public_api_is_typed_as_the_contract_says() -> None:
    """Every `assert_type` holds, and every call that is wrong is one for mypy too."""
    file = Path(__file__).parent / "typing" / "public_api.py"
    # Without a cache: that of an earlier state of the code once gave another kind of error.
    words = ["--strict", "--warn-unused-ignores", f"--cache-dir={os.devnull}", str(file)]
    command = [sys.executable, "-m", "mypy", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Those that a user can call, by their names: functions, methods, properties."""
    for name in eugpt_files_mock.__all__:
        named = getattr(eugpt_files_mock, name)
        if inspect.isfunction(named):
            yield name, named
        members = inspect.getmembers(named) if inspect.isclass(named) else []
        for member, value in members:
            function = value.fget if isinstance(value, property) else value
            is_special = member.startswith("__") and value is not getattr(object, member, None)
            if inspect.isfunction(function) and (is_special or not member.startswith("_")):
                yield f"{name}.{member}", function
    for name in faults.__all__:
        yield f"faults.{name}", getattr(faults, name)


@pytest.mark.parametrize(
    "function", [one for _, one in functions()], ids=[n for n, _ in functions()]
)
def test_annotations_can_be_read_at_run_time(function: Callable[..., Any]) -> None:
    """As typeguard and beartype do, which check the arguments of calls in tests."""
    get_type_hints(function)


def test_it_says_that_it_is_typed() -> None:
    """Without the marker file type checkers ignore every annotation (PEP 561)."""
    assert (Path(eugpt_files_mock.__file__).parent / "py.typed").exists()
