"""Calls the functions that a test author has registered for an operation: `FilesMock.after`."""

from __future__ import annotations

from ..model.messages import Call, Outcome
from .replies import render_failure
from .service import Service


def run_callbacks(service: Service, call: Call, outcome: Outcome) -> Outcome:
    """The outcome; or, when a function raised, what says so."""
    try:
        for function in service.callbacks.take(call.operation):
            function(call)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() raises no Exception
        what = f"The function after {call.operation}"
        service.note_failure(what, error)
        return render_failure(what, error, call.request_id, service.options.profile)
    return outcome
