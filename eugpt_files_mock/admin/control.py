"""What the control routes work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.wrappers import Request, Response

from ..service.service import Service
from .access import AdminAccess

__all__ = ["Control", "ControlRoute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What the routes work with.

    Attributes:
        mock: the `FilesMock`, which checks every value; it lies above this layer.
        service: what is looked at.
        access: says who may use the routes.
        problems: what the exit checks would say now.
        version: that of the mock.
    """

    mock: Any
    service: Service
    access: AdminAccess
    problems: Callable[[Service], list[str]]
    version: str

    def of_world(self, request: Request) -> Control:
        """What a route works with: with `?key=`, the world of that key.

        Raises:
            OptionError: for a key that isn't accepted, or where keys share one world.
        """
        if "key" not in request.args:
            return self
        world = self.mock.world(request.args["key"])
        return replace(self, mock=world, service=world._service)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlRoute:
    """One route.

    Attributes:
        method: the HTTP method.
        path: with `{name}` for a segment.
        summary: for the OpenAPI document.
        act: answers; its arguments are the control, the request, and the segments by name.
        parameters: those that the query may have, with what each means.
        body: `json` or `form`, or None when there is none.
    """

    method: str
    path: str
    summary: str
    act: Callable[..., Response]
    parameters: dict[str, str]
    body: str | None = None

    def answer(self, control: Control, request: Request, segments: dict[str, str]) -> Response:
        """Act, once the parameters are known to be the route's."""
        from .responses import check_parameters

        check_parameters(request, self.parameters)
        return self.act(control.of_world(request), request, **segments)
