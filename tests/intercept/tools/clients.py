"""A GET with a key of ours, through each client, by name; the body as text."""

from __future__ import annotations

import asyncio
import importlib
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio

__all__ = ["AUTH", "GET"]

AUTH = {"Authorization": "Bearer eugpt_test"}


def _httpx(name: str, url: str) -> str:
    with importlib.import_module(name).Client(verify=False) as client:
        return str(client.get(url, headers=AUTH).text)


def _httpx_async(name: str, url: str, backend: str = "asyncio") -> str:
    async def get() -> str:
        async with importlib.import_module(name).AsyncClient(verify=False) as client:
            return str((await client.get(url, headers=AUTH)).text)

    return anyio.run(get, backend=backend)


def _requests(url: str) -> str:
    import requests

    return requests.get(url, headers=AUTH, timeout=5).text


def _urllib3(url: str) -> str:
    import urllib3

    answer: Any = urllib3.request("GET", url, headers=AUTH, timeout=5)
    return str(answer.data.decode())


def _urllib(url: str) -> str:
    request = urllib.request.Request(url, headers=AUTH)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def _aiohttp(url: str) -> str:
    import aiohttp

    async def get() -> str:
        async with aiohttp.ClientSession() as session, session.get(url, headers=AUTH) as answer:
            return await answer.text()

    return asyncio.run(get())


GET: dict[str, Callable[[str], str]] = {
    "httpx": partial(_httpx, "httpx"),
    "httpx async": partial(_httpx_async, "httpx"),
    "httpx trio": partial(_httpx_async, "httpx", backend="trio"),
    "httpx2": partial(_httpx, "httpx2"),
    "httpx2 async": partial(_httpx_async, "httpx2"),
    "requests": _requests,
    "urllib3": _urllib3,
    "urllib.request": _urllib,
    "aiohttp": _aiohttp,
}
