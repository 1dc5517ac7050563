"""How a test author starts and stops a `FilesMock`, and where clients point."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from .decorator import decorate
from .errors import OptionError
from .lifecycle import Lifecycle, ServerContext
from .service.service import Service

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Self

    from .decorator import Target
    from .lifecycle import Server
    from .server.connection import Answer


class Activation:
    """The part of `FilesMock` that opens and closes the ways into it."""

    _service: Service
    _lifecycle: Lifecycle

    def start(self) -> Self:
        """Intercept httpx, httpx2 and requests, until `stop()`.

        Raises:
            StateError: when it intercepts already.
            PatchTargetMissing: when a client library cannot be intercepted.
        """
        self._lifecycle.intercept()
        return self

    def stop(self) -> None:
        """Stop intercepting and serving, and run the exit checks. Idempotent.

        Raises:
            ExpectationNotMet: an armed fault never fired, or a request came for an unknown route.
        """
        self._lifecycle.stop()

    def check(self) -> None:
        """Run the exit checks now, such as after a test that uses `wsgi_app`.

        What they report isn't reported again when the mock is left. With `isolate_by_key`, they
        look at the calls of `api_key` here, and at those of every key when the mock is left.

        Raises:
            ExpectationNotMet: see `stop`.
        """
        self._lifecycle.check((self._service,))

    def keep_guard(self) -> None:
        """Go on refusing connections to the hosts of this mock after it was stopped.

        Until `eugpt_files_mock.intercept.network_guard.release()`. The pytest plugin does so, since
        a thread may outlive its test. No effect with `allow_network`.
        """
        from .intercept import network_guard

        if not self._lifecycle.service.options.allow_network:
            network_guard.hold(self._lifecycle.service.options.base_url)

    def __call__(self, target: Target) -> Target:
        """Decorate a function, a coroutine function, or the `test*` methods of a class.

        The mock is active during each call, and empty at its start.

        Raises:
            OptionError: for anything else.
        """
        return decorate(self, target)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.stop_intercepting(failing=error is not None)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lifecycle.stop_intercepting(failing=error is not None)

    def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        admin_token: str | None = None,
        *,
        allow_hosts: Collection[str] = (),
    ) -> ServerContext[Self]:
        """Put the mock on a port, with the same state: a context manager, `start()` and `stop()`.

        A served mock has the control routes and the page, under `/__admin`, beside the API.

        Args:
            host: the address to bind; loopback by default.
            port: 0 takes a free one.
            ssl_context: serves HTTPS when given.
            admin_token: what `/__admin` asks for. On an address that is not loopback there is no
                `/__admin` without one.
            allow_hosts: names that clients may ask for beside the server's own, such as that of
                its container: any other `Host` is refused, as a web page could have bent it here.

        Raises:
            OptionError: for a token that could not be sent, a name that isn't one, or a mock that
                has the option `passthrough`.
        """
        from .server.live_server import LiveServer

        open_server = partial(LiveServer, host=host, port=port, ssl_context=ssl_context)
        return self.serve_with(
            open_server,
            host=host,
            scheme="https" if ssl_context else "http",
            admin_token=admin_token,
            allow_hosts=allow_hosts,
        )

    def serve_with(
        self,
        open_server: Callable[[Answer], Server],
        *,
        host: str = "127.0.0.1",
        scheme: str = "http",
        admin_token: str | None = None,
        allow_hosts: Collection[str] = (),
    ) -> ServerContext[Self]:
        """As `serve`, on a server that the caller provides, such as one for a whole test session.

        Args:
            open_server: starts a server that answers with what it is given.
            host: the address that the server binds.
            scheme: `http` or `https`.
            admin_token: as in `serve`.
            allow_hosts: as in `serve`.
        """
        from .admin.access import AdminAccess
        from .admin.app import ControlApp
        from .admin.resources import Control
        from .server.application import ServedMock
        from .server.host_names import HostNames

        lifecycle, service = self._lifecycle, self._lifecycle.service
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
            mock=cast("Any", self), service=service, access=access, problems=lifecycle.problems
        )
        answer = ServedMock(service, ControlApp(control), hosts, scheme)
        return ServerContext(self, lifecycle, partial(open_server, answer))

    @cached_property
    def wsgi_app(self) -> WSGIApplication:
        """The WSGI application, for any WSGI server or test client."""
        from .server.wsgi import WsgiApp

        return WsgiApp(self._lifecycle.service)

    @property
    def base_url(self) -> str:
        """Where clients should point: the port that serves it, or the first intercepted URL.

        After it was served, the address of that port, at which nothing listens any more.
        """
        return self._lifecycle.base_url
