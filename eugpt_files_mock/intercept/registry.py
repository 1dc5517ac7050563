"""The open doors: the active mocks of this process, and which of them a URL belongs to.

All threads share them. Mocks nest, and are closed in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..errors import ClientHasNoTimeout, FilesMockError, hide_from_traceback
from ..model.base_urls import BaseUrl, Origin
from ..model.messages import Outcome, Request, Severed
from ..service.handle import handle
from ..service.service import Service
from ..service.timing import limited_to_timeout

__tracebackhide__ = hide_from_traceback


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActiveMock:
    """One mock, as the edges see it.

    Attributes:
        service: what answers.
        base_urls: where it is to be found.
        passthrough: paths of its hosts that are left to others.
        complaints: what was raised at the test author inside a client call, and may be swallowed.
    """

    service: Service
    base_urls: tuple[BaseUrl, ...]
    passthrough: tuple[str, ...]
    deferred_errors: list[FilesMockError] = field(default_factory=list)

    def ask(self, request: Request, read_timeout: float | None) -> Outcome:
        """What a client meets that waits at most `patience` seconds; None: for ever.

        Raises:
            ClientHasNoTimeout: it would wait for ever. Kept as a complaint too, if leaving is to
                say so.
        """
        outcome = handle(self.service, replace(request, read_timeout=read_timeout))
        try:
            return limited_to_timeout(outcome, read_timeout)
        except ClientHasNoTimeout as complaint:
            if not (isinstance(outcome, Severed) and outcome.is_optional):
                self.deferred_errors.append(complaint)
            raise

    def leaves(self, path: str) -> bool:
        """Whether the path is left to others."""
        return any(path == left or path.startswith(left + "/") for left in self.passthrough)


class Resolved(NamedTuple):
    """The door that answers, and the path below its base URL (None: outside of it)."""

    door: ActiveMock
    resource: str | None


_open: list[ActiveMock] = []
_by_origin: dict[Origin, tuple[tuple[ActiveMock, BaseUrl], ...]] = {}


def any_is_active() -> bool:
    """Whether there is a mock to ask."""
    return bool(_open)


def register(door: ActiveMock) -> None:
    """Let the door answer, before those that are open already. Not safe without a lock."""
    _open.append(door)
    _index()


def unregister(door: ActiveMock) -> None:
    """Let it answer no longer. Not safe without a lock."""
    _open.remove(door)
    _index()


def find(origin: Origin, path: str) -> Resolved | None:
    """The innermost open door that owns this place; None when it is nobody's.

    A door whose base URL the path lies below comes before one that only has the host.
    """
    candidates = _by_origin.get(origin)
    if candidates is None:
        return None
    host_only: Resolved | None = None
    for door, base_url in candidates:
        if door.passthrough and door.leaves(path):
            continue
        resource = base_url.resource(path)
        if resource is not None:
            return Resolved(door, resource)
        host_only = host_only or Resolved(door, None)
    return host_only


def _index() -> None:
    """Innermost first; replaced as a whole, so that readers need no lock."""
    global _by_origin  # noqa: PLW0603 - the one process-wide table
    index: dict[Origin, tuple[tuple[ActiveMock, BaseUrl], ...]] = {}
    for door in reversed(_open):
        for base_url in door.base_urls:
            index[base_url.origin] = (*index.get(base_url.origin, ()), (door, base_url))
    _by_origin = index
