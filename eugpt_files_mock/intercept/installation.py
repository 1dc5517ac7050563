"""Interception: the client edges are hooked in when the first door is opened, and taken out when
the last is closed.
"""

from __future__ import annotations

from threading import Lock

from ..errors import hide_from_traceback
from . import registry as doors
from .hook import Hook
from .registry import Door

__tracebackhide__ = hide_from_traceback

_lock = Lock()
_installed: list[Hook] = []


def enter(door: Door) -> None:
    """Let the door answer, before those that are open already.

    Raises:
        SeamLost: when a client library cannot be hooked; then nothing is changed.
    """
    with _lock:
        if not doors.any_is_open():
            _install()
        doors.open_door(door)


def leave(door: Door) -> None:
    """Close the door; the last one takes the hooks out."""
    with _lock:
        doors.close_door(door)
        if not doors.any_is_open():
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
