"""One server for the session, lent to one mock after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.shared_server import SharedServer


@pytest.fixture
def server() -> Iterator[SharedServer]:
    """A server that two mocks share."""
    server = SharedServer()
    yield server
    server.stop()


def list_files(mock: FilesMock) -> httpx.Response:
    """One list, with a key."""
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    return httpx.get(f"{mock.base_url}/files", headers=headers, timeout=10)


def test_timed_faults_work_for_every_mock_that_it_serves(server: SharedServer) -> None:
    """The end of one test ends its waits, and not those of the next test."""
    for _ in range(3):
        with server.serve(FilesMock()) as mock:
            mock.inject([faults.delay(0.2), faults.dribble(1, 0.01)], on="list")
            began = time.monotonic()
            assert {"object": "list", "data": []} == list_files(mock).json()
            assert 0.2 <= time.monotonic() - began
            assert {"object": "list", "data": []} == list_files(mock).json()


def test_every_mock_has_the_same_address_and_its_own_state(server: SharedServer) -> None:
    """Binding a port for each test would cost more than the test."""
    addresses = set()
    for _ in range(2):
        with server.serve(FilesMock()) as mock:
            addresses.add(mock.base_url)
            mock.add_file("a.txt")
            assert 1 == len(list_files(mock).json()["data"])
    assert 1 == len(addresses)


def test_between_two_tests_it_answers_503(server: SharedServer) -> None:
    """A thread that outlives its test cannot change the next one's state."""
    with server.serve(FilesMock()) as mock:
        address = mock.base_url
    assert 503 == httpx.get(f"{address}/files").status_code
