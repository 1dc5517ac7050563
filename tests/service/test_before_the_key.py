"""What happens to requests before their key is looked at, and what is kept of their keys."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock, OptionError, faults


def test_a_fault_hits_a_request_without_a_key() -> None:
    """As a broken network does; one that is addressed to a user doesn't."""
    with FilesMock(api_keys={"eugpt_a": "alice"}) as mock:
        mock.inject(faults.forbidden(), on="list", user="alice", optional=True)
        mock.inject([faults.connection_reset(), faults.unavailable()], on="list")
        with pytest.raises(httpx.ReadError):
            httpx.get(f"{mock.base_url}/files")
        statuses = [httpx.get(f"{mock.base_url}/files").status_code for _ in range(2)]

    assert [503, 401] == statuses


def test_secrets_are_redacted_wherever_they_are_sent() -> None:
    """In headers and parameters by their name; an accepted key also inside a longer word."""
    key, token = "eugpt_0123456789", "admin-token-0123"
    with FilesMock(api_keys=[key]).serve(admin_token=token) as mock:
        httpx.get(
            f"{mock.base_url}/files",
            params={"api_key": "other-secret", "purpose": f"x{key}x", "order": token},
            headers={"X-Auth-Token": "third-secret", "X-Trace": f"before{key}after{token}"},
        )
        call = mock.calls.last
    kept = f"{call.headers.pairs} {dict(call.query)}"
    for secret in (key, token, "other-secret", "third-secret"):
        assert secret not in kept


@pytest.mark.parametrize("port", [-1, 70_000, "80", True])
def test_an_impossible_port_is_an_option_error(port: Any) -> None:
    """Also a text, and `True`, which Python would take for 1."""
    with pytest.raises(OptionError, match="port must be an integer from 0 to 65535"):
        FilesMock().serve(port=port).start()


@pytest.mark.parametrize("host", ["", None, 7])
def test_an_impossible_host_is_an_option_error(host: Any) -> None:
    """An empty one would be every address of the machine."""
    with pytest.raises(OptionError, match="host must be a name or an address"):
        FilesMock().serve(host=host)
