"""Thousands of starts and stops, in any order, by anybody: nothing is left."""

from __future__ import annotations

import contextlib
import gc
import http.client
import os
import signal
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import requests
import urllib3

from eugpt_files_mock import FilesMock

from ..portable import fork, needs_fork
from ..robustness.effort import EFFORT

pytestmark = pytest.mark.slow


def replaced() -> list[object]:
    return [
        vars(httpx.Client)["_transport_for_url"],
        vars(httpx.HTTPTransport)["handle_request"],
        vars(requests.Session)["send"],
        vars(requests.Session)["get_adapter"],
        vars(urllib3.HTTPConnectionPool)["urlopen"],
        vars(http.client.HTTPConnection)["connect"],
        socket.getaddrinfo,
        socket.socket.connect,
        socket.socket.connect_ex,
    ]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = replaced()
    yield
    assert before == replaced()


def test_one_after_the_other() -> None:
    """Each start patches the clients anew, and each stop restores them."""
    for _ in range(500 * EFFORT):
        with FilesMock():
            pass


def test_crosswise() -> None:
    """Each is started before the last one stops, so there is never a moment without a mock."""
    last = FilesMock().start()
    for _ in range(500 * EFFORT):
        newest = FilesMock().start()
        last.stop()
        last = newest
    last.stop()


def test_by_the_garbage_collector_while_another_starts() -> None:
    """It runs in any thread, at any moment: also in one that holds the lock."""

    def unfinished() -> Iterator[FilesMock]:
        with FilesMock() as mock:
            yield mock

    def left_in_a_cycle() -> None:
        generator = unfinished()
        next(generator)
        cycle: list[object] = [generator]
        cycle.append(cycle)

    often = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    try:
        for _ in range(500 * EFFORT):
            left_in_a_cycle()
            with FilesMock():
                pass
    finally:
        gc.set_threshold(*often)
        gc.collect()


def test_by_four_threads_at_once() -> None:
    """Two that start or stop at the same moment must not patch or restore twice."""

    def start_and_stop() -> None:
        for _ in range(100 * EFFORT):
            with FilesMock():
                pass

    threads = [threading.Thread(target=start_and_stop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_crosswise_with_pook() -> None:
    """It restores blindly; 1,100 cycles used to end in a RecursionError."""
    pook = pytest.importorskip("pook")
    for _ in range(300 * EFFORT):
        mock = FilesMock().start()
        pook.on()
        mock.stop()
        pook.off()
    with FilesMock():
        pass


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs fork and /proc")
@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_closes_what_it_inherited_and_ends() -> None:
    """Also while another thread of the parent holds the locks; the parent goes on serving."""
    mock = FilesMock().start()
    with mock.serve():
        busy = threading.Event()

        def start_and_stop() -> None:
            while not busy.is_set():
                with FilesMock(), FilesMock().serve():
                    pass

        others = [threading.Thread(target=start_and_stop) for _ in range(2)]
        for other in others:
            other.start()
        try:
            assert [0] * 10 == [in_a_child(mock) for _ in range(10)]
        finally:
            busy.set()
            for other in others:
                other.join()
        assert 401 == requests.get(f"{mock.base_url}/files", timeout=5).status_code
    mock.stop()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs fork and /proc")
@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_waits_for_no_lock_of_a_thread_that_it_lacks() -> None:
    """The thread that holds the lock isn't there in the child, and would never release it."""
    mock = FilesMock()
    with mock.serve():
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with mock._lifecycle.lock:
                held.set()
                done.wait(10)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(5)
        try:
            assert 0 == in_a_child(mock)
        finally:
            done.set()
            holder.join()


def in_a_child(mock: FilesMock) -> int:
    """Stop it there: 0, 1 if its port is still open, -14 if that hangs."""
    child = fork()
    if not child:  # pragma: no cover - in the child
        status = 2
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(5)
            port = int(mock.base_url.split(":")[2].split("/")[0])
            mock.stop()
            status = int(port in listening_ports())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def listening_ports() -> set[int]:
    """Of the sockets that this process has."""
    found = set()
    for number in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as it:
            if it.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.add(it.getsockname()[1])
    return found
