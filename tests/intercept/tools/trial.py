"""One trial: a tool and a mock, entered and left in a given order."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
from contextlib import ExitStack
from types import FunctionType
from typing import Any

from eugpt_files_mock import FilesMock

from .clients import GET
from .tool import Tool

__all__ = ["FIRST", "trial"]

FIRST = ("tool", "mock")

_REPLACED = {
    "socket": {
        "": ["getaddrinfo", "gethostbyname", "create_connection", "socket"],
        "socket": ["connect", "connect_ex"],
    },
    "http.client": {
        "HTTPConnection": ["connect", "putrequest", "getresponse"],
        "HTTPSConnection": ["connect"],
    },
    "httpx": {
        "Client": ["_transport_for_url", "send"],
        "AsyncClient": ["_transport_for_url", "send"],
        "HTTPTransport": ["handle_request"],
        "AsyncHTTPTransport": ["handle_async_request"],
    },
    "requests": {
        "Session": ["send", "get_adapter", "request"],
        "adapters.HTTPAdapter": ["send", "get_connection_with_tls_context"],
    },
    "urllib3": {"HTTPConnectionPool": ["urlopen", "_make_request"]},
    "aiohttp": {"TCPConnector": ["connect", "_create_connection"], "ClientSession": ["_request"]},
}
"""What we replace, and what the tools do."""


def replaced() -> dict[str, Any]:
    """What is there now."""
    libraries = dict(_REPLACED)
    if importlib.util.find_spec("httpx2"):
        libraries["httpx2"] = libraries["httpx"]
    return {
        f"{library}:{owner}.{method}": _static(library, owner, method)
        for library, owners in libraries.items()
        for owner, methods in owners.items()
        for method in methods
    }


def _static(library: str, owner: str, method: str) -> Any:
    target = pkgutil.resolve_name(f"{library}:{owner}" if owner else library)
    return inspect.getattr_static(target, method, None)


def trial(tool: Tool, real: str, first: str, left_first: str) -> None:
    """Our call is answered, another host (`real`) is reached, and nothing is left."""
    before = replaced()
    mock = FilesMock()
    parts = {"tool": ExitStack(), "mock": ExitStack()}
    with parts["tool"], parts["mock"]:
        use = None
        for part in _in_order(first):
            if part == "mock":
                parts[part].enter_context(mock)
            else:
                use = parts[part].enter_context(tool.on())
        assert use is not None
        assert not use.reaches_others or '"real"' == use.get(real)
        assert '{"object":' == use.get(f"{mock.base_url}/files").replace(" ", "")[:10]
        mock.assert_called("list")
        use.check(mock)
        parts[left_first].close()
        if left_first == "mock":
            assert not use.reaches_others or '"real"' == use.get(real)
        else:
            mock.reset()
            assert "list" in GET[tool.client](f"{mock.base_url}/files")
            mock.assert_called("list", times=1)
        parts[_other(left_first)].close()
        assert '"real"' == GET[tool.client](real)
    with FilesMock():  # takes off what a tool has restored of ours
        pass
    left = {name: there for name, there in replaced().items() if there is not before[name]}
    if tool.own_process:
        left = {name: there for name, there in left.items() if _is_ours(there)}
    assert {} == left


def _is_ours(function: Any) -> bool:
    while function is not None:
        if type(function) is FunctionType and function.__module__.startswith("eugpt_files_mock"):
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def _other(part: str) -> str:
    return FIRST[part == FIRST[0]]


def _in_order(first: str) -> tuple[str, str]:
    return first, _other(first)
