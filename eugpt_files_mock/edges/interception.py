"""The active mocks of this process, and which of them a URL belongs to.

The client edges are hooked in when the first mock is entered and taken out when the last is left,
so mocks can nest and be left in any order. All threads share them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from ..base_urls import BaseUrl, Origin
from ..errors import FilesMockError, hide_from_traceback
from ..service.handle import Service

__tracebackhide__ = hide_from_traceback


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """One mock, as the edges see it.

    Attributes:
        service: what answers.
        base_urls: where it is to be found.
        passthrough: paths of its hosts that are left to others.
        complaints: what was raised at the test author inside a client call, and may be swallowed.
    """

    service: Service
    base_urls: tuple[BaseUrl, ...]
    passthrough: tuple[str, ...]
    complaints: list[FilesMockError] = field(default_factory=list)

    def leaves(self, path: str) -> bool:
        """Whether the path is left to others."""
        return any(path == left or path.startswith(left + "/") for left in self.passthrough)


class Found(NamedTuple):
    """The door that answers, and the path below its base URL (None: outside of it)."""

    door: Door
    resource: str | None


class Hook(NamedTuple):
    """How a client edge is put in and taken out."""

    install: Callable[[], None]
    uninstall: Callable[[], None]


_lock = Lock()
_doors: list[Door] = []
_installed: list[Hook] = []
_by_origin: dict[Origin, tuple[tuple[Door, BaseUrl], ...]] = {}


def enter(door: Door) -> None:
    """Let the door answer, before those that are open already.

    Raises:
        SeamLost: when a client library cannot be hooked; then nothing is changed.
    """
    with _lock:
        if not _doors:
            _install()
        _doors.append(door)
        _index()


def leave(door: Door) -> None:
    """Close the door; the last one takes the hooks out."""
    with _lock:
        _doors.remove(door)
        _index()
        if not _doors:
            _uninstall()


def find(origin: Origin, path: str) -> Found | None:
    """The innermost open door that owns this place; None when it is nobody's.

    A door whose base URL the path lies below comes before one that only has the host.
    """
    candidates = _by_origin.get(origin)
    if candidates is None:
        return None
    host_only: Found | None = None
    for door, base_url in candidates:
        if door.passthrough and door.leaves(path):
            continue
        resource = base_url.resource(path)
        if resource is not None:
            return Found(door, resource)
        host_only = host_only or Found(door, None)
    return host_only


def _index() -> None:
    """Innermost first; replaced as a whole, so that readers need no lock."""
    global _by_origin  # noqa: PLW0603 - the one process-wide table
    index: dict[Origin, tuple[tuple[Door, BaseUrl], ...]] = {}
    for door in reversed(_doors):
        for base_url in door.base_urls:
            index[base_url.origin] = (*index.get(base_url.origin, ()), (door, base_url))
    _by_origin = index


def _install() -> None:
    from . import on_httpx, on_requests

    try:
        for hook in (*on_httpx.hooks(), *on_requests.hooks()):
            hook.install()
            _installed.append(hook)
    except BaseException:
        _uninstall()
        raise


def _uninstall() -> None:
    while _installed:
        _installed.pop().uninstall()
