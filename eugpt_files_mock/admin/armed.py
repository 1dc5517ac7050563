"""The control routes about armed faults."""

from werkzeug.wrappers import Request, Response

from ..state.armed_faults import ArmedFault
from .control import Control
from .responses import deleted_response, json_response, newest_response, the_one
from .schemas import armed_members, catalogue, read_fault


def list_all(control: Control, request: Request) -> Response:
    """In order of arming; those that are spent too."""
    return newest_response(request, control.service.armed.all(), armed_members)


def arm(control: Control, request: Request) -> Response:
    faults, matcher = read_fault(request)
    return json_response(armed_members(control.mock.inject(faults, **matcher)))


def retrieve(control: Control, request: Request, fault_id: str) -> Response:
    return json_response(armed_members(_found(control, fault_id)))


def disarm(control: Control, request: Request, fault_id: str) -> Response:
    _found(control, fault_id).cancel()
    return deleted_response("fault", fault_id)


def disarm_all(control: Control, request: Request) -> Response:
    count = len(control.service.armed.all())
    control.service.armed.clear()
    return json_response({"deleted": count})


def offered(control: Control, request: Request) -> Response:
    return json_response(catalogue())


def _found(control: Control, fault_id: str) -> ArmedFault:
    return the_one("armed fault", control.service.armed.all(), fault_id)
