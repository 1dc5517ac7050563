"""Thousands of starts and stops, in any order, by anybody: nothing is left."""

from __future__ import annotations

import gc
import http.client
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import requests
import urllib3

from eugpt_files_mock import FilesMock


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
    for _ in range(500):
        with FilesMock():
            pass


def test_crosswise() -> None:
    last = FilesMock().start()
    for _ in range(500):
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
        for _ in range(500):
            left_in_a_cycle()
            with FilesMock():
                pass
    finally:
        gc.set_threshold(*often)
        gc.collect()


def test_by_four_threads_at_once() -> None:
    def start_and_stop() -> None:
        for _ in range(100):
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
    for _ in range(300):
        mock = FilesMock().start()
        pook.on()
        mock.stop()
        pook.off()
    with FilesMock():
        pass
