"""Real clients that keep their connections, with each fault between two ordinary calls."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
import urllib3

from eugpt_files_mock import FilesMock, faults

HEADERS = {"Authorization": "Bearer eugpt_kept"}

FAULTS = {
    "reset": faults.connection_reset(),
    "empty": faults.empty_response(),
    "garbage": faults.garbage(),
    "truncated": faults.truncated(1),
    "malformed": faults.malformed_json(),
    "corrupted": faults.corrupted(),
    "error": faults.server_error(),
    "late": faults.delay(0.01),
    "dribble": faults.dribble(20, 0.001),
}
Visit = Callable[[str], list[str]]


def with_httpx(url: str) -> list[str]:
    with httpx.Client(headers=HEADERS) as client:
        return [_met(lambda: client.get(url).text) for _ in range(3)]


def with_requests(url: str) -> list[str]:
    with requests.Session() as session:
        return [_met(lambda: session.get(url, headers=HEADERS).text) for _ in range(3)]


def with_urllib3(url: str) -> list[str]:
    with urllib3.PoolManager(headers=HEADERS, retries=False) as pool:
        return [_met(lambda: pool.request("GET", url).data.decode("latin-1")) for _ in range(3)]


def with_aiohttp(url: str) -> list[str]:
    async def visit() -> list[str]:
        async with aiohttp.ClientSession(headers=HEADERS) as session:
            return [await _answer(session, url) for _ in range(3)]

    return asyncio.run(visit())


async def _answer(session: aiohttp.ClientSession, url: str) -> str:
    try:
        async with session.get(url) as response:
            return (await response.read()).decode("latin-1")
    except (aiohttp.ClientError, ValueError) as error:
        return type(error).__name__


def _met(call: Callable[[], str]) -> str:
    try:
        return call()
    except (httpx.HTTPError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        return type(error).__name__


CLIENTS: dict[str, Visit] = {
    "httpx": with_httpx,
    "requests": with_requests,
    "urllib3": with_urllib3,
    "aiohttp": with_aiohttp,
}


@pytest.mark.parametrize("visit", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_call_after_a_fault_is_answered(fault: faults.Fault, visit: Visit) -> None:
    """On the connection that was kept, or on a new one where the fault ended it."""
    with FilesMock().serve() as mock:
        mock.inject(fault, on="list", skip=1)
        first, _, last = visit(f"{mock.base_url}/files")
        hit = [call.fault for call in mock.calls]

    assert '{"object":"list","data":[]}' == first == last
    assert [None, fault.name, None] == hit[:3]
    assert {None} >= set(hit[3:])  # aiohttp itself repeats a GET whose kept connection broke


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_keeps_its_connection(tmp_path: Path) -> None:
    """Three requests of one command go over one connection, an upload among them."""
    (tmp_path / "a.txt").write_bytes(b"x" * 100_000)
    with FilesMock().serve() as mock:
        url = f"{mock.base_url}/files"
        key = ["-H", f"Authorization: Bearer {mock.api_key}"]
        run = subprocess.run(
            [
                *("curl", "-sv", *key, url, "--next", "-sv", *key, "-F", "purpose=batch"),
                *("-F", "file=@a.txt", url, "--next", "-sv", *key, f"{url}?limit=1"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    assert [("list", 200), ("upload", 200), ("list", 200)] == [
        (call.operation, call.status) for call in mock.calls
    ]
    assert 2 == run.stderr.lower().count("re-using existing")


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_wget_follows_what_was_cut(tmp_path: Path) -> None:
    """It asks again for a download that broke off."""
    with FilesMock().serve() as mock:
        file = mock.add_file("a.txt", b"x" * 1000)
        mock.inject(faults.truncated(10), on="download")
        subprocess.run(
            [
                *("wget", "-q", "--tries=3", "-O", "out", "--start-pos=0"),
                *("--header", f"Authorization: Bearer {mock.api_key}"),
                f"{mock.base_url}/files/{file.id}/content",
            ],
            cwd=tmp_path,
            check=False,
            timeout=30,
        )
        assert 2 <= len(mock.calls)
    assert (tmp_path / "out").read_bytes().endswith(b"x" * 990)
