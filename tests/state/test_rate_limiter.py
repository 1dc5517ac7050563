"""The sliding window of each key."""

from __future__ import annotations

from eugpt_files_mock import FilesMock
from eugpt_files_mock.state.rate_limiter import RateLimiter

from ..service_requests import purpose_part, send, upload


def test_as_many_requests_are_admitted_as_the_limit_says() -> None:
    """The next one waits until the first is as old as the window, in whole seconds."""
    now = 100.0
    limiter = RateLimiter((2, 10.0), lambda: now)
    assert [0, 0, 10] == [limiter.seconds_to_wait("key") for _ in range(3)]
    now = 109.5
    assert 1 == limiter.seconds_to_wait("key")
    now = 110.0
    assert 0 == limiter.seconds_to_wait("key")


def test_a_clock_that_goes_back_keeps_nobody_out() -> None:
    """Such as freezegun's: what was admitted in its future is outside of the window."""
    now = 1_700_000_000.0
    limiter = RateLimiter((1, 10.0), lambda: now)
    assert [0, 10] == [limiter.seconds_to_wait("key") for _ in range(2)]
    now = 1_500_000_000.0
    assert [0, 10] == [limiter.seconds_to_wait("key") for _ in range(2)]
    now = 1_700_000_001.0
    assert 0 == limiter.seconds_to_wait("key")


def test_a_reset_empties_the_windows() -> None:
    """A test that begins anew is not limited by what the one before it sent."""
    mock = FilesMock(rate_limit=(1, 60))
    assert [200, 429] == [send(mock, "GET", "/files").status for _ in range(2)]
    mock.reset()
    assert 200 == send(mock, "GET", "/files").status


def test_a_request_for_an_unknown_route_does_not_count() -> None:
    """The route is checked before the window: it would answer 429 for a route that isn't there."""
    mock = FilesMock(rate_limit=(1, 60))
    assert [404, 200, 404] == [send(mock, "GET", path).status for path in ("/x", "/files", "/x")]


def test_a_request_without_a_valid_key_does_not_count() -> None:
    """Nobody can use up the limit of a key without having it."""
    mock = FilesMock(rate_limit=(1, 60), api_keys=["eugpt_right"])
    keys = ("eugpt_wrong", "eugpt_right", "eugpt_wrong")
    assert [401, 200, 401] == [send(mock, "GET", "/files", key=key).status for key in keys]


def test_a_request_that_asks_for_what_cannot_be_done_counts() -> None:
    """The window is before the work, and so before what is wrong with it."""
    mock = FilesMock(rate_limit=(1, 60))
    assert [400, 429] == [upload(mock, purpose_part()).status for _ in range(2)]
