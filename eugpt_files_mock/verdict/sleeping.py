"""Whether a test has replaced what sleeps, in this process: then a wait, or none, tells nothing."""

import sys
from types import BuiltinFunctionType, FrameType
from typing import Any

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
