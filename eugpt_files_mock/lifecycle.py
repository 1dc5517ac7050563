"""How one mock is active: intercepting clients, and on ports.

The exit checks run when it is no longer active at all, unless an exception is being raised.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .environment import Settings, pointing_to
from .errors import ExpectationNotMet, FaultUnavailable, FilesMockError, OptionError, StateError
from .expectations.exit_checks import exit_failure, exit_problems
from .intercept import installation, registry
from .intercept.mounting import Mounts
from .intercept.registry import ActiveMock
from .locks import free_after_fork
from .model.base_urls import Origin, parse_base_url
from .model.faults import ConnectionFault, Fault
from .service import Service
from .service.operations import forget_paths

if TYPE_CHECKING:
    from .admin.resources import ControlledMock
    from .server.connection import Respond

    class HasLifecycle(ControlledMock, Protocol):
        """A `FilesMock`, a class of a layer above this one."""

        @property
        def _lifecycle(self) -> Lifecycle: ...
        @property
        def api_key(self) -> str: ...


__all__ = ["Lifecycle", "ServerContext", "active_mocks", "keep_guard", "release_guard", "serve_on"]


class Lifecycle:
    """How one mock can be reached now: by interception, by ports, by both, or not at all."""

    def __init__(self, mock: HasLifecycle, service: Service) -> None:
        options = service.options
        self._active_mock = ActiveMock(
            service=service,
            base_urls=options.base_url,
            passthrough=options.passthrough,
            allow_network=options.allow_network,
        )
        self._mock = mock
        self.service = service
        self.mounts = Mounts(options.passthrough)
        self._environment = Settings()
        # Reentrant: a garbage collection, in a thread that holds it, may stop a mock.
        self.lock = free_after_fork(RLock())
        self._intercepting = False
        self._ports: list[ServerContext[Any]] = []
        self._last_address: str | None = None
        self.left_by_a_call: set[object] = set()
        """What a decorated call has left in the mock; see `decorator.py`."""
        # The id of the process that started it: a forked child has another one.
        self._process = 0

    @property
    def base_url(self) -> str:
        """That of the newest port, else the first that is intercepted.

        After a port was closed, its address remains, so that code that outlives it is refused a
        connection, and doesn't reach the real service.
        """
        if self._ports:
            return f"{self._ports[-1].url}/v1"
        if self._last_address is not None and not self._intercepting:
            return self._last_address
        return self.service.options.base_url[0].text

    def intercept(self) -> None:
        with self.lock:
            if self._intercepting:
                raise StateError(
                    "This mock intercepts already: start(), an outer `with`, a fixture such as "
                    "eugpt_files, or a decorated call that isn't over has started it.\n"
                    "To fix it: use it as it is, without `with` and start(); or make another one, "
                    "FilesMock(), such as for each of several calls at once."
                )
            # Before anything is noted: when a library can't be patched, the mock has not been
            # started.
            installation.enter(self._active_mock)
            self._intercepting = True
            self._note_change()

    def open_port(self, port: ServerContext[Any]) -> None:
        with self.lock:
            self._ports.append(port)
            registry.served_at.append(f"{port.url}/v1")
            self._note_change()

    def stop(self) -> None:
        self._close(tuple(self._ports), interception=True, failing=False)

    def stop_intercepting(self, error: BaseException | None) -> None:
        """Stop only that; `error` is the exception that is being raised."""
        self._close((), interception=True, failing=error is not None)
        if error is not None:
            self.explain(error)

    def close_port(self, port: ServerContext[Any], error: BaseException | None) -> None:
        """Stop serving only there; `error` is the exception that is being raised."""
        self._close((port,), interception=False, failing=error is not None)

    def _close(
        self, ports: Sequence[ServerContext[Any]], *, interception: bool, failing: bool
    ) -> None:
        with self.lock:
            # `_note_change` may overwrite it.
            process = self._process
            closed = [port for port in ports if port in self._ports]
            was_intercepting = interception and self._intercepting
            if not (closed or was_intercepting):
                return
            for port in closed:
                self._last_address = f"{port.url}/v1"
                self._ports.remove(port)
                with suppress(ValueError):
                    registry.served_at.remove(self._last_address)
            if was_intercepting:
                self._intercepting = False
                installation.leave(self._active_mock)
            is_active = self._note_change()
        # Not under the lock: a port waits for the threads of its connections, which may want it.
        for port in closed:
            port.close()
        if not is_active:
            forget_paths()
        # A forked child has a copy of the mock, and doesn't know what the parent's receives.
        if not (is_active or failing) and process == os.getpid():
            self.check(self.service.all_tenants())

    def _note_change(self) -> bool:
        """Keep the environment and the list of active mocks up to date; whether this one is."""
        is_active = self._intercepting or bool(self._ports)
        # Each is one step, so that threads that start and stop other mocks need no lock here.
        with suppress(ValueError):
            _active.remove(self._mock)
        if is_active:
            _active.append(self._mock)
            self._process = os.getpid()
            names = self.service.options.environ
            self._environment.set(pointing_to(names, self._mock.api_key, self.base_url))
        else:
            self._environment.release()
        self.mounts.note(self._origins())
        return is_active

    def _origins(self) -> Iterator[Origin]:
        """Where it can be reached."""
        if self._intercepting:
            yield from (base_url.origin for base_url in self.service.options.base_url)
        for port in self._ports:
            yield parse_base_url(port.url).origin

    def check_armed(self, faults: Iterable[Fault]) -> None:
        """Check that these faults can be produced wherever the mock is active."""
        if self._ports:
            _check_on_a_port(faults)

    def check_can_serve(self) -> None:
        """Check that a port could produce what is armed."""
        for tenant in self.service.all_tenants():
            for armed in tenant.armed.armed():
                _check_on_a_port(armed.faults)

    def reset(self, service: Service) -> None:
        """See `FilesMock.reset`."""
        # With isolated keys, one of them is reset. A wait, or an error in a client, belongs to no
        # key, so these stay.
        if service.tenants is None and service is self.service:
            self._active_mock.deferred_errors.clear()
            self._active_mock.other_hosts.clear()
            self.end_waits()

    def other_hosts(self) -> str | None:
        """Which other hosts the clients of this process asked for, while the mock intercepted.

        The mock's own URL stands beside them, as one may be a typing error.
        """
        hosts = dict(self._active_mock.other_hosts)
        shown = ", ".join(f"{host} ({library})" for host, library in hosts.items())
        if not shown:
            return None
        return f"Other hosts in this test: {shown}; the mock is at {self.base_url}"

    def explain(self, error: BaseException) -> None:
        """Let an error that leaves the mock name the other hosts, if nothing came to the mock: its
        cause may be a typing error in a URL.
        """
        said = self.other_hosts()
        came = any(tenant.journal.records() for tenant in self.service.all_tenants())
        if said and not came and said not in getattr(error, "__notes__", ()):
            # Notes are new in Python 3.11.
            with suppress(AttributeError):
                error.add_note(said)  # type: ignore[attr-defined,unused-ignore]

    def check(self, services: Sequence[Service]) -> None:
        # Cleared before the failure is raised: what is reported once isn't reported again.
        deferred = list(self._active_mock.deferred_errors)
        self._active_mock.deferred_errors.clear()
        message = exit_failure(services, deferred)
        if message:
            raise ExpectationNotMet(message)

    @property
    def serves(self) -> bool:
        """Whether it is on a port."""
        return bool(self._ports)

    def end_waits(self) -> None:
        """Close the connections that a fault keeps waiting."""
        for port in tuple(self._ports):
            port.end_waits()

    def defer(self, error: FilesMockError) -> None:
        """Let the exit checks say it."""
        self._active_mock.deferred_errors.append(error)

    def problems(self, service: Service) -> list[str]:
        """What the exit checks would say now; nothing is marked as reported."""
        return exit_problems(service, self._active_mock.deferred_errors)


class Server(Protocol):
    """What serves until it is stopped: a server of its own, or the shared one of a test session."""

    @property
    def url(self) -> str: ...

    def stop(self) -> None: ...

    def end_waits(self) -> None: ...


Mock = TypeVar("Mock", bound="HasLifecycle")


class ServerContext(Generic[Mock]):
    """`with mock.serve() as mock:`, or `start()` and `stop()`."""

    def __init__(self, mock: Mock, open_server: Callable[[], Server]) -> None:
        self._mock = mock
        self._lifecycle = mock._lifecycle
        self._open_server = open_server
        self._server: Server | None = None

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
            # Before the port is bound, so that a refusal leaves nothing open.
            self._lifecycle.check_can_serve()
            self._server = self._open_server()
            self._lifecycle.open_port(self)
        return self._mock

    def stop(self) -> None:
        """Stop at once, whatever clients do, and run the exit checks. Idempotent.

        Raises:
            ExpectationNotMet: see `FilesMock.stop`.
        """
        self._lifecycle.close_port(self, None)

    def close(self) -> None:
        """Stop at once, without a check; for `FilesMock.stop`, which checks afterwards."""
        server, self._server = self._server, None
        # In a forked child that of the parent has stopped already.
        if server is not None:
            server.stop()

    def end_waits(self) -> None:
        """End the connections that a fault keeps waiting, as `FilesMock.reset` does."""
        if self._server is not None:
            self._server.end_waits()

    def __enter__(self) -> Mock:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.close_port(self, error)

    async def __aenter__(self) -> Mock:
        return self.start()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.close_port(self, error)


def serve_on(
    mock: Mock,
    open_server: Callable[[Respond], Server],
    *,
    host: str = "127.0.0.1",
    scheme: str = "http",
    admin_token: str | None = None,
    allow_hosts: Collection[str] = (),
) -> ServerContext[Mock]:
    """Put a mock on a server that `open_server` starts, such as one for a whole test session.

    The other arguments are those of `FilesMock.serve`; `open_server` is given what answers.
    """
    from .admin import AdminAccess, ControlApp
    from .admin.resources import Control
    from .server import HostNames, ServedMock

    service = mock._lifecycle.service
    if service.options.passthrough:
        raise OptionError(
            "passthrough has no effect on a port, where there is no other mock to leave a path "
            "to: leave the option out, or don't serve() this mock.",
            word="passthrough",
        )
    hosts = HostNames(host, allow_hosts)
    access = AdminAccess(hosts, admin_token)
    if admin_token is not None:
        service.redactor.protect(admin_token)
    control = Control(
        mock=mock,
        service=service,
        has_page=access.is_open,
        problems=mock._lifecycle.problems,
    )
    answer = ServedMock(service, ControlApp(control, access), hosts, scheme)
    return ServerContext(mock, partial(open_server, answer))


def keep_guard(mock: HasLifecycle) -> None:
    """Go on refusing connections to the hosts of a mock after it was stopped.

    Until `release_guard`. The pytest plugin does so, since a thread may outlive its test. No effect
    with `allow_network`.
    """
    from .intercept import network_guard

    options = mock._lifecycle.service.options
    if not options.allow_network:
        network_guard.hold(options.base_url)


def release_guard() -> None:
    """Refuse nothing any more, unless a mock intercepts."""
    # By the same way as above: within a run of pytester there may be two copies of a module, and
    # what one holds the other can't release.
    from .intercept import network_guard

    network_guard.release()


def _check_on_a_port(faults: Iterable[Fault]) -> None:
    for fault in faults:
        if isinstance(fault, ConnectionFault) and fault.is_in_process_only:
            raise FaultUnavailable(
                f"{fault.name}() works in process only: on a port, the client is connected before "
                "the mock can do anything.\n"
                "To fix it: stop the server to refuse connections, or use connection_reset()."
            )


_active: list[HasLifecycle] = []


def active_mocks() -> tuple[HasLifecycle, ...]:
    return tuple(_active)
