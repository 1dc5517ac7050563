"""A child that is forked while other threads work with a mock never waits for their locks."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable

import pytest

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.locks import free_after_fork
from eugpt_files_mock.model.headers import Headers

from .portable import fork

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")

WORK: dict[str, Callable[[FilesMock], object]] = {
    "add_file": lambda mock: mock.add_file("a.txt", b"a"),
    "fake_file": lambda mock: mock.fake_file(".txt"),
    "files": lambda mock: list(mock.files),
    "inject": lambda mock: mock.inject(faults.unavailable()),
    "armed": lambda mock: mock.armed,
    "stub": lambda mock: mock.stub("GET", "/models", json=[]),
    "after": lambda mock: mock.after("list", print),
    "calls": lambda mock: list(mock.calls),
    "verdict": lambda mock: mock.verdict(),
    "report": lambda mock: mock.report(),
    "reset": lambda mock: mock.reset(),
    "stop": lambda mock: mock.stop(),
    "another": lambda mock: FilesMock(base_url="https://other.example/v1").start().stop(),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_child_does_not_wait_for_a_lock_that_was_held(
    work: Callable[[FilesMock], object],
) -> None:
    """Each is held by a thread of the parent, which the child doesn't have."""
    with FilesMock(rate_limit=(100, 1)) as mock:
        service = mock._service
        mock.fake_file(".txt")
        held = [
            service.files._lock,
            service.armed._lock,
            service.stubs._lock,
            service.callbacks._lock,
            service.journal.changed,
            service.rate_limiter._lock,
            mock._fake_files._lock,
            mock._lifecycle.lock,
        ]
        are_held, is_forked = threading.Event(), threading.Event()

        def hold() -> None:
            for lock in held:
                lock.acquire()
            are_held.set()
            is_forked.wait()
            for lock in held:
                lock.release()

        thread = threading.Thread(target=hold)
        thread.start()
        are_held.wait()
        status = _forked(lambda: work(mock))
        is_forked.set()
        thread.join()
    assert status == 0


def test_a_property_that_is_found_once_has_no_lock() -> None:
    """That of functools has one before Python 3.12, for all objects; a child could find it held."""
    headers = Headers([("A", "b")])
    assert headers.to_keep is headers.to_keep
    assert not hasattr(vars(Headers)["to_keep"], "lock")


def test_a_lock_stays_what_it_is() -> None:
    """In the process that made it, nothing is different."""
    lock = free_after_fork(threading.Lock())
    with lock:
        assert _forked(lambda: lock.acquire(timeout=5) or os._exit(3)) == 0
        assert not lock.acquire(blocking=False)


def _forked(work: Callable[[], object]) -> int:
    """How a child ends that does this: with 0, unless it fails or is ended by the alarm."""
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forks amid threads: that is what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = fork()
    if child:
        return os.waitpid(child, 0)[1]
    import signal

    signal.alarm(60)
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)
