"""A mock on a port: the context manager that `FilesMock.serve()` gives."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from .admin.access import Guard
from .admin.app import Control, Controlled, ServedApp
from .errors import StateError, hide_from_traceback
from .lifecycle import WaysIn
from .service.handle import Service
from .version import __version__

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__tracebackhide__ = hide_from_traceback


class Server(Protocol):
    """What serves an application until it is stopped."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""

    def stop(self) -> None:
        """Serve no longer. Twice is as good as once."""


class Served(Controlled, Protocol):
    """What is asked of a `FilesMock`."""

    @property
    def wsgi_app(self) -> WSGIApplication:
        """The API."""

    @property
    def _service(self) -> Service:
        """What answers."""

    @property
    def _ways_in(self) -> WaysIn:
        """Where it is told that a port is open."""


Mock = TypeVar("Mock", bound=Served)


class Serving(Generic[Mock]):
    """`with mock.serve() as mock:`, or `start()` and `stop()`.

    Args:
        mock: what to serve, and what `with` gives.
        open_server: starts a server for an application.
        host: the address that it binds.
        admin_token: what the control routes ask for.

    Raises:
        OptionError: for a token that could not be sent.
    """

    def __init__(
        self,
        mock: Mock,
        open_server: Callable[[WSGIApplication], Server],
        *,
        host: str = "127.0.0.1",
        admin_token: str | None = None,
    ) -> None:
        self._mock = mock
        self._open_server = open_server
        self._guard = Guard(host, admin_token)
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Scheme, host and port, without the path of the API.

        Raises:
            StateError: when it does not serve.
        """
        if self._server is None:
            raise StateError("this mock is not being served: call start(), or use `with`.")
        return self._server.url

    def start(self) -> Mock:
        """Bind the port and answer on it.

        Raises:
            AddressInUse: when the address cannot be bound.
            StateError: when it serves already.
            FaultUnavailable: when a fault is armed that a port cannot produce.
        """
        if self._server is not None:
            raise StateError("this serves already: stop() it first, or call serve() once more.")
        self._mock._ways_in.check_can_serve()
        self._server = self._open_server(self._app())
        self._mock._ways_in.open_port(self)
        return self._mock

    def stop(self) -> None:
        """Stop at once, whatever clients do, and check what leaving checks. Twice is fine.

        Raises:
            Unmet: see `FilesMock.stop`.
        """
        self._leave(failing=False)

    def __enter__(self) -> Mock:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(failing=error is not None)

    def _app(self) -> WSGIApplication:
        """The API, and what only a served mock has beside it."""
        mock = self._mock
        control = Control(mock=mock, service=mock._service, guard=self._guard, version=__version__)
        return ServedApp(mock.wsgi_app, control)

    def _leave(self, *, failing: bool) -> None:
        if self._server is None:
            return
        self._server.stop()
        self._server = None
        self._mock._ways_in.close_port(self, failing=failing)
