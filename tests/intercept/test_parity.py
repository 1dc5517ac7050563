"""Every client meets from the mock what it meets from a real server doing the same.

One table of faults, over every client, four times: a real broken server; the mock in process, the
fast path and the full path; the mock on a port. What is compared is the exception's very class, or
status and body.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import NamedTuple, get_args

import pytest
import wrapt

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.model.faults import ConnectionFault, Fault
from eugpt_files_mock.model.messages import SeveredKind

from .. import clients
from ..clients import CONNECT_PATIENCE, IN_PROCESS, Client, connected
from ..conftest import WAYS, entered
from . import broken_server as broken

KEY = "eugpt_parity"
SHORT, LONG = 0.3, 20.0
"""Seconds that a client waits for bytes: where none come, and where some must."""
PATIENCE = 20.0
"""Seconds in which a port must have answered."""
CONTENT = bytes(range(256)) * 40
AMID = 99
"""Bytes of an upload after which it is broken off."""
CALLS: dict[str, Callable[[Client, str], object]] = {
    "upload": lambda client, file_id: client.upload("a.bin", CONTENT),
    "list": lambda client, file_id: client.list(),
    "retrieve": lambda client, file_id: client.retrieve(file_id),
    "download": lambda client, file_id: client.download(file_id),
    "delete": lambda client, file_id: client.delete(file_id),
}


FULL = "in process, the full path"
"""Over a connection in memory, also what would be answered in place of the client's transport."""
HAS_A_FAST_PATH = [
    kind for kind in IN_PROCESS if kind.name.split()[0] in {"httpx", "httpx2", "requests"}
]
_WRAPPED = {
    "httpx": ("HTTPTransport.handle_request", "AsyncHTTPTransport.handle_async_request"),
    "httpx2": ("HTTPTransport.handle_request", "AsyncHTTPTransport.handle_async_request"),
    "urllib3": ("HTTPConnectionPool.urlopen",),
}


@contextlib.contextmanager
def entered_by(way: str) -> Iterator[FilesMock]:
    """A mock, entered in one of the ways; a tracer wants to see the full path."""
    with contextlib.ExitStack() as stack:
        if way == FULL:
            for library, paths in _WRAPPED.items():
                for path in paths if find_spec(library) else ():
                    stack.enter_context(_wrapped(library, path))
        yield stack.enter_context(entered(WAYS[0] if way == FULL else way))


@contextlib.contextmanager
def _wrapped(library: str, path: str) -> Iterator[None]:
    owner = pkgutil.resolve_name(f"{library}:{path.partition('.')[0]}")
    name = path.partition(".")[2]
    own = vars(owner)[name]
    setattr(owner, name, wrapt.FunctionWrapper(own, lambda to, _, args, words: to(*args, **words)))
    try:
        yield
    finally:
        setattr(owner, name, own)


class Met(NamedTuple):
    """What a client made of it."""

    error: type[BaseException] | None
    status: int | None = None
    body: bytes | None = None


def met(client: Client, operation: str, file_id: str) -> Met:
    try:
        answer = CALLS[operation](client, file_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is compared
        return Met(type(error))
    return Met(None, answer.status, answer.body)


class Case(NamedTuple):
    """A fault, and the real thing."""

    fault: Fault
    real: Callable[[], AbstractContextManager[str]]
    operations: tuple[str, ...] = tuple(CALLS)
    read_timeout: float = LONG
    connect_timeout: float = CONNECT_PATIENCE


def served(script: broken.Script) -> Callable[[], AbstractContextManager[str]]:
    return lambda: broken.broken_server(script)


def _to_the_list(status: int) -> broken.Script:
    return broken.replying(status, b"", location="/v1/files")


SEVERED = [
    Case(faults.connection_refused(), broken.nobody),
    Case(faults.connect_timeout(), broken.full, read_timeout=SHORT, connect_timeout=SHORT),
    Case(faults.dns_error(), broken.nowhere),
    Case(faults.tls_error(), broken.untrusted),
    Case(faults.connection_reset(), served(broken.reset)),
    Case(faults.connection_reset(after_bytes=AMID), served(broken.reset), ("upload",)),
    Case(faults.empty_response(), served(broken.empty)),
    Case(faults.garbage(), served(broken.garbage)),
    Case(faults.timeout(), served(broken.hang), ("upload",), SHORT),
    Case(faults.delay(60), served(broken.hang), ("list",), SHORT),
]
BROKEN_BODIES = [
    Case(
        faults.truncated(100),
        served(broken.replying(200, CONTENT[:100], announced=len(CONTENT))),
        ("download",),
    ),
    Case(
        faults.truncated(),
        served(broken.replying(200, b'{"id": "', announced=100)),
        ("upload", "list", "retrieve", "delete"),
    ),
    Case(faults.dribble(1, 60), served(broken.first_piece(CONTENT)), ("download",), SHORT),
]
ERROR_STATUSES = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504, 599)
NO = b'{"detail": "no"}'
STATUSES = [
    Case(
        faults.http_error(status, body=NO, headers={"x-should-retry": "false"}),
        served(broken.replying(status, NO, kind="application/octet-stream")),
        (operation,),
    )
    for status, operation in zip(ERROR_STATUSES, itertools.cycle(CALLS))
]
REDIRECTS = [
    # To itself, for ever: who follows gives up, and who does not has the answer.
    Case(faults.redirect("/v1/files", status), served(_to_the_list(status)), operations)
    for status, operations in (
        (301, ("list",)),
        (302, ("list",)),
        (303, ("list",)),
        (307, ("upload", "list")),
        (308, ("upload", "list")),
    )
]
TABLE = SEVERED + BROKEN_BODIES + STATUSES + REDIRECTS


def rows(cases: list[Case]) -> list[pytest.ParameterSet]:
    return [
        pytest.param(kind, case, operation, id=f"{kind.name}-{_name(case)}-{operation}")
        for case in cases
        for operation in case.operations
        for kind in IN_PROCESS
    ]


def _name(case: Case) -> str:
    status = getattr(case.fault, "status", None)
    return f"{case.fault.name}{'' if status is None else f'({status})'}"


@contextlib.contextmanager
def armed(way: str, case: Case, operation: str) -> Iterator[tuple[FilesMock, str]]:
    with entered_by(way) as mock:
        file = mock.add_file("a.bin", CONTENT)
        fault = mock.inject(case.fault, on=operation, times=None)
        yield mock, file.id
        # Of a client that has stopped waiting, a busy port may hear later.
        mock.wait_for(operation, timeout=PATIENCE)
        assert fault.hits


@pytest.mark.parametrize(("kind", "case", "operation"), rows(TABLE))
def test_a_fault_is_met_as_the_real_thing_is(
    kind: type[Client], case: Case, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that handles errors depends on the very class of the client's exception."""
    monkeypatch.setattr(clients, "CONNECT_PATIENCE", case.connect_timeout)
    with case.real() as base_url, connected(kind, base_url, KEY, case.read_timeout) as client:
        expected = met(client, operation, "some-file")
    for way in (*WAYS, FULL):
        if way == FULL and kind not in HAS_A_FAST_PATH:
            continue
        if way == "on a port" and getattr(case.fault, "is_in_process_only", False):
            continue  # a port that listens makes the connection; arming it there is an error
        if way == "on a port" and getattr(case.fault, "after_bytes", None) == AMID:
            continue  # a client that still sends learns of it by writing or reading, as it happens
        with (
            armed(way, case, operation) as (mock, file_id),
            connected(kind, mock.base_url, KEY, case.read_timeout) as client,
        ):
            assert (way, expected) == (way, met(client, operation, file_id))


@pytest.mark.parametrize("fault", [faults.corrupted(), faults.malformed_json()])
@pytest.mark.parametrize("kind", IN_PROCESS, ids=lambda kind: kind.name)
def test_an_altered_body_comes_through_and_is_not_json(kind: type[Client], fault: Fault) -> None:
    """The client itself finds nothing wrong: the status is 200, and only parsing fails."""
    for way in (*WAYS, FULL):
        with entered_by(way) as mock, connected(kind, mock.base_url, KEY, LONG) as client:
            mock.add_file("a.bin", CONTENT)
            mock.inject(fault, on="list")
            answer = client.list()
            assert 200 == answer.status
            with pytest.raises(ValueError, match=r"codec|Unterminated|Expecting"):
                json.loads(answer.body.decode("utf-8"))


def test_the_table_covers_every_fault_of_the_connection_and_the_body() -> None:
    """A fault that is added to the library must be added to the table."""
    tabled = {type(case.fault).__name__ for case in TABLE}
    tabled |= {"Corrupted", "MalformedJson"}
    assert tabled == {kind.__name__ for kind in Fault.__subclasses__()}
    severings = {case.fault.kind for case in SEVERED if isinstance(case.fault, ConnectionFault)}
    assert set(get_args(SeveredKind)) == severings
