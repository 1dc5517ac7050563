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


@pytest.mark.parametrize(
    ("second", "option", "host", "allowed"),
    [
        ("(eugpt_files)", "", "chat.eugpt.ai", False),
        ("(eugpt_files_server)", "", "api.eugpt.ai", False),
        ("(eugpt_files)", "", "files.example", True),
        ("(marked)", "", "files.example", False),
        ("(eugpt_files)", "--eugpt-allow-network", "chat.eugpt.ai", True),
        ("()", "", "chat.eugpt.ai", True),
    ],
)
def test_the_guard_is_on_from_the_end_of_collection(
    run: Run, second: str, option: str, host: str, allowed: bool
) -> None:
    """If a test of the run uses a fixture of ours: an earlier one may have forgotten it."""
    code = f"""
import socket
from eugpt_files_mock import NetworkRefused

@pytest.fixture
def marked(eugpt_files):
    return eugpt_files

def test_that_forgot_the_fixture(monkeypatch):
    try:
        socket.getaddrinfo("{host}", 443)
    except NetworkRefused:
        assert not {allowed}
    except OSError:
        assert {allowed}

@pytest.mark.parametrize("_", [0])
def test_later{second.replace("(", "(_, ")}:
    pass
"""
    if second == "(marked)":
        code = code.replace(
            '@pytest.mark.parametrize("_"',
            '@pytest.mark.eugpt_files(base_url="https://files.example/v1")\n'
            '@pytest.mark.parametrize("_"',
        )
    run(code, *([option] if option else [])).assert_outcomes(passed=2)
