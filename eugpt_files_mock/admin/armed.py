"""The control routes about armed faults."""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ..errors import quoted
from ..state.armed_faults import ArmedFault
from .control import Control
from .responses import json_response, list_response, read_limit
from .schemas import armed_members, catalogue, read_fault


def list_all(control: Control, request: Request) -> Response:
    """In order of arming; those that are spent too."""
    armed, limit = control.service.armed.all(), read_limit(request)
    return list_response(armed[max(0, len(armed) - limit) :], armed_members, total=len(armed))


def arm(control: Control, request: Request) -> Response:
    faults, matcher = read_fault(request)
    return json_response(armed_members(control.mock.inject(faults, **matcher)))


def retrieve(control: Control, request: Request, fault_id: str) -> Response:
    return json_response(armed_members(_found(control, fault_id)))


def disarm(control: Control, request: Request, fault_id: str) -> Response:
    _found(control, fault_id).cancel()
    return json_response({"id": fault_id, "object": "fault", "deleted": True})


def disarm_all(control: Control, request: Request) -> Response:
    count = len(control.service.armed.all())
    control.service.armed.clear()
    return json_response({"deleted": count})


def offered(control: Control, request: Request) -> Response:
    return json_response(catalogue())


def _found(control: Control, fault_id: str) -> ArmedFault:
    for armed in control.service.armed.all():
        if armed.id == fault_id:
            return armed
    raise NotFound(f"There is no armed fault {quoted(fault_id)}.")
