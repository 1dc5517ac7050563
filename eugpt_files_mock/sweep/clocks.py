"""Sleeping that takes no time: the clocks of this process go on by as much instead.

`time.sleep`, `asyncio.sleep`, `anyio.sleep` and `trio.sleep` return at once, and `time.time`,
`monotonic` and `perf_counter` (and so the clocks of asyncio and trio) are ahead from then on.
`datetime` follows by time-machine, as it can't be replaced from Python.

Sleepers wake in the order of their times. Waiting for something else, such as a lock or a socket,
takes its time.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from threading import Lock
from types import BuiltinFunctionType, ModuleType
from typing import Any

from ..locks import free_after_fork

_sleep, _time, _monotonic = time.sleep, time.time, time.monotonic
_time_ns, _perf_counter_ns = time.time_ns, time.perf_counter_ns
_asyncio_sleep = asyncio.sleep

_BREATH = 0.001
"""Seconds that a sleep takes while others are at work, so that a loop that waits for them is not
over before they had a chance."""


class _Clocks:
    """How far the clocks of this process are ahead; shared by all sweeps that run."""

    def __init__(self) -> None:
        self._lock = free_after_fork(Lock())
        self._users = 0
        self._threads = 0
        self._exchanged: list[tuple[Any, Any]] = []
        self._modules = 0
        self._has_trio = False
        self._travel: Any = None
        self.ahead = 0.0

    @property
    def is_used(self) -> bool:
        return self._users > 0

    @property
    def is_alone(self) -> bool:
        """Whether no thread was started since the sweep began."""
        return threading.active_count() <= self._threads

    def now(self) -> float:
        return _monotonic() + self.ahead

    def set_forward(self, target: float) -> None:
        """Let `now()` be at least `target`: several that sleep at once do so side by side."""
        with self._lock:
            more = target - self.now()
            if more > 0:
                self.ahead += more

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users > 1:
                return
            self.ahead = 0.0
            self._threads = threading.active_count()
            self._travel = _travel()
            if self._travel is not None:
                self._travel.start().time_ns = self._wall_clock()
            self._exchanged = _substitutes(with_wall_clock=self._travel is None)
            _exchange(self._exchanged)
            # Trio is looked for with the first run, as it may be imported by then.
            self._modules, self._has_trio = 0, False

    def look_again(self) -> None:
        """A run may have imported modules, or a tool for tests has put the real clocks back."""
        with self._lock:
            if not self._users:
                return
            if "trio" in sys.modules and not self._has_trio:
                self._has_trio = True
                self._exchanged.append(_trio_substitute(sys.modules["trio"]))
            if self._modules != len(sys.modules) or time.monotonic in self._originals():
                _exchange(self._exchanged)
                self._modules = len(sys.modules)

    def _originals(self) -> list[Any]:
        return [original for original, _ in self._exchanged]

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            # Also in modules that were imported meanwhile, and got the substitutes.
            _exchange((new, old) for old, new in self._exchanged)
            if self._travel is not None:
                self._travel.stop()
                self._travel = None

    def _wall_clock(self) -> Callable[[], int]:
        """Unix nanoseconds, in place of time-machine's own, which asks for the real time.

        That is an error once the travel is over, and another thread may be on its way by then.
        """
        begin = _time_ns() - _perf_counter_ns()

        def wall_clock() -> int:
            return begin + _perf_counter_ns() + int(self.ahead * 10**9)

        return wall_clock


_CLOCKS = _Clocks()


@contextmanager
def without_waiting() -> Iterator[None]:
    """While it is entered, sleeping takes no time. Several may be, also in several threads."""
    _CLOCKS.enter()
    try:
        yield
    finally:
        _CLOCKS.leave()


def look_again() -> None:
    """Before each run: what was imported since then has the real functions still."""
    _CLOCKS.look_again()


def seconds_skipped() -> float:
    """How many seconds of sleeping were left out, since the first of these was entered."""
    return _CLOCKS.ahead


def _travel() -> Any:
    """What lets `datetime` go on too, or None: time-machine reaches it in C."""
    # A test that sets the clock has its own opinion about it.
    if not isinstance(time.time, BuiltinFunctionType):
        return None
    with suppress(ImportError):
        import time_machine

        if not time_machine.escape_hatch.is_travelling():
            return time_machine.travel(_time(), tick=True)
    return None


# What takes the place of the sleeping functions. Code may keep one of these beyond the sweep, when
# it imports a module meanwhile: so each does the usual thing when no sweep runs.


@wraps(_sleep)
def _skipping_sleep(seconds: float, /) -> None:
    # Our own server waits for real sockets.
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if not _CLOCKS.is_used or not _can_be_skipped(seconds) or caller.startswith(_OWN_SERVER):
        _sleep(seconds)
        return
    target = _CLOCKS.now() + seconds
    _sleep(0 if _CLOCKS.is_alone else _BREATH)
    _CLOCKS.set_forward(target)


_OWN_SERVER = ("eugpt_files_mock.server", "eugpt_files_mock.protocol")


def _can_be_skipped(seconds: object) -> bool:
    # What isn't a number, or is below 0, is an error of the real function; infinity is for ever.
    return isinstance(seconds, (int, float)) and 0 < seconds < math.inf


_TURNS = 5
"""Of the event loop, until a timeout has ended what it limits: its timer, the waiting task, the
cancellation (`wait_for()` of Python 3.11 and older has a task between)."""


class _Sleepers:
    """The targets of those that sleep in one event loop; the earliest is woken first."""

    def __init__(self) -> None:
        self._targets: list[float] = []

    async def sleep(self, seconds: float, turn: Callable[[float], Any], *, busy: bool) -> None:
        """`turn` gives the others a turn, for so many real seconds."""
        target = _CLOCKS.now() + seconds
        self._targets.append(target)
        try:
            # Twice: whoever is woken by the first may begin to sleep too.
            await turn(_BREATH if busy else 0)
            await turn(0)
            while min(self._targets) < target and _CLOCKS.now() < target:
                await turn(0)
            _CLOCKS.set_forward(target)
            # A timeout that is due earlier than this wakes its task now, and may cancel this one.
            for _ in range(_TURNS):
                await turn(0)
        finally:
            self._targets.remove(target)

    def __len__(self) -> int:
        return len(self._targets)


_of_loop: dict[int, _Sleepers] = {}


def _sleepers(key: object) -> _Sleepers:
    return _of_loop.setdefault(id(key), _Sleepers())


@wraps(_asyncio_sleep)
async def _skipping_asyncio_sleep(delay: float, result: Any = None) -> Any:
    if not _CLOCKS.is_used or not _can_be_skipped(delay):
        return await _asyncio_sleep(delay, result)
    loop = asyncio.get_running_loop()
    sleepers = _sleepers(loop)
    # Others in this loop may wait for a socket or a thread.
    busy = len(asyncio.all_tasks(loop)) > len(sleepers) + 1 or not _CLOCKS.is_alone
    try:
        await sleepers.sleep(delay, _asyncio_sleep, busy=busy)
    finally:
        if not sleepers:
            _of_loop.pop(id(loop), None)
    return result


def _trio_substitute(trio: ModuleType) -> tuple[Any, Any]:
    original = trio.sleep

    @wraps(original)
    async def skipping(seconds: float) -> None:
        if not _CLOCKS.is_used or not _can_be_skipped(seconds):
            await original(seconds)
            return
        key = trio.lowlevel.current_trio_token()
        sleepers = _sleepers(key)

        async def turn(real: float) -> None:
            if real:
                _sleep(real)
            await trio.lowlevel.checkpoint()

        try:
            await sleepers.sleep(seconds, turn, busy=not _CLOCKS.is_alone)
        finally:
            if not sleepers:
                _of_loop.pop(id(key), None)

    return original, skipping


def _clock(original: Any, unit: int = 1) -> Any:
    """A clock that is ahead; `unit` of it are a second."""

    @wraps(original)
    def ahead() -> Any:
        now = original()
        return now + _CLOCKS.ahead if unit == 1 else now + int(_CLOCKS.ahead * unit)

    return ahead


def _substitutes(*, with_wall_clock: bool) -> list[tuple[Any, Any]]:
    """What is replaced, and by what."""
    clocks = [time.monotonic, time.perf_counter]
    nanoseconds = [time.monotonic_ns, time.perf_counter_ns]
    if with_wall_clock:
        clocks.append(time.time)
        nanoseconds.append(time.time_ns)
    pairs = [(_sleep, _skipping_sleep), (_asyncio_sleep, _skipping_asyncio_sleep)]
    pairs += [(clock, _clock(clock)) for clock in clocks]
    pairs += [(clock, _clock(clock, 10**9)) for clock in nanoseconds]
    return pairs


_MODULES_OF_OURS = ("eugpt_files_mock", "conftest_plugin", "_pytest", "pytest", "pluggy", "xdist")
_STANDARD = ("time", "asyncio", "asyncio.tasks")
"""The modules of the standard library in which the functions are found; in others they are used for
waits that take their time."""


def _exchange(pairs: Iterable[tuple[Any, Any]]) -> None:
    """Put the second of each pair wherever a module has the first.

    Not only into the module that they come from: `from time import sleep` is common.
    """
    by_identity = {id(old): (old, new) for old, new in pairs}
    for module in _modules():
        for name, value in tuple(vars(module).items()):
            found = by_identity.get(id(value))
            if found is not None and found[0] is value:
                setattr(module, name, found[1])


def _modules() -> Iterator[ModuleType]:
    standard = sys.stdlib_module_names
    # A copy, as another thread may import something.
    for name, module in tuple(sys.modules.items()):
        top = name.partition(".")[0]
        # Some libraries put objects of other kinds there.
        if type(module) is not ModuleType or top in _MODULES_OF_OURS:
            continue
        if top not in standard or name in _STANDARD:
            yield module
