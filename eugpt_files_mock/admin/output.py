"""What the control routes show: files, calls and armed faults as JSON, and the faults there are."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from ..faults import FAULTS, connection_refused
from ..model.faults import ErrorAnswer, Fault, Severing
from ..model.messages import OPERATIONS, Call, File
from ..service.replies import file_object
from ..state.armed_faults import ArmedFault

Members = dict[str, Any]


def file_members(file: File) -> Members:
    """The file object of the API, and what it hides: the owner, the content type."""
    return file_object(file) | {"user": file.user, "content_type": file.content_type}


def call_members(call: Call) -> Members:
    """Every field of the call."""
    return {field.name: _plain(getattr(call, field.name)) for field in fields(call)}


def armed_members(armed: ArmedFault) -> Members:
    """The fault by name, the words that it was armed with, what it did and will still do."""
    names = [fault.name for fault in armed.faults]
    return {
        "id": armed.id,
        "object": "fault",
        "fault": names[0] if len(names) == 1 else names,
        "faults": [_fault_members(fault) for fault in armed.faults],
        **{field.name: _plain(getattr(armed.aim, field.name)) for field in fields(armed.aim)},
        "hits": armed.hits,
        "remaining": armed.remaining,
    }


def catalogue() -> Members:
    """The operations, and each fault that a port can produce, for the page."""
    served = (name for name in FAULTS if name != connection_refused.__name__)
    return {"operations": list(OPERATIONS), "faults": [_offered(name) for name in served]}


def _offered(name: str) -> Members:
    """What it is, the parameters that it needs, and the status that it answers if that is fixed."""
    function = FAULTS[name]
    parameters = inspect.signature(function).parameters.values()
    required = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    return {
        "fault": name,
        "summary": (inspect.getdoc(function) or "").partition("\n")[0],
        "kind": _KINDS.get(get_type_hints(function)["return"], "body"),
        "required": required,
        "status": None if required else getattr(function(), "status", None),
    }


_KINDS: dict[type, str] = {ErrorAnswer: "answer", Severing: "connection"}
"""What a fault does to the exchange; all others spoil the answer's body, or its time."""


def _fault_members(fault: Fault) -> Members:
    values = {field.name: _plain(getattr(fault, field.name)) for field in fields(fault)}
    if isinstance(fault, ErrorAnswer):
        values["headers"] = dict(fault.headers)
    return {"fault": values.pop("name"), **values}


def _plain(value: object) -> object:
    """As JSON has it: no mapping of ours, no tuple, no bytes."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
