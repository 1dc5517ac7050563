"""What stands between code and its client: caches, and a toolbelt."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from eugpt_files_mock import FilesMock

from .clients import AUTH
from .tool import InUse, Tool

__all__ = ["CACHES"]


def _kept(get: Callable[[str], str], mock: FilesMock) -> None:
    """What was asked once isn't asked again."""
    body = get(f"{mock.base_url}/files")
    assert ('{"object":', 1) == (body.replace(" ", "")[:10], len(mock.calls))


def _cached(get: Callable[[str], str]) -> InUse:
    return InUse(get=get, check=lambda mock: _kept(get, mock))


def _through(session: Any) -> Callable[[str], str]:
    return lambda url: str(session.get(url, headers=AUTH, timeout=5).text)


@contextmanager
def _cache_control() -> Iterator[InUse]:
    import requests
    from cachecontrol import CacheControl
    from cachecontrol.heuristics import ExpiresAfter

    with requests.Session() as session:
        yield _cached(_through(CacheControl(session, heuristic=ExpiresAfter(days=1))))


@contextmanager
def _requests_cache() -> Iterator[InUse]:
    import requests_cache

    with requests_cache.CachedSession(backend="memory") as session:
        yield _cached(_through(session))


@contextmanager
def _requests_cache_installed() -> Iterator[InUse]:
    import requests
    import requests_cache

    requests_cache.install_cache(backend="memory")
    try:
        yield _cached(lambda url: requests.get(url, headers=AUTH, timeout=5).text)
    finally:
        requests_cache.uninstall_cache()


@contextmanager
def _hishel() -> Iterator[InUse]:
    import sqlite3

    import hishel
    import httpx
    from hishel.httpx import CacheTransport

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    storage = hishel.SqliteStorage(connection=connection)
    transport = CacheTransport(next_transport=httpx.HTTPTransport(verify=False), storage=storage)
    with closing(connection), httpx.Client(transport=transport) as client:
        yield _cached(_through(client))


@contextmanager
def _toolbelt() -> Iterator[InUse]:
    from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
    from requests_toolbelt.adapters.source import SourceAddressAdapter
    from requests_toolbelt.sessions import BaseUrlSession

    session = BaseUrlSession()
    session.mount("http", SourceAddressAdapter("127.0.0.1"))

    def check(mock: FilesMock) -> None:
        steps: list[int] = []
        form = {"purpose": "batch", "file": ("a", io.BytesIO(b"x" * 50_000))}
        monitor = MultipartEncoderMonitor(
            MultipartEncoder(form), lambda it: steps.append(it.bytes_read)
        )
        headers = AUTH | {"Content-Type": monitor.content_type}
        session.post(f"{mock.base_url}/files", data=monitor, headers=headers, timeout=5)
        mock.assert_uploaded("a", content=b"x" * 50_000)
        assert len(steps) > 1

    with session:
        yield InUse(get=_through(session), check=check)


_ONCE = "the second call comes from the cache"

CACHES = [
    Tool(
        name="CacheControl", client="requests", needs="cachecontrol", on=_cache_control, shows=_ONCE
    ),
    Tool(
        name="requests-cache",
        client="requests",
        needs="requests_cache",
        on=_requests_cache,
        shows=_ONCE,
    ),
    Tool(
        name="requests-cache, `install_cache()`",
        client="requests",
        needs="requests_cache",
        on=_requests_cache_installed,
        shows=_ONCE,
    ),
    Tool(name="hishel", client="httpx", needs="hishel.httpx", on=_hishel, shows=_ONCE),
    Tool(
        name="requests-toolbelt",
        client="requests",
        needs="requests_toolbelt",
        on=_toolbelt,
        shows="an upload with its encoder is watched step by step",
    ),
]
