"""Third-party tools and a mock, entered and left in every order; the docs show the table.

In every order our call is answered, and seen by the tool; another host is reached; and when both
are left, nothing is left of either.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from .tools.real_server import real_server
from .tools.table import TOOLS
from .tools.tool import Tool
from .tools.trial import FIRST, trial

pytestmark = pytest.mark.slow

HERE = [
    pytest.param(tool, first, left_first, id=f"{tool.name}-{tool.client}-{first}-{left_first}")
    for tool in TOOLS
    for first in FIRST
    for left_first in FIRST
    if not (tool.own_process or (tool.is_nested and first == left_first == "tool"))
]
ELSEWHERE = [
    pytest.param(tool, first, id=f"{tool.name}-{tool.client}-{first}")
    for tool in TOOLS
    for first in FIRST
    if tool.own_process
]


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    with real_server() as base_url:
        yield base_url


def _import_or_skip(tool: Tool) -> None:
    for name in (tool.needs, tool.client.split()[0]):
        pytest.importorskip(name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("tool", "first", "left_first"), HERE)
def test_a_tool_and_a_mock_work_side_by_side(
    tool: Tool, first: str, left_first: str, real: str
) -> None:
    """In each order that the tool allows: some must be left after a mock that started later."""
    _import_or_skip(tool)
    trial(tool, real, first, left_first)


@pytest.mark.parametrize(("tool", "first"), ELSEWHERE)
def test_a_tool_that_changes_its_process_works_beside_a_mock(
    tool: Tool, first: str, real: str
) -> None:
    """Such a tool can't be switched off, so each case has a Python process of its own."""
    _import_or_skip(tool)
    arguments = ["-m", "tests.intercept.tools", tool.name, tool.client, first, real]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
