"""Who sends a request in process: the task or thread, its event loop, and how it sleeps."""

import sys
import weakref
from math import inf
from threading import current_thread
from threading import enumerate as enumerate_threads
from types import BuiltinFunctionType, FrameType
from typing import Any

from ..model.messages import Sender


def sender_of(scheme: str, client: Any = None, *, has_timeout: bool = True) -> Sender:
    """Who sends right now; `client` is given by async clients, which belong to one event loop."""
    loop, task, now = _running()
    if task is None:
        thread = current_thread()
        return Sender(
            weakref.ref(thread),
            scheme,
            is_sleeping_replaced=is_sleeping_replaced(),
            ident=id(thread),
        )
    return Sender(
        who=weakref.ref(task),
        scheme=scheme,
        client=weakref.ref(client) if _keeps_connections(client) else None,
        loop=weakref.ref(loop),
        loop_time=now,
        # Whose client has a time-out needs no other.
        has_deadline=not has_timeout and _has_deadline(loop, task),
        is_sleeping_replaced=is_sleeping_replaced(),
        ident=id(task),
    )


def living() -> frozenset[int]:
    """The `id` of each thread, and of each task of the event loop that runs here."""
    found = {id(thread) for thread in enumerate_threads()}
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        found |= {id(task) for task in asyncio.all_tasks()}
    return frozenset(found)


def _keeps_connections(client: Any) -> bool:
    """Whether an async client, or what it sends with, has connections that belong to its loop."""
    if client is None or getattr(client, "_force_close", False):  # of aiohttp's connector
        return False
    return getattr(getattr(client, "_pool", None), "_max_keepalive_connections", None) != 0


def _running() -> tuple[Any, Any, float | None]:
    """Event loop, task and the loop's time; three times None in a thread without a loop."""
    # Not imported: who runs a loop has done so.
    asyncio: Any = sys.modules.get("asyncio")
    loop = None if asyncio is None else asyncio._get_running_loop()
    if loop is not None:
        return loop, asyncio.current_task(loop), loop.time()
    trio = sys.modules.get("trio")
    if trio is None:
        return None, None, None
    try:
        return trio.lowlevel.current_trio_token(), trio.lowlevel.current_task(), trio.current_time()
    except RuntimeError:
        return None, None, None


_SLEEPING = {
    "time": ("time", "gevent.hub", "eventlet.greenthread"),
    "asyncio": ("asyncio.tasks",),
    "anyio": ("anyio._core._eventloop",),
    "trio": ("trio._timeouts",),
}
"""Module → the modules whose `sleep` it may have: its own, or that of a library that replaces it
for the whole process, and really waits."""


def is_sleeping_replaced() -> bool:
    """Whether a test has replaced what sleeps: then a wait, or none, tells nothing."""
    return (
        any(
            _home(getattr(sys.modules[name], "sleep", None)) not in own
            for name, own in _SLEEPING.items()
            if name in sys.modules
        )
        or _is_stamina_testing()
    )


def _home(function: Any) -> Any:
    """The module that a function was written in, whatever it says of itself (`functools.wraps`)."""
    if isinstance(function, BuiltinFunctionType):
        return function.__module__
    return getattr(function, "__globals__", {}).get("__name__")


def _is_stamina_testing() -> bool:
    stamina = sys.modules.get("stamina")
    return stamina is not None and bool(getattr(stamina, "is_testing", bool)())


def is_a_sleep_replaced_nearby() -> bool:
    """Whether a module that is calling has a mock in place of a `sleep` that it has imported."""
    mock: Any = sys.modules.get("unittest.mock")
    frame: FrameType | None = None if mock is None else sys._getframe(1)
    while frame is not None:
        if isinstance(frame.f_globals.get("sleep"), mock.NonCallableMock):
            return True
        frame = frame.f_back
    return False


def seconds_to_deadline() -> float | None:
    """Until a deadline of the application ends what the running task waits for; None if none is
    known: uvloop doesn't tell.
    """
    loop, task, now = _running()
    if task is None or now is None:
        return None
    whens = [
        handle.when()
        for handle in getattr(loop, "_scheduled", ())
        if not handle.cancelled() and _ends(handle, task)
    ]
    # Late, as only httpx and httpx2 come here, which depend on it. It knows trio's deadlines too.
    import anyio

    whens.append(anyio.current_effective_deadline())
    nearest = min(whens, default=inf)
    return None if nearest == inf else max(0.0, nearest - now)


def _has_deadline(loop: Any, task: Any) -> bool:
    """Whether a deadline of the loop, such as `asyncio.timeout()`, will end the task's call."""
    anyio = sys.modules.get("anyio")
    if anyio is not None and anyio.current_effective_deadline() != float("inf"):
        return True
    if not hasattr(loop, "_scheduled"):
        # trio's own are known to anyio; uvloop doesn't tell: no accusation there.
        return type(loop).__module__.startswith("uvloop")
    return any(_ends(handle, task) for handle in loop._scheduled if not handle.cancelled())


def _ends(handle: Any, task: Any) -> bool:
    callback = handle._callback
    # `asyncio.timeout()`, and `wait_for()` of Python 3.12; async_timeout has the same members.
    if getattr(getattr(callback, "__self__", None), "_task", None) is task:
        return True
    # Of Python 3.11 and older: `wait_for()` makes a task of its own for what it waits for.
    return getattr(callback, "__name__", "") == "_release_waiter"
