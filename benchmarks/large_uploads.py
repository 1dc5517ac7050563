"""A large upload in process: its time, and the copies of it in memory."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx

from eugpt_files_mock import FilesMock

from .measure import Measured, ratio, seconds, summary
from .table import Row

SIZE = 128 * 1024 * 1024

_BOUNDARY = b"\r\n--0123456789abcdef0123456789abcdef"

_AT_THE_PEAK, _OF_THE_PROCESS, _AFTERWARDS = (
    "at the peak, traced",
    "at the peak, of the process",
    "afterwards, traced",
)


def rows() -> list[Row]:
    """Time against the client alone; memory against the size of the file."""
    memory = [
        Row(
            what=f"its copies {figure}",
            against="the size of the file",
            measure=partial(_copies, figure),
            at_most=1.1 if figure == _AFTERWARDS else 3.2,
        )
        for figure in (_AT_THE_PEAK, _OF_THE_PROCESS, _AFTERWARDS)
    ]
    return [
        Row(
            what="an upload of 128 MiB, httpx",
            against="the client alone, whose transport reads the body",
            measure=_time,
            at_most=3.0,
        ),
        Row(
            what="of which the SHA-256 for the journal",
            against="the client alone, whose transport reads the body",
            measure=partial(_part, lambda content: sha256(content).digest()),
        ),
        Row(
            what="of which one copy, out of the form into the store",
            against="the client alone, whose transport reads the body",
            measure=partial(_part, lambda content: content[1:]),
        ),
        Row(
            what="of which to look for the end of the file in the form",
            against="the client alone, whose transport reads the body",
            measure=partial(_part, lambda content: content.find(_BOUNDARY)),
        ),
        *memory,
    ]


def _time(rounds: int) -> Measured:
    content = _content()

    def ours() -> float:
        with FilesMock() as mock, httpx.Client() as client:
            return seconds(partial(_upload, client, mock, content), calls=1, tries=1)

    return ratio(ours, partial(_alone, content), rounds=max(5, rounds // 2))


def _part(work: Callable[[bytes], object], rounds: int) -> Measured:
    """What no mock can do without that keeps the file, and tells its digest."""
    content = _content()
    return ratio(
        lambda: seconds(lambda: work(content), calls=1, tries=1),
        partial(_alone, content),
        rounds=max(5, rounds // 2),
    )


def _alone(content: bytes) -> float:
    with _client_alone() as client:
        return seconds(partial(_upload, client, FilesMock(), content), calls=1, tries=1)


@contextmanager
def _client_alone() -> Iterator[httpx.Client]:
    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        yield client


def _upload(client: httpx.Client, mock: FilesMock, content: bytes) -> None:
    client.post(
        f"{mock.base_url}/files",
        headers={"Authorization": f"Bearer {mock.api_key}"},
        files={"file": ("large.bin", content)},
        data={"purpose": "assistants"},
    ).raise_for_status()


def _content() -> bytes:
    """Not of zeros, which the system would not lay out in memory."""
    return b"x" * SIZE


def _copies(figure: str, rounds: int) -> Measured:
    """Of the file, the caller's own included; each time in a process of its own."""
    figures = []
    for _ in range(3):
        command = [sys.executable, "-m", __name__, figure]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures.append(float(output) / SIZE)
    return summary(figures)


def _print_bytes(figure: str) -> None:
    traced = figure != _OF_THE_PROCESS
    before = 0 if traced else _most_resident()
    if traced:
        tracemalloc.start()
    with FilesMock() as mock, httpx.Client() as client:
        _upload(client, mock, _content())
        gc.collect()
        if traced:
            print(tracemalloc.get_traced_memory()[figure == _AT_THE_PEAK])
        else:
            print(_most_resident() - before)


def _most_resident() -> int:
    """The most memory that this process ever had, in bytes; as Linux tells it."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


if __name__ == "__main__":
    _print_bytes(sys.argv[1])
