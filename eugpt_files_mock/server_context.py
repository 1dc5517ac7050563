"""A mock on a port: the context manager that `FilesMock.serve()` gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from .errors import StateError
from .lifecycle import Lifecycle


class Server(Protocol):
    """What serves until it is stopped: a server of its own, or the shared one of a test session."""

    @property
    def url(self) -> str: ...

    def stop(self) -> None: ...

    def abandon(self) -> None:
        """Close what a forked child has inherited."""

    def end_waits(self) -> None: ...


Mock = TypeVar("Mock")


class ServerContext(Generic[Mock]):
    """`with mock.serve() as mock:`, or `start()` and `stop()`."""

    def __init__(self, mock: Mock, lifecycle: Lifecycle, open_server: Callable[[], Server]) -> None:
        self._mock = mock
        self._lifecycle = lifecycle
        self._open_server = open_server
        self._server: Server | None = None
        self._process = 0

    @property
    def url(self) -> str:
        """Scheme, host and port, without the path of the API.

        Raises:
            StateError: when it does not serve.
        """
        if self._server is None:
            raise StateError("This mock is not being served: call start(), or use `with`.")
        return self._server.url

    def start(self) -> Mock:
        """Bind the port and answer on it.

        Raises:
            AddressInUse: when the address cannot be bound.
            StateError: when it serves already.
            FaultUnavailable: when a fault is armed that a port cannot produce.
        """
        with self._lifecycle.lock:
            if self._server is not None:
                raise StateError("This serves already: stop() it first, or call serve() once more.")
            self._lifecycle.check_can_serve()
            self._server = self._open_server()
            self._process = os.getpid()
            self._lifecycle.open_port(self)
        return self._mock

    def stop(self) -> None:
        """Stop at once, whatever clients do, and run the exit checks. Idempotent.

        Raises:
            ExpectationNotMet: see `FilesMock.stop`.
        """
        self._lifecycle.close_port(self, failing=False)

    def close(self) -> None:
        """Stop at once, without a check; for `FilesMock.stop`, which checks afterwards."""
        server, self._server = self._server, None
        if server is None:
            return
        if self._process == os.getpid():
            server.stop()
        else:
            server.abandon()

    def end_waits(self) -> None:
        """End the connections that a fault keeps waiting, as `FilesMock.reset` does."""
        if self._server is not None:
            self._server.end_waits()

    def __enter__(self) -> Mock:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lifecycle.close_port(self, failing=error is not None)

    async def __aenter__(self) -> Mock:
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lifecycle.close_port(self, failing=error is not None)
