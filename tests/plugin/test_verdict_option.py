"""`--eugpt-verdict`, in runs of pytest of their own."""

from __future__ import annotations

import re

import pytest

from .conftest import Run

TESTS = """
from eugpt_files_mock import faults

def test_of_a_retry_at_once(eugpt_files):
    eugpt_files.inject(faults.server_error(), "upload")
    with httpx.Client(timeout=5) as client:
        assert [500, 200] == [upload(client).status_code for _ in range(2)]

def test_of_a_retry_in_vain(eugpt_files_server):
    eugpt_files_server.inject(faults.bad_request(), "upload")
    upload()
    upload()

def test_without_a_fault(eugpt_files):
    upload(requests)

def test_that_fails_anyway(eugpt_files):
    eugpt_files.inject(faults.rate_limited(), "upload")
    upload()
    upload()
    assert False, "for a reason of its own"
"""


def test_without_the_option_nothing_is_said_of_the_tests_that_pass(run: Run) -> None:
    """A failed test shows the attempts at each call."""
    result = run(TESTS)
    result.assert_outcomes(passed=3, failed=1)
    assert "verdict" not in result.stdout.str()
    result.stdout.fnmatch_lines(["Attempts at one call:", "upload a.txt: 429, 200"])


@pytest.mark.parametrize(
    ("option", "passed"),
    [("--eugpt-verdict", 3), ("--eugpt-verdict=error", 2), ("--eugpt-verdict=warning", 1)],
)
def test_the_verdict_on_each_test_that_met_a_fault_is_printed(
    run: Run, option: str, passed: int
) -> None:
    """And fails it, when it has findings of that level."""
    result = run(TESTS, option)
    result.assert_outcomes(passed=passed, failed=4 - passed)
    result.stdout.fnmatch_lines(["*EU GPT Files verdicts*"])
    _, _, printed = result.stdout.str().partition("EU GPT Files verdicts")
    assert "::test_of_a_retry_at_once\nwarning no_backoff: " in printed
    assert "::test_of_a_retry_in_vain\nerror retried_non_retryable: " in printed
    assert "::test_that_fails_anyway\nwarning files_left: " in printed
    assert "::test_without_a_fault" not in printed
    assert "for a reason of its own" in result.stdout.str()


@pytest.mark.parametrize("fixture", ["eugpt_files", "eugpt_files_server"])
def test_what_a_test_allows_itself_is_allowed_by_the_option_too(run: Run, fixture: str) -> None:
    """But not to the next test."""
    code = """
from eugpt_files_mock import faults

def test_a_it_allows(FIXTURE):
    FIXTURE.inject(faults.bad_request(), "upload", times=2)
    upload()
    upload()
    FIXTURE.assert_resilient(allow=["retried_non_retryable"])

def test_b_it_does_not(FIXTURE):
    FIXTURE.inject(faults.bad_request(), "upload", times=2)
    upload()
    upload()
""".replace("FIXTURE", fixture)
    result = run(code, "--eugpt-verdict=error", "-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_b_it_does_not*"])


def test_workers_hand_their_verdicts_over(run: Run) -> None:
    """pytest-xdist sends reports as JSON."""
    result = run(TESTS, "-n1", "--eugpt-verdict=error", beside=["xdist.plugin"])
    result.assert_outcomes(passed=2, failed=2)
    assert "error retried_non_retryable: " in result.stdout.str()


def test_an_unknown_level_is_refused(run: Run) -> None:
    """By pytest, with the levels that there are."""
    result = run(TESTS, "--eugpt-verdict=eror")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--eugpt-verdict can't be 'eror'. Did you mean 'error'? Valid: --eugpt-verdict=report, *"]
    )


@pytest.mark.parametrize(
    ("after", "status", "said"),
    [
        (".", 0, "No findings|gave_up"),
        ("test_it.py", 0, "gave_up"),
        ("nowhere", pytest.ExitCode.USAGE_ERROR, "Its value may be left out"),
    ],
)
def test_the_level_may_be_left_out_before_what_is_run(
    run: Run, after: str, status: int, said: str
) -> None:
    """Argparse by itself would take the folder for the level."""
    code = """
def test_given_up(eugpt_files):
    from eugpt_files_mock import faults
    eugpt_files.inject(faults.unavailable(), "upload")
    upload()
"""
    result = run(code, "--eugpt-verdict", after)
    assert status == result.ret
    assert re.search(said, result.stdout.str() + result.stderr.str())
