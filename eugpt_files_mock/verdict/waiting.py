"""Whether who sent a request waits while the verdict is asked for, and so may try again."""

import sys
import threading
from collections.abc import Iterator
from typing import Any

from ..model.messages import Sender


def still_waits(sender: Sender | None) -> bool:
    """Whether the sender sleeps, or a timer was set since. False where that isn't known: a port."""
    if sender is None or not sender.is_in_process:
        return False
    who = sender.who()
    waits = _thread_waits(who) if isinstance(who, threading.Thread) else _task_waits(who)
    return waits or _is_a_timer_set(sender)


def _thread_waits(thread: threading.Thread) -> bool:
    # Who asks for the verdict isn't waiting; if that is another thread, the main one waits for it.
    if thread in (threading.current_thread(), threading.main_thread()):
        return False
    frame = sys._current_frames().get(thread.ident or 0)
    for _ in range(_NEAREST):
        if frame is None:
            break
        module = frame.f_globals.get("__name__")
        if module in _AWAITING_WORK or (module, frame.f_code.co_name) in _AWAITING_ANOTHER:
            return False
        frame = frame.f_back
    return thread.is_alive()


_NEAREST = 4
"""Frames; a thread that waits for work is there at its innermost ones."""

_AWAITING_WORK = ("queue", "concurrent.futures.thread", "concurrent.futures._base", "selectors")
"""Where a thread waits for something to do, or for others."""

_AWAITING_ANOTHER = (("threading", "join"), ("threading", "_wait_for_tstate_lock"))


def _task_waits(task: Any) -> bool:
    """Whether a task of asyncio or trio sleeps, or waits for an event."""
    coroutine = task.get_coro() if hasattr(task, "get_coro") else getattr(task, "coro", None)
    return any(code.co_name in _SLEEPS or _is_event(code) for code in _awaited(coroutine))


_SLEEPS = ("sleep", "sleep_until")


def _is_event(code: Any) -> bool:
    return bool(getattr(code, "co_qualname", code.co_name) in ("wait", "Event.wait"))


def _awaited(coroutine: Any) -> Iterator[Any]:
    """The code of each coroutine that a task is in; none if it has ended."""
    while getattr(coroutine, "cr_frame", None) is not None:
        yield coroutine.cr_code
        coroutine = coroutine.cr_await


def _is_a_timer_set(sender: Sender) -> bool:
    """Whether a `threading.Timer` was started after the request, and will go off."""
    return any(
        isinstance(thread, threading.Timer)
        and not thread.finished.is_set()
        and id(thread) not in sender.beside
        for thread in threading.enumerate()
        if sender.beside
    )
