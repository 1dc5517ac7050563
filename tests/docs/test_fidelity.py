"""`docs/fidelity.md` is complete: every behaviour, route and option of the wire is graded there."""

from __future__ import annotations

import re

import pytest

from eugpt_files_mock.model.profile import BEHAVIOURS
from eugpt_files_mock.options import OPTIONS
from eugpt_files_mock.service.operations import OPERATIONS

from .blocks import ROOT

FIDELITY = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")

OF_THE_TEST = {
    "allow_network", "passthrough", "seed", "clock", "max_calls", "assert_all_faults_fired",
    "assert_all_requests_known", "isolate_by_key",
}  # fmt: skip
"""Options that change nothing on the wire."""


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
def test_every_behaviour_is_graded(behaviour: str) -> None:
    """A new one fails here until the page says how much is known about it."""
    assert f"| `{behaviour}` |" in FIDELITY


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - OF_THE_TEST))
def test_every_option_that_shows_on_the_wire_is_graded(option: str) -> None:
    """Those of the test itself, such as `clock`, imitate nothing, and are left out."""
    named = {"base_url": "base URL"}.get(option, option)
    assert named in FIDELITY


def test_every_route_is_graded() -> None:
    """Those of one file share a heading; each has its request."""
    for route in OPERATIONS:
        assert f"`{route.method} /v1{route.path}`" in FIDELITY


def test_every_line_has_a_grade() -> None:
    """Without one, a reader would take a guess for a fact."""
    lines = [line for line in FIDELITY.splitlines() if line.startswith("| ")]
    ungraded = [
        line
        for line in lines
        if not re.search(r"\| (D|3P|guess|REC|SPEC|ISS|known from|---)(: .+|; .+)? \|$", line)
    ]
    assert lines
    assert [] == ungraded
