"""The ways into one mock: interception, and the ports that it is served on.

Leaving is checked when the last of them is closed, and no exception is under way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .errors import FaultUnavailable, StateError, Unmet, hide_from_traceback
from .expectations import verification
from .intercept import installation as interception
from .intercept.registry import Door
from .model.faults import Fault, Severing
from .options import Options
from .service.handle import Service

__tracebackhide__ = hide_from_traceback


class Port(Protocol):
    """Where a mock is served."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""


class WaysIn:
    """Those that are open.

    Args:
        service: what answers.
        options: the base URLs, and what leaving checks.
    """

    def __init__(self, service: Service, options: Options) -> None:
        self._door = Door(
            service=service, base_urls=options.base_url, passthrough=options.passthrough
        )
        self._service = service
        self._options = options
        self._intercepting = False
        self._ports: list[Port] = []

    @property
    def base_url(self) -> str:
        """That of the newest port, else the first that is intercepted."""
        if self._ports:
            return f"{self._ports[-1].url}/v1"
        return self._options.base_url[0].text

    def intercept(self) -> None:
        """See `FilesMock.start`."""
        if self._intercepting:
            raise StateError("this mock intercepts already: stop() it first, or make another one.")
        interception.enter(self._door)
        self._intercepting = True

    def stop_intercepting(self, *, failing: bool) -> None:
        """See `FilesMock.stop`; `failing` says that an exception is under way."""
        if self._intercepting:
            self._intercepting = False
            interception.leave(self._door)
            self._check_left(failing=failing)

    def open_port(self, port: Port) -> None:
        """It is served there."""
        self._ports.append(port)

    def close_port(self, port: Port, *, failing: bool) -> None:
        """It is no longer served there; `failing` says that an exception is under way."""
        self._ports.remove(port)
        self._check_left(failing=failing)

    def check_armed(self, faults: Iterable[Fault]) -> None:
        """That these faults can be produced on every way that is open now.

        Raises:
            FaultUnavailable: when one cannot.
        """
        if self._ports:
            _check_on_a_port(faults)

    def check_can_serve(self) -> None:
        """That a port could produce what is armed.

        Raises:
            FaultUnavailable: when it could not.
        """
        for armed in self._service.armed.armed():
            _check_on_a_port(armed.faults)

    def forget_complaints(self) -> None:
        """See `FilesMock.reset`."""
        self._door.complaints.clear()

    def _check_left(self, *, failing: bool) -> None:
        if failing or self._intercepting or self._ports:
            return
        complaints = list(self._door.complaints)
        self.forget_complaints()  # what is said once is not said again at the next leaving
        message = verification.check_left(self._service, self._options, complaints)
        if message:
            raise Unmet(message)


def _check_on_a_port(faults: Iterable[Fault]) -> None:
    for fault in faults:
        if isinstance(fault, Severing) and fault.kind == "refused":
            raise FaultUnavailable(
                "connection_refused() works in process only: a port that listens cannot refuse.\n"
                "To fix it: stop the server to refuse connections, or take connection_reset()."
            )
