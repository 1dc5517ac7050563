"""What a page of another site can make a browser send: it is refused, and changes nothing."""

from __future__ import annotations

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults

from ..robustness.sockets import exchange, status_of

CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FOREIGN = {"Origin": "https://evil.example"}
KEY = {"Authorization": "Bearer eugpt_key"}

PAGES = {
    "an image": ("GET", CROSS),
    "a form": ("POST", {**FOREIGN, **CROSS}),
    "an older browser": ("POST", FOREIGN),
    "a page from a file": ("POST", {"Origin": "null"}),
    "a browser that knows a key": ("GET", {**CROSS, **KEY}),
    "a script that knows a key": ("GET", {**FOREIGN, **KEY}),
}


@pytest.mark.parametrize(("method", "headers"), PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("path", ["/files", "/nowhere", "/stubbed"])
@pytest.mark.parametrize("require_auth", [True, False])
def test_it_is_refused_and_leaves_nothing(
    method: str, headers: dict[str, str], path: str, require_auth: bool
) -> None:
    """No fault is used up, no stub answers, no file is stored, no call is kept."""
    with FilesMock(require_auth=require_auth).serve() as mock:
        stub = mock.stub(method, "/stubbed", json={})
        armed = mock.inject(faults.rate_limited(), on="*", optional=True)
        form = (
            {"files": {"file": ("a", b"a")}, "data": {"purpose": "x"}} if method == "POST" else {}
        )
        answer = httpx.request(method, f"{mock.base_url}{path}", headers=headers, **form)

        assert answer.status_code == 403
        assert (armed.hits, stub.hits, len(mock.files), len(mock.calls)) == (0, 0, 0, 0)


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_the_others_are_served(site: str) -> None:
    """A page of ours, one on another port of this machine, an address that was typed."""
    with FilesMock().serve() as mock:
        headers = {**KEY, "Sec-Fetch-Site": site}
        assert httpx.get(f"{mock.base_url}/files", headers=headers).status_code == 200
        assert len(mock.calls) == 1


@pytest.mark.parametrize("target", [b"/v1/files", b"/__admin/health", b"/", b"/openapi.json"])
def test_a_client_of_http_1_0_needs_no_host(target: bytes) -> None:
    """No browser leaves it out, so no other page can."""
    with FilesMock().serve() as mock:
        key = b"Authorization: Bearer eugpt_key\r\n"
        raw = exchange(mock, b"GET %s HTTP/1.0\r\n%s\r\n" % (target, key))
    assert status_of(raw) == 200
