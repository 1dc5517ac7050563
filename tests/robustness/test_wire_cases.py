"""Whole requests, byte for byte as they come over the wire: `tests/data/requests/<status>/`.

Each is fed whole, in two pieces cut at each position, and broken off at each position.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from eugpt_files_mock import FilesMock

from .effort import EFFORT
from .sockets import answer, connect, exchange, status_of

CASES = sorted((Path(__file__).parents[1] / "data" / "requests").glob("*/*.http"))
IN_FULL = {"plain", "chunked"}
"""Cut at each position; the others at some."""

CONTENT = b"content"

a_case = pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def expected(case: Path) -> tuple[int, list[bytes]]:
    """The status, and what is stored then."""
    status = int(case.parent.name)
    return status, [CONTENT] * (status == 200)


def cuts(case: Path) -> range:
    size = case.stat().st_size
    return range(1, size, 1 if case.stem in IN_FULL or EFFORT > 1 else size // 5)


def stored_by(mock: FilesMock) -> list[bytes]:
    """The contents that are there now, and no longer afterwards."""
    contents = [file.content for file in mock.files]
    mock.reset()
    return contents


@a_case
def test_a_whole_request_gets_its_status(case: Path, served: FilesMock) -> None:
    """The folder of the case is the status that it must get; only a 200 stores a file."""
    status = last_status(exchange(served, case.read_bytes()))

    assert (status, stored_by(served)) == expected(case)


@a_case
def test_a_request_in_two_pieces_is_the_same(case: Path, served: FilesMock) -> None:
    """A refusal may come, and the connection be closed, before the second piece is sent."""
    raw, (wanted, contents) = case.read_bytes(), expected(case)
    for cut in cuts(case):
        status = last_status(exchange(served, raw[:cut], raw[cut:]))

        assert (cut, stored_by(served)) == (cut, contents)
        assert status == wanted or (status is None and wanted != 200)


@a_case
def test_a_request_that_breaks_off_is_refused_or_dropped(case: Path, served: FilesMock) -> None:
    """What follows the form may be missing; nothing is ever stored by half."""
    raw = case.read_bytes()
    for cut in cuts(case):
        status, contents = last_status(exchange(served, raw[:cut])), stored_by(served)

        assert status in {None, 200, 400, 401, 415}
        assert contents == [CONTENT] * (status == 200)
        assert status != 200 or case.stem not in IN_FULL or raw[:cut].rstrip() == raw.rstrip()


def test_a_request_that_waits_for_the_rest_is_not_answered_before(served: FilesMock) -> None:
    """Only its last byte is missing: an earlier answer would be to half a form."""
    raw = (CASES[0].parents[1] / "200" / "plain.http").read_bytes()
    with connect(served) as connection:
        connection.sendall(raw[:-1])
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(raw[-1:])
        connection.shutdown(socket.SHUT_WR)

        assert status_of(answer(connection)) == 200


def last_status(raw: bytes) -> int | None:
    """Of an answer that may begin with `100 Continue`."""
    return status_of(raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
