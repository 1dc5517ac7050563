"""A library that is imported while a mock is active is intercepted as soon as it is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eugpt_files_mock.intercept import CLIENTS

CALL = {
    "httpx": "httpx.get(url, headers=AUTH).text",
    "httpx2": "httpx2.get(url, headers=AUTH).text",
    "requests": "requests.get(url, headers=AUTH).text",
    "urllib3": "urllib3.request('GET', url, headers=AUTH).data.decode()",
    "aiohttp": "asyncio.run(by_aiohttp(aiohttp, url))",
}
CODE = """
import asyncio, sys
from eugpt_files_mock import FilesMock
AUTH = {"Authorization": "Bearer eugpt_test"}
async def by_aiohttp(aiohttp, url):
    async with aiohttp.ClientSession() as session, session.get(url, headers=AUTH) as answer:
        return await answer.text()
with FilesMock() as mock:
    url = mock.base_url + "/files"
    assert "LIBRARY" not in sys.modules
    import LIBRARY
    assert '"list"' in CALL
    mock.assert_called("list", times=1)
from eugpt_files_mock.intercept import installation
assert installation._watcher not in sys.meta_path
"""


@pytest.mark.parametrize("library", CALL)
def test_a_library_that_is_imported_late_is_intercepted(library: str) -> None:
    """A function that imports its client when it is called must not reach the service."""
    pytest.importorskip(library)
    code = CODE.replace("LIBRARY", library).replace("CALL", CALL[library])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr


def test_each_client_of_the_table_is_tried_here_and_named_in_the_readme() -> None:
    """A new row has a test at once, and people are told of it."""
    clients = set(CLIENTS) - {"uvloop"}  # an event loop, not a client
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert clients == set(CALL)
    assert clients == {client for client in clients if client in readme}
