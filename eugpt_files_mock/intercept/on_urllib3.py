"""urllib3, and what stands on it: a pool of our host makes its connections in memory.

urllib3 does all of its own work: timeouts, retries, rewinding, redirects, reading, closing.
"""

import copy
import socket
import ssl
from functools import lru_cache, partial
from inspect import signature
from queue import LifoQueue, Queue
from typing import Any
from urllib.parse import unquote

from urllib3 import exceptions
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import Timeout
from urllib3.util.ssl_ import resolve_cert_reqs

from ..model.base_urls import Origin, origin
from ..model.messages import Outcome
from . import registry
from .memory import MemorySocket, NotConnected
from .patches import InheritedPatch, MethodPatch, Patch, bound, give_back
from .registry import Find, place_of, sender_of

_TIMEOUT = 7
"""The position of `timeout` among the arguments of `urlopen`."""


def patches(_: Any) -> list[Patch]:
    """What is replaced: where a pool sends."""
    return [_urlopen, _urlopen_of_https] if _urlopen_of_https.is_needed else [_urlopen]


def _opener(pool: Any) -> Any:
    """What sends for our hosts: the newest that the test author, or a tracer, has put there."""
    of_https = _urlopen_of_https.is_needed and isinstance(pool, _urlopen_of_https.owner)
    place = _urlopen_of_https if of_https else _urlopen
    there = place.there
    return there if place.is_put_by_the_author(there) else place.through or _urlopen.through


def urlopen_in_memory(
    pool: Any,
    find: Find,
    client: str,
    *arguments: Any,
    outcome: Outcome | None = None,
    through: Any = None,
    **words: Any,
) -> Any:
    """As `pool.urlopen`, over connections in memory; a proxy of the pool isn't asked.

    `outcome` is that of the first request if it has been decided already; `through` is the function
    that sends, by default with all the tracers that lie on it; the rest is `urlopen`'s.
    """
    if not isinstance(pool.pool, (Queue, type(None))):
        # urllib3-future, which niquests puts in urllib3's place, has a stack of its own. It goes
        # to the network, where the guard refuses it.
        return bound(_opener(pool) if through is None else through, pool)(*arguments, **words)
    timeout = words.get("timeout", (*arguments[_TIMEOUT:], pool.timeout)[0])
    twin = copy.copy(pool)
    twin.in_memory = True
    twin.proxy, twin.proxy_headers = None, {}
    # A queue of its own, so that no connection outlives the mock, and none is older than it. None
    # stands for one that isn't made yet, as in urllib3's own.
    twin.pool = LifoQueue(1)
    twin.pool.put(None)
    outcomes = iter((outcome,))

    def connect(connection: Any) -> MemorySocket:
        seconds = read_timeout(twin._get_timeout(timeout))
        peer = connection.host, connection.port
        sender = partial(sender_of, pool.scheme)
        return MemorySocket(find, client, seconds, next(outcomes, None), peer=peer, sender=sender)

    # A class for each call, as urllib3 takes a class, not a function. The name stays: its messages
    # show it.
    kind = _memory_class(_kind(pool))
    twin.ConnectionCls = type(kind.__name__, (kind,), {"connect_in_memory": connect})
    return bound(_opener(twin) if through is None else through, twin)(*arguments, **words)


def read_timeout(timeout: Timeout) -> float | None:
    """Seconds that the client waits for bytes; a total includes the time to connect."""
    if timeout.total is not None:
        # Its clock must run before `read_timeout` can be asked for; the caller's own isn't touched.
        timeout = timeout.clone()
        timeout.start_connect()
    seconds = timeout.read_timeout
    # Else it is None, or urllib3's sentinel for the default of sockets.
    return seconds if isinstance(seconds, (int, float)) else None


def _opening(original: Any, own: Any) -> Any:
    def urlopen(pool: Any, *arguments: Any, **words: Any) -> Any:
        # A twin already: urllib3 calls itself for a retry or a redirect, or a tracer lies on ours.
        if "in_memory" in vars(pool):
            return own(pool, *arguments, **words)
        url = words["url"] if "url" in words else arguments[1]
        place, path = _address(pool, url)
        if registry.find(place, path) is None:
            give_back()
            return original(pool, *arguments, **words)
        find = partial(registry.find, place)
        return urlopen_in_memory(pool, find, "urllib3", *arguments, through=own, **words)

    # OpenTelemetry looks for `headers` among the parameters of what it wraps.
    urlopen.__signature__ = signature(_urlopen.own())  # type: ignore[attr-defined]
    return urlopen


_urlopen = MethodPatch("urllib3.connectionpool.HTTPConnectionPool.urlopen", _opening)
_urlopen_of_https = InheritedPatch(
    "urllib3.connectionpool.HTTPSConnectionPool.urlopen", _opening, _urlopen
)


def is_bare() -> bool:
    """Whether a pool sends by nothing but urllib3's own function."""
    return _urlopen.is_bare() and not _urlopen_of_https.is_needed


def _address(pool: Any, url: str) -> tuple[Origin, str]:
    """Origin and path of a request: a proxy is sent the whole URL, any other host only the path."""
    there = None if url.startswith("/") else place_of(url)
    return there or (origin(pool.host, pool.port), unquote(url.partition("?")[0]))


def _kind(pool: Any) -> Any:
    """The class of the pool's connections, below those that vcrpy derives from it."""
    kinds = pool.ConnectionCls.__mro__
    return next(kind for kind in kinds if not kind.__module__.startswith("vcr."))


def _as_of_connecting(connection: Any, error: OSError) -> Exception:
    """What urllib3 makes of an error from below while it connects."""
    if isinstance(error, ssl.SSLError):
        return error
    if isinstance(error, TimeoutError):
        seconds = connection.timeout
        message = f"Connection to {connection.host} timed out. (connect timeout={seconds})"
        return ConnectTimeoutError(connection, message)
    # Older releases have no error of its own for names.
    unresolved = getattr(exceptions, "NameResolutionError", None)
    if isinstance(error, socket.gaierror) and unresolved is not None:
        named: Exception = unresolved(connection.host, connection, error)
        return named
    return NewConnectionError(connection, f"Failed to establish a new connection: {error}")


@lru_cache
def _memory_class(kind: Any) -> Any:
    class MemoryHTTPConnection(kind):  # type: ignore[misc]
        """Connects in memory, and acts as if TLS were there."""

        def connect(self) -> None:
            self.sock = self.connect_in_memory()
            # urllib3 warns of each request over a connection that isn't verified.
            required = resolve_cert_reqs(getattr(self, "cert_reqs", None))
            self.is_verified = required == ssl.CERT_REQUIRED

        def send(self, data: Any) -> None:
            try:
                super().send(data)
            # What `connect` raises, so that `Retry(connect=…)` counts it.
            except NotConnected as late:
                raise _as_of_connecting(self, late.error) from late.error

        @property
        def is_connected(self) -> bool:
            # urllib3's own asks select() for the socket's number, and there is none.
            return self.sock is not None

    MemoryHTTPConnection.__name__ = MemoryHTTPConnection.__qualname__ = kind.__name__
    return MemoryHTTPConnection
