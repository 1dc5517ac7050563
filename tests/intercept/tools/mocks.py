"""Other mocks: the host of theirs is theirs, ours is ours, and a third one is reached."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eugpt_files_mock import FilesMock

from .clients import GET
from .tool import InUse, Tool

__all__ = ["MOCKS", "OTHER", "OUR_HOST"]

OTHER = "https://neighbour.example/hello"
OUR_HOST = "chat.eugpt.ai"


def _in_use(client: str) -> InUse:
    """The one that is switched on answers for `OTHER`."""

    def check(mock: FilesMock) -> None:
        assert "neighbour" == GET[client](OTHER)
        assert 1 == len(mock.calls)

    return InUse(get=GET[client], check=check)


@contextmanager
def _respx(using: str, client: str) -> Iterator[InUse]:
    import respx

    if using == "httpcore2":
        importlib.import_module("pytest_httpx2")  # registers its patching with respx
    is_checked = using != "httpx"  # the line is for when it was started last
    with respx.mock(using=using, assert_all_called=is_checked, assert_all_mocked=True) as router:
        router.get(OTHER).respond(200, text="neighbour")
        router.route(host="127.0.0.1").pass_through()
        if using == "httpx":
            router.route(host=OUR_HOST).pass_through()
        yield _in_use(client)


@contextmanager
def _pytest_httpx(client: str) -> Iterator[InUse]:
    """Its fixture, run by hand, so that it can be left in any order."""
    import pytest_httpx

    theirs = {"should_mock": lambda request: request.url.host != "127.0.0.1"}
    marked = SimpleNamespace(iter_markers=lambda name: [SimpleNamespace(kwargs=theirs)])
    fixture: Any = inspect.unwrap(pytest_httpx.httpx_mock)
    with pytest.MonkeyPatch.context() as patch:
        running = fixture(patch, SimpleNamespace(node=marked))
        next(running).add_response(url=OTHER, text="neighbour")
        yield _in_use(client)
        assert "over" == next(running, "over")


@contextmanager
def _responses() -> Iterator[InUse]:
    import responses

    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        mock.get(OTHER, body="neighbour")
        mock.add_passthru("http://127.0.0.1")
        yield _in_use("requests")


@contextmanager
def _requests_mock() -> Iterator[InUse]:
    import requests_mock

    with requests_mock.Mocker(real_http=True) as mock:
        mock.get(OTHER, text="neighbour")
        yield _in_use("requests")


@contextmanager
def _pook(client: str) -> Iterator[InUse]:
    import pook

    pook.on()
    try:
        pook.get(OTHER).reply(200).body("neighbour")
        pook.enable_network("127.0.0.1", OUR_HOST)
        yield _in_use(client)
        assert pook.isdone()
    finally:
        pook.off()
        pook.disable_network()


_VCR: dict[str, Any] = {"ignore_localhost": True, "ignore_hosts": [OUR_HOST]}


@contextmanager
def _vcrpy(client: str) -> Iterator[InUse]:
    """A recording of the other host, and no permission to record more."""
    import vcr

    cassette = Path(__file__).parents[2] / "data" / "neighbour.yaml"
    with vcr.use_cassette(str(cassette), record_mode="none", allow_playback_repeats=True, **_VCR):
        yield _in_use(client)


@contextmanager
def _httpretty(client: str) -> Iterator[InUse]:
    import httpretty

    with httpretty.enabled(allow_net_connect=True):
        httpretty.register_uri(httpretty.GET, OTHER.replace("https", "http"), body="neighbour")

        def check(mock: FilesMock) -> None:
            assert "neighbour" == GET[client](OTHER.replace("https", "http"))

        # It lets nothing out on Python 3.13, also without us: its socket lacks methods.
        yield InUse(get=GET[client], check=check, reaches_others=False)


@contextmanager
def _aioresponses() -> Iterator[InUse]:
    from aioresponses import aioresponses, core

    if "stream_writer" not in inspect.getsource(core):
        pytest.skip("it makes no answers that aiohttp 3.14 takes")
    with aioresponses(passthrough=["http://127.0.0.1", f"https://{OUR_HOST}"]) as mock:
        mock.get(OTHER, body="neighbour")
        yield _in_use("aiohttp")


def _ignoring(client: str) -> str:
    return f'`ignore_hosts=["{OUR_HOST}"]`' if client == "aiohttp" else ""


def _row(
    name: str,
    client: str,
    on: Callable[..., AbstractContextManager[InUse]],
    *arguments: str,
    needs: str = "",
    line: str = "",
    is_nested: bool = False,
) -> Tool:
    return Tool(
        name=name,
        client=client,
        needs=needs or name.replace("-", "_"),
        on=partial(on, *arguments),
        shows="its own host",
        line=line,
        is_nested=is_nested,
    )


MOCKS = [
    _row("respx", "httpx", _respx, "httpcore", "httpx"),
    _row("respx", "httpx async", _respx, "httpcore", "httpx async"),
    _row(
        'respx `using="httpx"`',
        "httpx",
        _respx,
        "httpx",
        "httpx",
        needs="respx",
        line=f'`router.route(host="{OUR_HOST}").pass_through()`',
    ),
    _row("pytest-httpx", "httpx", _pytest_httpx, "httpx"),
    _row("pytest-httpx", "httpx async", _pytest_httpx, "httpx async"),
    *(
        _row("pytest-httpx2", client, _respx, "httpcore2", client)
        for client in ("httpx2", "httpx2 async")
    ),
    _row("responses", "requests", _responses),
    _row("requests-mock", "requests", _requests_mock, line="`real_http=True`"),
    *(
        _row("pook", client, _pook, client, is_nested=client == "urllib3")
        for client in ("httpx", "requests", "urllib3")
    ),
    *(
        _row("vcrpy", client, _vcrpy, client, needs="vcr", line=_ignoring(client))
        for client in ("httpx", "httpx2", "requests", "urllib3", "aiohttp")
    ),
    *(
        _row("httpretty", client, _httpretty, client)
        for client in ("httpx", "requests", "urllib.request")
    ),
    _row(
        "aioresponses",
        "aiohttp",
        _aioresponses,
        line=f'`passthrough=["https://{OUR_HOST}"]`',
    ),
]
