"""A mock within a mock of another library that the suite has already (`FilesMock.mount`).

respx and responses refuse what they don't know. What is mounted in them hands requests for our URLs
on, to our patches or to a port, and they count it as called.
"""

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any, Protocol

from ..errors import OptionError
from ..model.base_urls import Origin, origin
from .registry import is_one_of

__all__ = ["Mounts"]


class _Mounted(Protocol):
    other: Any

    def update(self) -> None:
        """Take notice of where the mock can be reached by now."""

    def take_out(self) -> None:
        """Leave the other mock as it would be without us."""


class Mounts:
    """Where one mock is mounted, and the origins at which it can be reached now."""

    def __init__(self, passthrough: tuple[str, ...]) -> None:
        self._passthrough = passthrough
        self._origins: frozenset[Origin] = frozenset()
        self._mounted: list[_Mounted] = []

    def add(self, other: Any) -> None:
        """Mount it there; again has no effect.

        Raises:
            OptionError: for anything that it can't be mounted in.
        """
        other = _checked(other)
        mounted = next((mounted for mounted in self._mounted if mounted.other is other), None)
        if mounted is None:
            mounted = _InResponses(self, other) if _is_responses(other) else _route(self, other)
            self._mounted.append(mounted)
        # Also if it was mounted already: the other mock may have been emptied since.
        mounted.update()

    def note(self, origins: Iterable[Origin]) -> None:
        """The mock can be reached at these by now; at none, when it was left."""
        self._origins = frozenset(origins)
        for mounted in self._mounted:
            if self._origins:
                mounted.update()
            else:
                mounted.take_out()
        if not self._origins:
            self._mounted.clear()

    def owns(self, place: Origin, path: str) -> bool:
        """Whether a request is for the mock."""
        return place in self._origins and not is_one_of(self._passthrough, path)

    def pattern(self) -> re.Pattern[str]:
        """What the URLs of such requests look like."""
        hosts = "|".join(
            re.escape(host) + ("(:80|:443)?" if port is None else f":{port}")
            for host, port in sorted(self._origins, key=str)
        )
        others = "|".join(f"{re.escape(one)}([/?]|$)" for one in self._passthrough)
        unless = f"(?!{others})" if others else ""
        return re.compile(f"https?://({hosts or '(?!)'})(?=[/?]|$){unless}", re.IGNORECASE)


def _checked(other: Any) -> Any:
    responses: Any = sys.modules.get("responses")
    if responses is not None and other is responses:
        return responses.mock
    if _is_responses(other) or _is_respx(other):
        return other
    name = other.__name__ if isinstance(other, (ModuleType, type)) else repr(other)
    raise OptionError(
        f"A mock can't be mounted in {name}. It can be mounted in a router of respx (respx.mock, "
        "the fixture respx_mock, a MockRouter), in a responses.RequestsMock, and in the module "
        "responses.",
        word=other,
    )


# Neither is imported here: who has one of their mocks has imported its library.
def _is_respx(other: Any) -> bool:
    respx: Any = sys.modules.get("respx")
    return respx is not None and isinstance(other, respx.MockRouter)


def _is_responses(other: Any) -> bool:
    responses: Any = sys.modules.get("responses")
    return responses is not None and isinstance(other, responses.RequestsMock)


class _InResponses:
    """Lets our URLs through by responses' own `passthru_prefixes`, from which it calls requests."""

    def __init__(self, mounts: Mounts, other: Any) -> None:
        self.other = other
        self._mounts = mounts
        self._pattern: re.Pattern[str] | None = None

    def update(self) -> None:
        self.take_out()
        self._pattern = self._mounts.pattern()
        self.other.add_passthru(self._pattern)

    def take_out(self) -> None:
        prefixes = self.other.passthru_prefixes
        self.other.passthru_prefixes = tuple(one for one in prefixes if one is not self._pattern)


def _route(mounts: Mounts, router: Any) -> _Mounted:
    # By the module: a library may be imported anew in a process, as it is under pytester.
    mounted: _Mounted = _route_class(sys.modules["respx"])(mounts, router)
    return mounted


@lru_cache
def _route_class(respx: Any) -> Any:  # noqa: C901 - a class
    class MountedRoute(respx.Route):  # type: ignore[misc]
        """A route for our URLs, before all others."""

        def __init__(self, mounts: Mounts, router: Any) -> None:
            super().__init__()
            self.other = router
            self._mounts = mounts

        def match(self, request: Any) -> Any:
            """The request itself, which lets it through; None if it isn't ours."""
            url = request.url
            return request if self._mounts.owns(origin(url.host, url.port), url.path) else None

        @property
        def called(self) -> bool:
            """It counts as called, as nobody has to ask the mock for anything."""
            return True

        def update(self) -> None:
            routes = self.other.routes
            # Before the others, also before one that matches everything.
            if not any(route is self for route in routes):
                routes._routes = [self, *routes._routes]

        def take_out(self) -> None:
            for routes in (self.other.routes, *(kept for kept, _ in self.other._snapshots)):
                # Another list: respx may be going through this one.
                routes._routes = [route for route in routes._routes if route is not self]

        def rollback(self) -> None:
            """The router goes back to what it was when it was started; at last, it is left."""
            super().rollback()
            if not self.other._snapshots:
                self.take_out()

        def __eq__(self, other: object) -> bool:
            # respx replaces a route by another one with an equal pattern.
            return self is other

        __hash__ = object.__hash__

        def __repr__(self) -> str:
            return "<Route of a FilesMock>"

    return MountedRoute
