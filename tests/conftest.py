"""Fixtures for all tests: one mock in every way of serving it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from eugpt_files_mock import FilesMock

pytest_plugins = ["pytester"]

WAYS = ("in process", "on a port")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Half of the time a worker waits, for a process that it started or a fault that it armed."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True, scope="session")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    authority = tmp_path_factory.mktemp("authority") / "only.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    with pytest.MonkeyPatch.context() as patch:
        # Every httpx client loads the authorities that it trusts: of 140, that takes longer than
        # most tests. None of them talks to a server that one of these vouches for.
        patch.setenv("SSL_CERT_FILE", str(authority))
        # Pytest repeats failures in full where `CI` is set; what inner runs print is compared.
        patch.delenv("CI", raising=False)
        patch.delenv("BUILD_NUMBER", raising=False)
        yield


@contextmanager
def entered(way: str, **options: Any) -> Iterator[FilesMock]:
    """A mock, entered in one of the `WAYS`."""
    mock = FilesMock(**options)
    with mock if way == "in process" else mock.serve():
        yield mock


def wait_until(holds: Callable[[], object]) -> None:
    """Another thread, or a process, makes it true."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def mock() -> Iterator[FilesMock]:
    """A mock in process."""
    with FilesMock() as mock:
        yield mock


@pytest.fixture
def served() -> Iterator[FilesMock]:
    """A mock on a port."""
    with FilesMock().serve() as mock:
        yield mock
