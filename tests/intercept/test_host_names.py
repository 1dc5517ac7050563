"""A host is ours in each of its spellings, whichever a client turns it into."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import requests

from eugpt_files_mock import FilesMock

from .tools.clients import GET

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
    """Such a host comes in Unicode from httpx, in ASCII from requests; neither may get out."""
    with FilesMock(base_url=given) as mock:
        assert 200 == library.get(f"{asked}/files", headers=AUTH, timeout=1).status_code
        assert 1 == len(mock.calls)


@pytest.mark.parametrize("library", [httpx, requests])
def test_a_dot_at_the_end_of_a_host_changes_nothing(library: Any) -> None:
    """The dot only says that the name is complete; clients send it as it was typed."""
    with FilesMock():
        answer = library.get("https://chat.eugpt.ai./v1/files", headers=AUTH, timeout=1)
        assert 200 == answer.status_code


def test_a_host_that_no_client_can_write_is_nobodys() -> None:
    """A label of 99 letters has no ASCII form: the mock starts, and requests refuses the URL."""
    with FilesMock(base_url=f"http://{'ü' * 99}.localhost/v1") as mock:
        with pytest.raises(requests.exceptions.InvalidURL):
            requests.get(f"{mock.base_url}/files", timeout=1)
        assert 0 == len(mock.calls)


@pytest.mark.parametrize("url", ["http://chat.eugpt.ai:443/v1", "https://chat.eugpt.ai:80/v1"])
@pytest.mark.parametrize("client", GET)
def test_the_port_of_the_other_scheme_is_ours_too(client: str, url: str) -> None:
    """80 and 443 count as one port, so that no mix of scheme and port reaches the service."""
    pytest.importorskip(client.split(maxsplit=1)[0])
    with FilesMock() as mock:
        assert '"list"' in GET[client](f"{url}/files")
        mock.assert_called("list", times=1)


@pytest.mark.parametrize("asked", ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::0.0.0.1]"])
@pytest.mark.parametrize("client", GET)
def test_an_address_of_ipv6_is_ours_in_each_spelling(client: str, asked: str) -> None:
    """The spellings are compared in the one form that RFC 5952 recommends."""
    pytest.importorskip(client.split(maxsplit=1)[0])
    with FilesMock(base_url="http://[0:0::1]:8080/v1") as mock:
        assert '"list"' in GET[client](f"http://{asked}:8080/v1/files")
        mock.assert_called("list", times=1)
