"""The network guard under pytest."""

from __future__ import annotations

import pytest

from .conftest import Run

CODE = """
import socket
from eugpt_files_mock import NetworkRefused

def asks():
    try:
        socket.getaddrinfo("chat.eugpt.ai", 443)
    except NetworkRefused:
        return False
    except OSError:
        pass  # no network where the tests run
    return True

def test_before():
    assert asks()

@pytest.mark.parametrize("name", ["eugpt_files", "eugpt_files_server"])
def test_fixture(request, name):
    request.getfixturevalue(name)

def test_after():
    assert asks() is ALLOWED
"""


@pytest.mark.parametrize("option", ["", "--eugpt-allow-network"])
def test_the_guard_stays_on_after_a_fixture_was_used(run: Run, option: str) -> None:
    """So that a thread that outlives its test is refused; an option switches it off."""
    code = CODE.replace("ALLOWED", str(bool(option)))
    run(code, *[option] * bool(option)).assert_outcomes(passed=4)
