"""The active mocks of this process, which of them a URL belongs to, and who asks it.

All threads share them. Mocks nest, and are stopped in any order, also while the garbage collector
runs: so nothing here waits for a lock.
"""

import os
import sys
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from threading import current_thread, local
from threading import enumerate as enumerate_threads
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import ClientHasNoTimeout, FilesMockError, NetworkRefused
from ..model.base_urls import BaseUrl, Origin, origin
from ..model.faults import ConnectionFault
from ..model.headers import Headers
from ..model.messages import Outcome, Reply, Request, Sender
from ..real_clock import real_seconds
from ..service import Service
from ..service.handle import handle
from ..verdict.pauses import is_a_sleep_replaced_nearby, is_sleeping_replaced, thread_times

Names = tuple[str, ...] | tuple[bytes, ...]
HeadersSeen = dict[tuple[Names, str], Headers | None]
"""What the fast path has read of headers that came before, by names and values. A mock has its own,
so that no key in them is kept for longer than the mock intercepts."""


# Compared by identity: two mocks may have equal options, and `unregister` must remove the right
# one.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActiveMock:
    """One mock, as the client edges see it.

    `deferred_errors` were raised at the test author inside a client's call, where they may have
    been swallowed; the exit checks report them again. `headers_seen` is the fast path's.
    """

    service: Service
    base_urls: tuple[BaseUrl, ...]
    passthrough: tuple[str, ...]
    allow_network: bool = False
    deferred_errors: list[FilesMockError] = field(default_factory=list)
    headers_seen: HeadersSeen = field(default_factory=dict, repr=False)
    other_hosts: dict[str, str] = field(default_factory=dict, repr=False)
    """Hosts that aren't ours, and which library asked for each: for the report of a failed test."""

    def dispatch(self, request: Request) -> Outcome:
        """What becomes of a request. Raises what a function of the test author has raised."""
        sender = request.sender
        if sender is not None:
            # Only where a failure may come, or has come, as it looks at every frame, task and
            # thread.
            may_fail = self._may_fail()
            replaced = is_sleeping_replaced() or (may_fail and is_a_sleep_replaced_nearby())
            if may_fail or replaced:
                beside = living() if may_fail else frozenset[int]()
                times = thread_times(is_shared=_has_others(sender)) if may_fail else None
                sender = sender._replace(
                    is_sleeping_replaced=replaced, beside=beside, thread_times=times
                )
                request = request._replace(sender=sender)
        outcome = handle(self.service, request)
        if isinstance(outcome, Reply) and outcome.error is not None:
            raise outcome.error
        return outcome

    @property
    def may_reset_amid(self) -> bool:
        """Whether a request may be reset before all of its body has come."""
        # Each request asks, and most mocks have no fault armed.
        if self.service.tenants is None and not self.service.armed.live:
            return False
        return any(
            isinstance(fault, ConnectionFault) and fault.after_bytes is not None
            for service in self.service.all_tenants()
            if service.armed.live
            for armed in service.armed.armed()
            for fault in armed.faults
        )

    def _may_fail(self) -> bool:
        service = self.service
        limit = service.rate_limiter.limit
        return bool(service.armed.was_armed or limit or service.tenants)

    def waits_for_ever(self, outcome: Outcome) -> ClientHasNoTimeout:
        """The error of a client that has no timeout; the exit checks report it again."""
        faults = (
            tenant.journal.fault_of(outcome.request_id) for tenant in self.service.all_tenants()
        )
        fault = next((fault for fault in faults if fault is not None), "of the mock")
        error = ClientHasNoTimeout(
            f"The fault {fault} hit a client that has no timeout: it would wait for ever.\n"
            "To fix it: give the client one, such as timeout=5; in process it costs no time.\n"
            "To allow it: with FilesMock(assert_all_faults_fired=False) the exit checks accept it."
        )
        self.deferred_errors.append(error)
        return error


class Resolved(NamedTuple):
    """The mock that answers, the path below its base URL (None if outside), and the whole path."""

    mock: ActiveMock
    resource: str | None
    path: str


Find = Callable[[str], Resolved | None]
"""Finds the mock that answers a path, which is percent-decoded."""

_active: list[ActiveMock] = []
_by_origin: dict[Origin, tuple[tuple[ActiveMock, BaseUrl], ...]] = {}


def any_is_active() -> bool:
    return bool(_active)


def register(mock: ActiveMock) -> None:
    """Let the mock answer, before those that are active already."""
    _active.append(mock)
    _index()


def unregister(mock: ActiveMock) -> None:
    _active.remove(mock)
    _inherited[:] = [copy for copy in _inherited if copy is not mock]
    _index()
    # What is remembered may have a key in it, which must not be kept for longer than the mock.
    mock.headers_seen.clear()
    place_of.cache_clear()


@lru_cache(maxsize=256)
def place_of(url: str) -> tuple[Origin, str] | None:
    """Origin and path, percent-decoded; None for an address of another kind."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return None if host is None else (origin(host, port), unquote(parts.path))


def find(place: Origin, path: str) -> Resolved | None:
    """The newest active mock whose base URL covers this URL, or None.

    A mock whose base URL covers the path comes before one that only has the host.
    """
    # Each request of the process comes here, also those for other hosts: one dictionary look-up.
    candidates = _by_origin.get(place)
    if candidates is None:
        note_other(place[0])
        return None
    host_only: Resolved | None = None
    for mock, base_url in candidates:
        # One that was started in the forked process has the host, whatever the path.
        if _inherited and host_only is None:
            _refuse_in_a_copy(mock, place[0])
        if mock.passthrough and is_one_of(mock.passthrough, path):
            continue
        if path.startswith(base_url.prefix + "/"):
            return Resolved(mock, path[len(base_url.prefix) :], path)
        host_only = host_only or Resolved(mock, None, path)
    return host_only


def is_one_of(paths: Collection[str], path: str) -> bool:
    """Whether a path is one of these, or lies below one of them."""
    return any(path == one or path.startswith(f"{one}/") for one in paths)


_MOST_HOSTS = 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "testserver")


def note_other(host: str, library: str | None = None) -> None:
    """Keep for the report that a host was asked for which isn't ours; by default its library is
    found up the stack.
    """
    for mock in _active:
        hosts = mock.other_hosts
        if host not in hosts and len(hosts) < _MOST_HOSTS and host not in _LOOPBACK:
            hosts[host] = library or calling_package({"eugpt_files_mock"}) or "?"


def calling_package(passed_over: Collection[str]) -> str | None:
    """The first package up the stack that is none of these, or None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package not in passed_over:
            return package
        frame = frame.f_back
    return None


def owner_of(place: Origin) -> ActiveMock | None:
    """The newest active mock that has this host, whatever the path, or None."""
    candidates = _by_origin.get(place)
    if not candidates:
        return None
    if _inherited:
        _refuse_in_a_copy(candidates[0][0], place[0])
    return candidates[0][0]


def owner_of_host(host: str) -> ActiveMock | None:
    """The newest active mock that has this host, on whatever port, or None."""
    found = (owners[0][0] for (own, _), owners in _by_origin.items() if own == host)
    return next(found, None)


served_at: list[str] = []
"""The base URLs of the ports of this process, for advice."""

_inherited: list[ActiveMock] = []
"""Those that a forked process has a copy of."""


def _after_fork() -> None:
    _inherited[:] = _active


# Windows doesn't fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _refuse_in_a_copy(mock: ActiveMock, host: str) -> None:
    if any(copy is mock for copy in _inherited):
        raise _refusal_of_a_copy(host)


def _refusal_of_a_copy(host: str) -> NetworkRefused:
    return NetworkRefused(
        f"This process was forked while a mock was intercepting {host}. It has only a copy of the "
        "mock, so the test would see nothing of its requests.\n"
        "To fix it: let the code under test talk to a port, with the fixture eugpt_files_server or "
        "FilesMock().serve(), which all processes reach.\n"
        "To allow it: start a mock of its own in the forked process, `with FilesMock():`.",
        host=host,
        library="a forked process",
    )


def _index() -> None:
    """Order the active mocks by origin, newest first."""
    global _by_origin  # noqa: PLW0603 - the one process-wide table
    mocks: list[ActiveMock] | None = None
    # The index is replaced as a whole, so that readers need no lock. Another thread may have
    # changed the list meanwhile, so whoever stores last looks once more.
    while mocks != _active:
        mocks = list(_active)
        index: dict[Origin, tuple[tuple[ActiveMock, BaseUrl], ...]] = {}
        for mock in reversed(mocks):
            for base_url in mock.base_urls:
                index[base_url.origin] = (*index.get(base_url.origin, ()), (mock, base_url))
        _by_origin = index


# -- who sends a request: the task or thread, and its event loop ----------------------------------


def sender_of(
    scheme: str, client: Any = None, *, has_timeout: bool = True, own_deadlines: int = 0
) -> Sender:
    """Who sends right now; `client` is given by async clients, which belong to one event loop.

    `own_deadlines` of the loop are the client's, and end before it has read anything.
    """
    loop, task, now = _running()
    if task is None:
        return _this.sender(scheme)
    return Sender(
        who=weakref.ref(task),
        scheme=scheme,
        client=weakref.ref(client) if _keeps_connections(client) else None,
        loop=weakref.ref(loop),
        loop_ahead=None if now is None else now - real_seconds(),
        # Whose client has a timeout needs no other.
        has_deadline=not has_timeout and _has_deadline(loop, task, own_deadlines),
        ident=id(task),
    )


class _ThisThread(local):
    """The thread that asks, as a sender: made once for all of its requests."""

    def __init__(self) -> None:
        self._made: dict[str, Sender] = {}

    def sender(self, scheme: str) -> Sender:
        """With this scheme."""
        sender = self._made.get(scheme)
        if sender is None:
            thread = current_thread()
            sender = self._made[scheme] = Sender(weakref.ref(thread), scheme, ident=id(thread))
        return sender


_this = _ThisThread()


def living() -> frozenset[int]:
    """The `id` of each thread, and of each task of the event loop that runs here."""
    found = {id(thread) for thread in enumerate_threads()}
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        found |= {id(task) for task in asyncio.all_tasks()}
    return frozenset(found)


def _has_others(sender: Sender) -> bool:
    """Whether other tasks of its event loop run beside it."""
    if sender.loop is None:
        return False
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return True  # trio doesn't tell
    # Some clients are answered in a task of ours.
    return bool(asyncio.all_tasks() - {asyncio.current_task(), sender.who()})


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
    # Older releases can only be asked for what raises outside of a run.
    if trio is None or not getattr(trio.lowlevel, "in_trio_run", lambda: True)():
        return None, None, None
    try:
        return trio.lowlevel.current_trio_token(), trio.lowlevel.current_task(), trio.current_time()
    except RuntimeError:
        return None, None, None


def call_soon() -> Callable[..., object]:
    """What another thread calls, to have a function called by the event loop that runs here."""
    loop, _, _ = _running()
    threadsafe: Callable[..., object] | None = getattr(loop, "call_soon_threadsafe", None)
    return threadsafe or loop.run_sync_soon


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


def _has_deadline(loop: Any, task: Any, own: int) -> bool:
    """Whether a deadline of the loop, such as `asyncio.timeout()`, will end the task's call."""
    anyio = sys.modules.get("anyio")
    if anyio is not None and anyio.current_effective_deadline() != float("inf"):
        return True
    if not hasattr(loop, "_scheduled"):
        # trio's own are known to anyio; uvloop doesn't tell: no accusation there.
        return type(loop).__module__.startswith("uvloop")
    found = sum(_ends(handle, task) for handle in loop._scheduled if not handle.cancelled())
    return found > own


def _ends(handle: Any, task: Any) -> bool:
    callback = handle._callback
    # `asyncio.timeout()`, and `wait_for()` of Python 3.12; async_timeout has the same members.
    if getattr(getattr(callback, "__self__", None), "_task", None) is task:
        return True
    # Of Python 3.11 and older: `wait_for()` makes a task of its own for what it waits for.
    return getattr(callback, "__name__", "") == "_release_waiter"
