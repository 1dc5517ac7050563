"""What is public has a test, a line of docs, and an error for an unknown argument."""

from __future__ import annotations

import inspect
import re
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from eugpt_files_mock import ArmedFault, FilesMock, OptionError, Stub
from eugpt_files_mock.faults import FAULTS
from eugpt_files_mock.lifecycle import ServerContext
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.state.file_store import Files
from eugpt_files_mock.state.journal import Calls
from eugpt_files_mock.verdict.verdict import Verdict

ROOT = Path(__file__).parents[1]

CLASSES = (FilesMock, Files, Calls, ArmedFault, Stub, ServerContext, Verdict)

FOR_THE_PLUGIN = {(ServerContext, "end_waits"), (Verdict, "blamed")}
"""Not hidden, as another package of ours calls them; no author needs them."""

MEMBERS = [
    (kind, name)
    for kind in CLASSES
    for name, member in vars(kind).items()
    if not name.startswith("_") and (callable(member) or isinstance(member, property))
    if (kind, name) not in FOR_THE_PLUGIN
]


@cache
def text_of(pattern: str) -> str:
    """All that these files say, but this one."""
    files = sorted(ROOT.glob(pattern))
    return "\n".join(path.read_text("utf-8") for path in files if path != Path(__file__))


@pytest.mark.parametrize(("kind", "name"), MEMBERS, ids=lambda one: getattr(one, "__name__", one))
def test_a_public_member_is_used_in_a_test(kind: type, name: str) -> None:
    """By its name: what nobody calls may break without anybody noticing."""
    assert re.search(rf"\.{name}\b", text_of("tests/**/*.py"))


@pytest.mark.parametrize(("kind", "name"), MEMBERS, ids=lambda one: getattr(one, "__name__", one))
def test_a_public_member_has_a_line_of_docs(kind: type, name: str) -> None:
    """On a page, not only in the reference that is made of the docstrings."""
    assert re.search(rf"\b{name}\b", text_of("docs/**/*.md") + text_of("README.md"))


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_used_in_a_test(name: str) -> None:
    """By its name. The faults are: tests go through their table."""
    assert re.search(rf"\b{name}\b", text_of("tests/**/*.py"))


@pytest.mark.parametrize("name", [*OPTIONS, *FAULTS])
def test_an_option_and_a_fault_have_a_line_of_docs(name: str) -> None:
    """Of the tables, at least."""
    assert re.search(rf"\b{name}\b", text_of("docs/**/*.md"))


def _takes_any_word(method: Any) -> bool:
    kinds = [one.kind for one in inspect.signature(method).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, method in inspect.getmembers(FilesMock, inspect.isfunction)
        if not name.startswith("_") and not _takes_any_word(method)
    ],
)
def test_a_method_says_which_argument_it_does_not_know(name: str) -> None:
    """By our own error, which names no class of ours. Those that take fields check these."""
    check_unknown_argument(getattr(FilesMock(), name))


@pytest.mark.parametrize("view", ["files.get", "files.named", "calls.to"])
def test_a_view_says_which_argument_it_does_not_know(view: str) -> None:
    """As the methods of the mock do."""
    check_unknown_argument(attrgetter(view)(FilesMock()))


def check_unknown_argument(method: Any) -> None:
    with pytest.raises(OptionError) as refused:
        method(no_such_argument=1)
    assert "no_such_argument" in str(refused.value)
    assert not re.search(r"FilesMock\.|Files\.|Calls\.", str(refused.value))
