"""How one mock is active: intercepting clients, and on ports.

The exit checks run when the last way in is closed, unless an exception is under way.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock
from typing import Protocol

from .errors import (
    ExpectationNotMet,
    FaultUnavailable,
    StateError,
    hide_from_traceback,
)
from .expectations.exit_checks import exit_failure, exit_problems
from .intercept import installation
from .intercept.registry import ActiveMock
from .model.faults import ConnectionFault, Fault
from .service.service import Service

__tracebackhide__ = hide_from_traceback


class Port(Protocol):
    """Where a mock is served."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""

    def end_waits(self) -> None:
        """End the connections that a fault keeps waiting."""


class Lifecycle:
    """The ways into one mock that are open.

    Args:
        service: what answers.
    """

    def __init__(self, service: Service) -> None:
        options = service.options
        self._active_mock = ActiveMock(
            service=service, base_urls=options.base_url, passthrough=options.passthrough
        )
        self._service = service
        self._lock = RLock()
        self._intercepting = False
        self._ports: list[Port] = []

    @property
    def base_url(self) -> str:
        """That of the newest port, else the first that is intercepted."""
        if self._ports:
            return f"{self._ports[-1].url}/v1"
        return self._service.options.base_url[0].text

    def intercept(self) -> None:
        """See `FilesMock.start`."""
        with self._lock:
            if self._intercepting:
                raise StateError(
                    "This mock intercepts already: stop() it first, or make another one."
                )
            installation.enter(self._active_mock)
            self._intercepting = True

    def stop_intercepting(self, *, failing: bool) -> None:
        """See `FilesMock.stop`; `failing` says that an exception is under way."""
        with self._lock:
            if not self._intercepting:
                return
            self._intercepting = False
            installation.leave(self._active_mock)
        self._check_when_closed(failing=failing)

    def open_port(self, port: Port) -> None:
        """The mock is served there now."""
        self._ports.append(port)

    def close_port(self, port: Port, *, failing: bool) -> None:
        """It is no longer served there; `failing` says that an exception is under way."""
        self._ports.remove(port)
        self._check_when_closed(failing=failing)

    def check_armed(self, faults: Iterable[Fault]) -> None:
        """Check that every way that is open can produce these faults.

        Raises:
            FaultUnavailable: when one cannot.
        """
        if self._ports:
            _check_on_a_port(faults)

    def check_can_serve(self) -> None:
        """Check that a port could produce what is armed.

        Raises:
            FaultUnavailable: when it could not.
        """
        for armed in self._service.armed.armed():
            _check_on_a_port(armed.faults)

    def reset(self) -> None:
        """See `FilesMock.reset`."""
        self._active_mock.deferred_errors.clear()
        for port in list(self._ports):
            port.end_waits()

    def check(self) -> None:
        """Run the exit checks.

        Raises:
            ExpectationNotMet: one failed.
        """
        deferred = list(self._active_mock.deferred_errors)
        self._active_mock.deferred_errors.clear()  # what is reported once isn't reported again
        message = exit_failure(self._service, deferred)
        if message:
            raise ExpectationNotMet(message)

    def problems(self) -> list[str]:
        """What the exit checks would say now, whatever the options switch off; nothing is marked
        as reported.
        """
        return exit_problems(self._service, self._active_mock.deferred_errors)

    def _check_when_closed(self, *, failing: bool) -> None:
        if not (failing or self._intercepting or self._ports):
            self.check()


def _check_on_a_port(faults: Iterable[Fault]) -> None:
    for fault in faults:
        if isinstance(fault, ConnectionFault) and fault.kind == "refused":
            raise FaultUnavailable(
                "connection_refused() works in process only: a port that listens cannot refuse.\n"
                "To fix it: stop the server to refuse connections, or use connection_reset()."
            )
