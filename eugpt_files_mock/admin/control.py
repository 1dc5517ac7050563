"""What the control routes work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.wrappers import Request, Response

from ..service.service import Service
from .access import AdminAccess
from .responses import check_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`mock` is the `FilesMock`, a class of a layer above this one."""

    mock: Any
    service: Service
    access: AdminAccess
    problems: Callable[[Service], list[str]]

    def of_world(self, request: Request) -> Control:
        """With `?key=`, the world of that key."""
        if "key" not in request.args:
            return self
        world = self.mock.world(request.args["key"])
        return replace(self, mock=world, service=world._service)


# Compared by identity: Werkzeug needs endpoints that can be hashed, and a dict can't be.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlRoute:
    """One route; `act(control, request, **segments)` answers."""

    method: str
    path: str
    summary: str
    act: Callable[..., Response]
    parameters: dict[str, str]
    body: str | None = None

    def answer(self, control: Control, request: Request, segments: dict[str, str]) -> Response:
        """Act, once the parameters are known to be the route's."""
        check_parameters(request, self.parameters)
        return self.act(control.of_world(request), request, **segments)
