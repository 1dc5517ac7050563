"""Interception: the client edges are hooked in when the first door is opened, and taken out when
the last is closed.
"""

from __future__ import annotations

from threading import Lock

from ..errors import hide_from_traceback
from . import registry
from .hook import Hook
from .registry import ActiveMock

__tracebackhide__ = hide_from_traceback

_lock = Lock()
_installed: list[Hook] = []


def enter(door: ActiveMock) -> None:
    """Let the door answer, before those that are open already.

    Raises:
        PatchTargetMissing: when a client library cannot be hooked; then nothing is changed.
    """
    with _lock:
        if not registry.any_is_active():
            _install()
        registry.register(door)


def leave(door: ActiveMock) -> None:
    """Close the door; the last one takes the hooks out."""
    with _lock:
        registry.unregister(door)
        if not registry.any_is_active():
            _uninstall()


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
