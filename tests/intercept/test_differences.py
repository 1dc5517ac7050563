"""What differs in process and on a port, as docs/in-process-and-on-a-port.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
import urllib3

from eugpt_files_mock import FilesMock

WAYS: dict[str, Callable[[FilesMock], AbstractContextManager[FilesMock]]] = {
    "in process": lambda mock: mock,
    "on a port": lambda mock: mock.serve(),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mock(way: str) -> Iterator[FilesMock]:
    """With a file that doesn't fit into the buffers of a socket."""
    mock = FilesMock()
    mock.add_file("a.bin", bytes(20_000_000), id="7")
    with WAYS[way](mock):
        yield mock


def test_streams_that_are_never_closed_use_up_the_pool_of_httpx_on_a_port(
    way: str, mock: FilesMock
) -> None:
    """In process, httpx's pool is left out, and so are its limits."""
    limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(5, pool=0.01)
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with httpx.Client(headers=headers, limits=limits, timeout=timeout) as client:
        request = client.build_request("GET", f"{mock.base_url}/files/7/content")
        first = client.send(request, stream=True)
        if way == "on a port":
            with pytest.raises(httpx.PoolTimeout):
                client.send(request, stream=True)
        else:
            client.send(request, stream=True).close()
        first.close()


def test_streams_that_are_never_closed_use_up_the_pool_of_urllib3_on_a_port(
    way: str, mock: FilesMock
) -> None:
    """In process, each call has a connection of its own."""
    url = f"{mock.base_url}/files/7/content"
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with urllib3.PoolManager(maxsize=1, block=True, headers=headers) as pool:
        words: dict[str, Any] = {"preload_content": False, "pool_timeout": 0.01, "retries": False}
        first = pool.request("GET", url, **words)
        if way == "on a port":
            with pytest.raises(urllib3.exceptions.EmptyPoolError):
                pool.request("GET", url, **words)
        else:
            pool.request("GET", url, **words).close()
        first.close()
