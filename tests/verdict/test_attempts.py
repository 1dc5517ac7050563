"""Which requests are attempts at one call."""

from __future__ import annotations

import httpx
import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.verdict.attempts import grouped


@pytest.mark.parametrize(("seconds", "calls"), [(119, 1), (121, 2)])
def test_a_request_that_comes_later_than_any_client_waits_is_no_retry(
    mock: FilesMock, seconds: float, calls: int
) -> None:
    """A program that is run again sends the same requests: nothing was tried again."""
    for _ in range(2):
        httpx.get(f"{mock.base_url}/files")
    first, second = mock._service.journal.records()
    later = second._replace(started=first.started + seconds)
    assert calls == len(grouped([first, later]))
