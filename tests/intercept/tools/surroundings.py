"""What changes the world around a client: its disk, its clock, its sockets, its event loop."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest_socket  # it copies what it restores when it is imported

from eugpt_files_mock import FilesMock

from .clients import AUTH, GET
from .tool import InUse, Tool

__all__ = ["SURROUNDINGS"]


def _upload(client: str, mock: FilesMock, file: Any, **words: Any) -> dict[str, Any]:
    library = importlib.import_module(client)
    answer: dict[str, Any] = library.post(
        f"{mock.base_url}/files",
        files={"file": file},
        data={"purpose": "batch"},
        headers=AUTH,
        **words,
    ).json()
    return answer


@contextmanager
def _pyfakefs() -> Iterator[InUse]:
    from pyfakefs.fake_filesystem_unittest import Patcher

    def check(mock: FilesMock) -> None:
        with open("/report.txt", "rb") as file:
            assert 3 == _upload("httpx", mock, file, verify=False)["bytes"]  # no certificates there

    with Patcher() as patcher:
        patcher.fs.create_file("/report.txt", contents="abc")
        yield InUse(get=GET["httpx"], check=check)


@contextmanager
def _at_a_fixed_time(travel: str, client: str) -> Iterator[InUse]:
    module, _, name = travel.partition(":")
    year_2030 = "2030-01-01 00:00:00+00:00"

    def check(mock: FilesMock) -> None:
        assert 1893456000 == _upload(client, mock, ("a", b"a"))["created_at"]

    with getattr(importlib.import_module(module), name)(year_2030, tick=False):
        yield InUse(get=GET[client], check=check)


@contextmanager
def _pytest_socket() -> Iterator[InUse]:
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    try:
        yield InUse(get=GET["requests"])
    finally:
        pytest_socket._remove_restrictions()


@contextmanager
def _uvloop(client: str) -> Iterator[InUse]:
    """Its policy would be for the whole process."""
    import uvloop

    async def get(url: str) -> str:
        if client == "aiohttp":
            import aiohttp

            async with aiohttp.ClientSession() as session, session.get(url, headers=AUTH) as answer:
                return await answer.text()
        async with importlib.import_module("httpx").AsyncClient(verify=False) as http:
            return str((await http.get(url, headers=AUTH)).text)

    def run(url: str) -> str:
        loop = uvloop.new_event_loop()
        try:
            return loop.run_until_complete(get(url))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    yield InUse(get=run)


@contextmanager
def _trio() -> Iterator[InUse]:
    yield InUse(get=GET["httpx trio"])


@contextmanager
def _gevent(client: str) -> Iterator[InUse]:
    """It can't be taken off."""
    import gevent
    from gevent import monkey

    monkey.patch_all()

    def get(url: str) -> str:
        return str(gevent.spawn(GET[client], url).get(timeout=10))

    def check(mock: FilesMock) -> None:
        calls = [gevent.spawn(_upload, client, mock, (f"{n}", b"a")) for n in range(5)]
        gevent.joinall(calls, timeout=10, raise_error=True)
        mock.assert_called("upload", times=5)

    yield InUse(get=get, check=check)


_CLOCK = "a file is created at that time"

SURROUNDINGS = [
    Tool(
        name="pyfakefs",
        client="httpx",
        needs="pyfakefs",
        on=_pyfakefs,
        shows="a file of its disk is uploaded",
    ),
    *(
        Tool(
            name=name,
            client=client,
            needs=needs,
            on=partial(_at_a_fixed_time, travel, client),
            shows=_CLOCK,
        )
        for name, needs, travel in (
            ("freezegun", "freezegun", "freezegun:freeze_time"),
            ("time-machine", "time_machine", "time_machine:travel"),
        )
        for client in ("httpx", "requests")
    ),
    Tool(
        name="pytest-socket",
        client="requests",
        needs="pytest_socket",
        on=_pytest_socket,
        shows="its allowed hosts only",
        line="`--allow-hosts` for hosts other than ours",
    ),
    *(
        Tool(
            name="uvloop",
            client=client,
            needs="uvloop",
            on=partial(_uvloop, client),
            shows="its event loop",
        )
        for client in ("httpx async", "aiohttp")
    ),
    Tool(name="trio", client="httpx trio", needs="trio", on=_trio, shows="its event loop"),
    *(
        Tool(
            name="gevent",
            client=client,
            needs="gevent",
            on=partial(_gevent, client),
            shows="five uploads at once",
            own_process=True,
        )
        for client in ("httpx", "requests")
    ),
]
