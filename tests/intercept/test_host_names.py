"""A host is ours in each of its spellings, whichever a client turns it into."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import requests

from eugpt_files_mock import FilesMock

AUTH = {"Authorization": "Bearer eugpt_test"}
SPELLINGS = [
    "http://bücher.localhost/v1",
    "http://BÜCHER.localhost/v1",
    "http://xn--bcher-kva.localhost/v1",
    "http://bücher.localhost./v1",
]


@pytest.mark.parametrize("asked", SPELLINGS)
@pytest.mark.parametrize("given", SPELLINGS)
@pytest.mark.parametrize("library", [httpx, requests])
def test_an_international_host_is_ours_in_unicode_and_in_ascii(
    library: Any, given: str, asked: str
) -> None:
    with FilesMock(base_url=given) as mock:
        assert 200 == library.get(f"{asked}/files", headers=AUTH, timeout=1).status_code
        assert 1 == len(mock.calls)


@pytest.mark.parametrize("library", [httpx, requests])
def test_a_dot_at_the_end_of_a_host_changes_nothing(library: Any) -> None:
    with FilesMock():
        answer = library.get("https://chat.eugpt.ai./v1/files", headers=AUTH, timeout=1)
        assert 200 == answer.status_code


def test_a_host_that_no_client_can_write_is_nobodys() -> None:
    with FilesMock(base_url=f"http://{'ü' * 99}.localhost/v1") as mock:
        with pytest.raises(requests.exceptions.InvalidURL):
            requests.get(f"{mock.base_url}/files", timeout=1)
        assert 0 == len(mock.calls)
