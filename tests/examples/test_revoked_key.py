"""A revoked key: suddenly every request is answered with 401, until the key is renewed."""

import os
from collections.abc import Callable, Generator

import httpx
import pytest

from eugpt_files_mock import faults


class RenewedKey(httpx.Auth):
    """The application: sends the key, and if it is refused, fetches a new one once."""

    def __init__(self, key: str, renew: Callable[[], str]) -> None:
        self._key = key
        self._renew = renew

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key}"
        answer = yield request
        if answer.status_code == 401:
            self._key = self._renew()
            request.headers["Authorization"] = f"Bearer {self._key}"
            yield request


def names(auth: httpx.Auth) -> list[str]:
    """The application: return the names of all files."""
    answer = httpx.get(f"{os.environ['EUGPT_BASE_URL']}/files", auth=auth)
    answer.raise_for_status()
    return [file["filename"] for file in answer.json()["data"]]


@pytest.mark.eugpt_sweep(expect=(httpx.HTTPError, ValueError))
def test_every_failure_is_told_or_overcome(eugpt_files):
    """The sweep repeats this test with each failure; a single 401 is overcome."""
    eugpt_files.add_file("report.pdf")

    assert names(RenewedKey("eugpt_old", renew=lambda: "eugpt_new")) == ["report.pdf"]


@pytest.mark.eugpt_files(api_keys=["eugpt_new"])
def test_a_revoked_key_is_renewed_once(eugpt_files):
    """The new key is kept, so the second call isn't refused first."""
    eugpt_files.add_file("report.pdf")
    auth = RenewedKey("eugpt_old", renew=lambda: "eugpt_new")

    assert names(auth) == ["report.pdf"]
    assert names(auth) == ["report.pdf"]
    assert [call.status for call in eugpt_files.calls] == [401, 200, 200]
    eugpt_files.assert_resilient(strict=True)


def test_a_key_that_cannot_be_renewed_is_an_error(eugpt_files):
    """The key is valid at first, and is revoked while the application runs."""
    auth = RenewedKey(eugpt_files.api_key, renew=lambda: "eugpt_also_revoked")
    assert names(auth) == []

    eugpt_files.inject(faults.unauthorized(), times=None)

    with pytest.raises(httpx.HTTPStatusError, match="401"):
        names(auth)
    eugpt_files.assert_called("list", times=2, status=401)
    eugpt_files.assert_resilient(strict=True)
