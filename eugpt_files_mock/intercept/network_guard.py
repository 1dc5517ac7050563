"""The network guard: while a mock intercepts, no other client reaches one of its hosts.

It replaces what every client uses that isn't intercepted, whatever it is built on: the functions
that look up the name of a host, and those that connect a socket. For other hosts nothing changes,
at the cost of two dictionary look-ups.

Out of its reach are libraries that resolve names in C, such as pycurl, and functions of `socket`
that were copied before the mock was started (`from socket import getaddrinfo`).

A thread may outlive its test. So the pytest plugin keeps the guard up between tests::

    network_guard.hold(base_urls)     # from the first use of a fixture
    network_guard.release()           # at the end of the session
"""

import _socket
import socket
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from ..errors import NetworkRefused
from ..model.base_urls import BaseUrl, Origin, origin
from . import CLIENTS, registry
from .patches import Patch, bound, lock
from .registry import ActiveMock

__all__ = ["release"]

_LOOK_UPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_CONNECTS = ("connect", "connect_ex")
_SERVICES = {"http": 80, "https": 443}
# A mock of http://localhost:8000 has the addresses too, which some clients know without a look-up.
_LOOPBACK = {"localhost": ("127.0.0.1", "::1")}

_held: set[Origin] = set()
_names: dict[str, set[str]] = {}
"""Address → the host names for which a look-up has returned it."""


def patches(library: Any) -> list[Patch]:
    """What is replaced in uvloop, which looks names up by itself."""
    names = ("getaddrinfo", "create_connection")
    return [Patch(f"{library.__name__}.Loop.{name}", _asking_uvloop(name)) for name in names]


def start() -> None:
    """Stand guard; idempotent. Not safe without the lock of `patches`."""
    for patch in _standing():
        if not patch.is_started:
            patch.start()


def stop() -> None:
    """Stand guard no longer, unless hosts are held or a mock intercepts."""
    if not (_held or registry.any_is_active()):
        for patch in _standing():
            if patch.is_started:
                patch.stop()


@lru_cache
def _standing() -> tuple[Patch, ...]:
    return (
        *(Patch(f"socket.{name}", _looking_up) for name in _LOOK_UPS),
        *(
            Patch(f"socket.socket.{name}", _connecting, owner=_socket_class(name))
            for name in _CONNECTS
        ),
    )


def _socket_class(method: str) -> Any:
    """Python's own, or gevent's; pytest-socket derives another from it, and httpretty hides it."""
    # The author may have put a stub under the name, which has no bases.
    named = getattr(socket.socket, "__mro__", ())
    kinds = (*named, *_socket.socket.__subclasses__())
    known = [kind for kind in kinds if kind.__module__.split(".")[0] in {"socket", "gevent"}]
    return next((kind for kind in known if method in vars(kind)), known[0])


def hold(base_urls: Iterable[BaseUrl]) -> None:
    """Refuse these hosts also while no mock intercepts, until `release`."""
    with lock:
        _held.update(base_url.origin for base_url in base_urls)
        start()


def release() -> None:
    """Refuse nothing any more, unless a mock intercepts."""
    with lock:
        _held.clear()
        stop()


def _looking_up(original: Any) -> Any:
    def look_up(host: Any, *arguments: Any, **words: Any) -> Any:
        name = _text(host)
        _refuse_ours(name, words.get("port", arguments[0] if arguments else None))
        answer = original(host, *arguments, **words)
        # A name may be looked up without a port and connected to with ours. `connect` only gets
        # an address, so the name is remembered.
        if name and registry.owner_of_host(origin(name, None)[0]):
            for address in _addresses(answer):
                _names.setdefault(address, set()).add(name)
        return answer

    return look_up


def _connecting(original: Any) -> Any:
    def connect(sock: Any, address: Any) -> Any:
        # The address of a Unix socket is a string, or bytes.
        if isinstance(address, tuple) and len(address) >= 2:
            host, port = _text(address[0]), address[1]
            local = [name for name, addresses in _LOOPBACK.items() if host in addresses]
            for name in (host, *_names.get(host, ()), *local):
                _refuse_ours(name, port)
        return bound(original, sock)(address)

    return connect


def _asking_uvloop(name: str) -> Any:
    position = {"getaddrinfo": 0, "create_connection": 1}[name]

    def replacing(original: Any) -> Any:
        def ask(loop: Any, *arguments: Any, **words: Any) -> Any:
            host, port = (*arguments[position:], None, None)[:2]
            if host is None:
                host = words.get("host")
            _refuse_ours(_text(host), words.get("port", port))
            return bound(original, loop)(*arguments, **words)

        return ask

    return replacing


def _refuse_ours(host: str, port: Any) -> None:
    """Raise `NetworkRefused` for one of our hosts, on whatever port; of this machine, on ours.

    Without a port, or with 0, the name is looked up before a port is chosen: the default is meant.
    """
    number = _SERVICES.get(port, port) if isinstance(port, str) else port
    try:
        place = origin(host, int(number) if number else None)
    except ValueError:
        # No number, or no port: the function that is called will say so.
        return
    # By the host alone, as a look-up has no path: `passthrough` can't let it through.
    mock = registry.owner_of(place)
    if mock is None and not _is_this_machine(place[0]):
        mock = registry.owner_of_host(place[0])
    if mock is not None:
        if not mock.allow_network:
            error = _refusal(place, mock)
            # The code under test may swallow it, and would have reached the real service.
            mock.deferred_errors.append(error)
            raise error
    elif place in _held or (not _is_this_machine(place[0]) and place[0] in dict(_held)):
        raise _refusal(place, None)


def _is_this_machine(host: str) -> bool:
    """Whether anything else may listen there, such as a database."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _refusal(place: Origin, mock: ActiveMock | None) -> NetworkRefused:
    host, port = place
    asked = host if port is None else f"{host}:{port}"
    # An event loop looks names up in threads, where no caller is on the stack.
    unseen = "asyncio" if "asyncio" in sys.modules else "A thread"
    library = registry.calling_package(_MACHINERY) or unseen
    return NetworkRefused(
        f"{library} asked for {asked} over the network, and was refused: {_advice(place, mock)}\n"
        "To allow it: FilesMock(allow_network=True), or pytest --eugpt-allow-network for the whole "
        "run; this may reach the real service.",
        host=host,
        library=library,
    )


_INTERCEPTED = ", ".join(
    [*(name for name in CLIENTS if name != "uvloop"), "http.client and urllib.request"]
)


def _advice(place: Origin, mock: ActiveMock | None) -> str:
    """Why it was refused, and what helps."""
    if mock is not None and all(place != base_url.origin for base_url in mock.base_urls):
        own = ", ".join(base_url.text for base_url in mock.base_urls)
        return (
            f"no mock answers on that port.\nWhat would have matched: {own}.\n"
            "To fix it: correct the base URL of the client, or name it in FilesMock(base_url=...)."
        )
    if mock is not None:
        passed = ", ".join(mock.passthrough)
        other = f"start the mock that answers {passed}, or " if passed else ""
        return (
            "the mock only answers clients that it intercepts.\n"
            f"What would have matched: {_INTERCEPTED}, on a path that isn't in passthrough.\n"
            f"To fix it: {other}let the code under test talk to a port, with the fixture "
            "eugpt_files_server or FilesMock().serve()."
        )
    if registry.served_at:
        return (
            "the mock of this test is on a port, and this is another address.\n"
            f"What would have matched: {', '.join(registry.served_at)}.\n"
            "To fix it: let the client use the mock's base_url, or the environment variable "
            "EUGPT_BASE_URL, which the fixture sets."
        )
    return (
        "no mock is active.\n"
        "What would have matched: a request while a mock is active.\n"
        "To fix it: ask for the fixture eugpt_files in this test (as its first fixture, if another "
        "one uses the client when it ends); or wait for the thread that has outlived its test."
    )


_MACHINERY = frozenset(
    {"eugpt_files_mock", "socket", "asyncio", "concurrent", "threading", "selectors", "ssl",
     "anyio", "contextvars", "functools", "runpy"}
)  # fmt: skip
"""What lies below every client."""


def _text(host: Any) -> str:
    if isinstance(host, (bytes, bytearray)):
        return host.decode("ascii", "replace")
    return host if isinstance(host, str) else ""


def _addresses(answer: Any) -> Iterator[str]:
    """Of what any of the three functions gives."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, tuple):
        yield from answer[2]
    else:
        yield from (entry[4][0] for entry in answer)
