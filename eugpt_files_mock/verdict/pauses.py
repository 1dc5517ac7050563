"""What can be told of a pause between two requests of this process, beside how long it was.

Whether a test has replaced what sleeps, how much of the time the thread was at work, and whether
who sent the last request waits still.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from types import BuiltinFunctionType, FrameType
from typing import Any

from ..model.messages import Sender, ThreadTimes

# -- whether sleeping is replaced: then a wait, or none, tells nothing -----------------------------

_SLEEPING = {
    "time": ("time", "gevent.hub", "eventlet.greenthread"),
    "asyncio": ("asyncio.tasks",),
    "anyio": ("anyio._core._eventloop",),
    "trio": ("trio._timeouts",),
}
"""Module → the modules whose `sleep` it may have: its own, or that of a library that replaces it
for the whole process, and really waits."""


class _Watched:
    """A module that sleeps, and the function that was found there last, and really does."""

    def __init__(self, module: Any, own: tuple[str, ...]) -> None:
        self.module, self.own, self.genuine = module, own, None


_watched: list[_Watched] = []
_imported = 0
"""How many modules there were when these were looked for: each request asks."""


def is_sleeping_replaced() -> bool:
    """Whether a test has replaced what sleeps: then a wait, or none, tells nothing."""
    global _watched, _imported  # noqa: PLW0603 - the modules are those of the process
    if len(sys.modules) != _imported:
        _imported = len(sys.modules)
        _watched = [
            _Watched(sys.modules[name], own)
            for name, own in _SLEEPING.items()
            # None stands for one that must not be imported.
            if sys.modules.get(name) is not None
        ]
    for watched in _watched:
        sleep = getattr(watched.module, "sleep", None)
        if sleep is not watched.genuine:
            if _home(sleep) not in watched.own:
                return True
            watched.genuine = sleep
    return _is_stamina_testing()


def _home(function: Any) -> Any:
    """The module that a function was written in, whatever it says of itself (`functools.wraps`)."""
    if isinstance(function, BuiltinFunctionType):
        return function.__module__
    return getattr(function, "__globals__", {}).get("__name__")


def _is_stamina_testing() -> bool:
    stamina = sys.modules.get("stamina")
    return stamina is not None and bool(getattr(stamina, "is_testing", bool)())


def is_a_sleep_replaced_nearby() -> bool:
    """Whether a module that is calling, or tenacity, has been given another `sleep`.

    A module may have imported it by its name, or have a mock in place of the whole `time`.
    """
    nap: Any = sys.modules.get("tenacity.nap")
    mock: Any = sys.modules.get("unittest.mock")
    if nap is None and mock is None:
        return False
    mocks = () if mock is None else (mock.NonCallableMock,)
    if isinstance(getattr(nap, "time", None), mocks):
        return True
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        known = frame.f_globals
        if any(isinstance(known.get(name), mocks) for name in ("sleep", *_SLEEPING)):
            return True
        if _is_of_tenacity(known.get("__name__")):
            # `upload.retry.sleep = Mock()`, or `lambda seconds: None`.
            sleep = getattr(frame.f_locals.get("self"), "sleep", None)
            if isinstance(sleep, mocks) or getattr(sleep, "__name__", "") == "<lambda>":
                return True
        frame = frame.f_back
    return False


def _is_of_tenacity(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] == "tenacity"


# -- what the thread does: on a busy machine, a retry at once comes late ---------------------------

# Kept, as tests and sweeps replace what is in these modules.
_thread_time, _sleep = time.thread_time, time.sleep
_open, _read, _close = os.open, os.read, os.close


class _ThisThread(threading.local):
    """The thread that asks; `mark` stands for it."""

    def __init__(self) -> None:
        self.mark = object()


_this = _ThisThread()


def thread_times(*, is_shared: bool) -> ThreadTimes:
    """Those of the thread that asks."""
    return ThreadTimes(
        thread=_this.mark,
        at_work=_thread_time(),
        kept_waiting=_seconds_kept_waiting(),
        stops=_stops() if _are_stops_counted() else None,
        is_shared=is_shared,
    )


# Asked once, as a test may say that it runs elsewhere.
if sys.platform == "linux":
    import resource

    def _stops() -> int | None:
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

    def _seconds_kept_waiting() -> float:
        try:
            file = _open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:  # not every Linux has it, nor does a file system that a test has made up
            return 0.0
        try:
            return int(_read(file, 100).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0
        finally:
            _close(file)

else:

    def _stops() -> int | None:
        return None

    def _seconds_kept_waiting() -> float:
        return 0.0


@cache
def _are_stops_counted() -> bool:
    """Not by everything that looks like Linux: so it is tried once."""
    before = _stops()
    _sleep(0.0001)
    return before != _stops()


# -- whether who sent a request still waits, when the verdict is asked for -------------------------


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
