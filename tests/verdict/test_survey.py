"""The table of what well-known clients do is still true for those that are installed here."""

from __future__ import annotations

from typing import Any

import pytest

from .survey import HERE_INSTALLED, QUICK, recorded, surveyed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", HERE_INSTALLED)
def test_the_verdict_on_a_real_client_is_the_recorded_one(name: str) -> None:
    """With its defaults; in the cases that cost little time."""
    measured = surveyed(name, titles=QUICK)
    assert {case: _untimed(recorded()[name][case]) for case in QUICK} == {
        case: _untimed(measured[case]) for case in QUICK
    }


def _untimed(told: dict[str, Any]) -> dict[str, Any]:
    """On a busy machine even a retry at once comes late."""
    return told | {"findings": [kind for kind in told["findings"] if kind != "no_backoff"]}
