"""Ends a run that would not end: too many calls, asleep for days, or waiting for nothing."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

from ..locks import free_after_fork
from ..real_clock import real_seconds
from .clocks import seconds_skipped

_INSISTENCE = 10
"""So many calls beyond the limit end in an error; whoever goes on then catches everything."""

_PATIENCE = 300
"""How often, a hundredth of a second apart, we wait for coverage: as a Python function it may be at
work nearly all the time."""

_LONG_SLEEP = 3600.0
"""Seconds skipped, without a call: who sleeps that long waits for what doesn't come."""

OWN_THREADS = "eugpt-files-mock"
"""How the names of our threads begin, which are no part of the code under test."""

_DEBUGGERS = ("bdb", "pdb", "pydevd", "_pydevd_bundle", "debugpy")


class Endless(SystemExit):
    """Raised into code under test that doesn't end.

    A `SystemExit`: event loops let that one out of every task, and a thread ends by it in silence.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run is endless.

    Attributes:
        calls: it makes more than these.
        usual: how many it makes without a failure.
        seconds: it takes longer; None for any time.
        silence: it makes no call for so many seconds, and only sleeps; or three times as long, and
            waits for what nobody can give it.
    """

    calls: int
    usual: int
    seconds: float | None
    silence: float

    @classmethod
    def of(cls, usual: int, guards: Sequence[Guard], *, least: Limits, waits: bool) -> Limits:
        """After runs without a failure, with so many calls; `waits`: sleeping takes its time."""
        longest = max(guard.seconds for guard in guards)
        return cls(
            calls=max(least.calls, _TIMES * usual),
            usual=usual,
            seconds=None if waits or least.seconds is None else least.seconds + _TIMES * longest,
            silence=least.silence + _TIMES * max(guard.silence for guard in guards),
        )


_TIMES = 20
"""A run is endless that does more than so many times the usual, and more than `LEAST`."""

LEAST = Limits(calls=1_000, usual=0, seconds=60.0, silence=3.0)


class Guard:
    """Of one run: notes that it is endless, and ends it.

    Attributes:
        why: what is endless about it; empty for a run that isn't.
        on_endless: called instead, in the thread of a request, to end another process.
        seconds: how long it took; 0 before it has ended.
        silence: how long, at most, it made no call.
    """

    def __init__(self, limits: Limits | None, give_in: Callable[[], None]) -> None:
        """`give_in` takes the failure away, so that code which waits for a success has one."""
        self.why = ""
        self.on_endless: Callable[[], None] | None = None
        self.seconds = self.silence = 0.0
        self._limits, self._give_in = limits, give_in
        # Held while somebody is interrupted, so that nobody is who has left.
        self._lock = free_after_fork(threading.Lock())
        self._is_left = self._rests = False
        self._thread = threading.get_ident()
        self._before = frozenset(threading.enumerate())
        # Others, such as those of a pool that all runs share, may be given work.
        others = (thread.ident for thread in self._before if not _is_ours(thread))
        self._without_work = _waiting(others)
        self._pause, self._again = 1.0, 0.0
        self._is_put_off, self._patience = False, _PATIENCE
        self._is_raised = False
        self._began = self._called = real_seconds()
        self._skipped = seconds_skipped()
        self._signal = self._taken_signal()

    def on_call(self, number: int, *, is_on_a_port: bool) -> None:
        """A call was answered, in the thread that handles it."""
        self._note_silence()
        limits = self._limits
        if limits is None or number <= limits.calls:
            return
        self.why = self.why or (
            f"made more than {limits.calls} calls, and {limits.usual} without a failure"
        )
        if self.on_endless is not None:
            self.on_endless()
        else:
            self._end(number - limits.calls, limits, is_on_a_port=is_on_a_port)

    def _end(self, beyond: int, limits: Limits, *, is_on_a_port: bool) -> None:
        """So many calls beyond the limit."""
        if beyond > _INSISTENCE:
            self._give_in()
            if beyond < limits.calls:
                return
        if threading.get_ident() == self._thread or not is_on_a_port:
            raise Endless(self.why)
        # Over a port, what is raised here would end the server's thread, not the program.
        with self._lock:
            if self._may_interrupt():
                self._raise_in(self._thread)

    def _note_silence(self) -> None:
        now = real_seconds()
        self.silence = max(self.silence, now - self._called)
        self._called, self._skipped = now, seconds_skipped()

    def look(self) -> None:
        """In a thread of ours: once a second, and more often once the run is endless."""
        if self._is_left or self._limits is None or self.on_endless is not None:
            return
        self.why = self.why or self._too_long(self._limits)
        now = real_seconds()
        # What was raised needs a moment to end the run; and so does what cleans up after it.
        if not self.why or (now < self._again and not self._is_put_off):
            return
        self._pause *= 2
        self._again, self._is_put_off = now + self._pause, False
        self._give_in()
        self._interrupt()

    def _too_long(self, limits: Limits) -> str:
        if limits.seconds is None:
            return ""
        silence = real_seconds() - self._called
        slept = seconds_skipped() - self._skipped
        if silence > limits.silence and slept > _LONG_SLEEP:
            return f"slept for {slept / 3600:.0f} hours, and made no call"
        # What another program does may take some seconds, and wake it then.
        if silence > 3 * limits.silence and self._waits_for_ever():
            return "waited, without a timeout, for what doesn't come"
        if real_seconds() - self._began > limits.seconds and not self._is_debugged():
            return f"did not end within {limits.seconds:.0f} s"
        return ""

    def _waits_for_ever(self) -> bool:
        """Whether nobody whom the run has started, or given work, can go on any more."""
        threads = {self._thread, *(thread.ident for thread in self._started())}
        threads |= self._without_work & set(sys._current_frames())
        return threads == _waiting(threads)

    def _started(self) -> list[threading.Thread]:
        return [
            thread
            for thread in threading.enumerate()
            if thread not in self._before and not _is_ours(thread)
        ]

    def _is_debugged(self) -> bool:
        frame: FrameType | None = sys._current_frames().get(self._thread)
        while frame is not None:
            if str(frame.f_globals.get("__name__")).partition(".")[0] in _DEBUGGERS:
                return True
            frame = frame.f_back
        return False

    def _interrupt(self) -> None:
        """In the threads that the run started, and in its own, whatever that waits for."""
        with self._lock:
            if not self._may_interrupt():
                return
            for thread in self._started():
                # One of a pool would lose its next work, of a run to come, and nobody would tell.
                if not _has_no_work(sys._current_frames().get(thread.ident or 0)):
                    self._raise_in(thread.ident)
            if sys.platform != "win32" and self._signal is not None:
                signal.pthread_kill(self._thread, self._signal)
            else:
                self._raise_in(self._thread)

    def _may_interrupt(self) -> bool:
        return not (self._is_left or self._rests)

    def _raise_in(self, thread: int | None) -> None:
        if not self._puts_off(sys._current_frames().get(thread or 0)):
            self._is_raised = True
            _set_exception(thread, Endless)

    def _puts_off(self, frame: FrameType | None) -> bool:
        """To the next look, while coverage is at work: an error would stop it, or keep its lock."""
        if self._patience and _measures(frame):
            self._is_put_off = True
            self._patience -= 1
            return True
        return False

    def _taken_signal(self) -> signal.Signals | None:
        """Only a signal ends waiting for a lock or a socket: in the main thread, not on Windows."""
        if (
            sys.platform != "win32"
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGURG) is signal.SIG_DFL
        ):
            signal.signal(signal.SIGURG, self._on_signal)
            return signal.SIGURG
        return None

    def _on_signal(self, _signal: int, frame: FrameType | None) -> None:
        if self._may_interrupt() and not self._puts_off(frame):
            raise Endless(self.why)

    def rest(self) -> None:
        """What runs now in this thread isn't the code under test: nothing is raised into it."""
        try:
            self._rest()
        except Endless:  # that came a moment too late
            self._rest()

    def _rest(self) -> None:
        with self._lock:
            self._rests = True
        if self._is_raised:
            _set_exception(self._thread, None)

    def go_on(self) -> None:
        """With the code under test, after a rest."""
        self._rests = False

    def leave(self) -> None:
        """The run is over."""
        self.rest()
        self._is_left = True
        self._note_silence()
        self.seconds = real_seconds() - self._began
        # Whatever platform the test says that it runs on now.
        if self._signal is not None and threading.current_thread() is threading.main_thread():
            signal.signal(self._signal, signal.SIG_DFL)


_WAITS = {
    "threading": ("wait", "join", "_wait_for_tstate_lock"),
    "selectors": ("select",),
    "concurrent.futures.thread": ("_worker",),
}
"""Module → its functions that wait, those with a timeout in a variable of that name."""


def _is_ours(thread: threading.Thread) -> bool:
    return thread.name.startswith(OWN_THREADS)


def _waiting(threads: Iterable[int | None]) -> set[int | None]:
    """Those of the threads that wait for a lock or a socket, without a timeout."""
    frames = sys._current_frames()
    return {ident for ident in threads if ident in frames and _waits(frames[ident])}


def _waits(frame: FrameType) -> bool:
    names = _WAITS.get(frame.f_globals.get("__name__", ""), ())
    # For select(), -1 is no timeout.
    return frame.f_code.co_name in names and frame.f_locals.get("timeout") in (None, -1)


def _has_no_work(frame: FrameType | None) -> bool:
    """Whether a thread of a pool waits for its next work."""
    return (
        frame is not None
        and frame.f_globals.get("__name__") == "concurrent.futures.thread"
        and frame.f_code.co_name == "_worker"
    )


def _measures(frame: FrameType | None) -> bool:
    """Whether a function of coverage is running, or what that has called."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        if name.startswith("coverage.") and name not in _RUN_PROGRAMS:
            return True
        frame = frame.f_back
    return False


_RUN_PROGRAMS = ("coverage.cmdline", "coverage.execfile")
"""Modules of coverage that are below the whole program, where `coverage run` has started it."""


def _set_exception(thread: int | None, error: type[BaseException] | None) -> None:
    # Late: not every Python has it, and hardly any program needs it.
    import ctypes

    given: Any = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread or 0), given)


class Watch:
    """Looks at the run of a sweep from time to time.

    Attributes:
        guard: that of the run, while there is one.
    """

    def __init__(self) -> None:
        self.guard: Guard | None = None
        self._running = _thread.allocate_lock()

    def start(self) -> None:
        """Not as a `Thread`: those are counted, by us and by others."""
        self._running.acquire()
        _thread.start_new_thread(self._look, ())

    def stop(self) -> None:
        """And the run is let alone, also one that nobody has ended: pytest itself was stopped."""
        guard, self.guard = self.guard, None
        if guard is not None:
            guard.leave()
        self._running.release()

    def _look(self) -> None:
        guard = None
        while not self._running.acquire(timeout=0.01 if guard is not None and guard.why else 1.0):
            guard = self.guard
            if guard is not None:
                guard.look()
