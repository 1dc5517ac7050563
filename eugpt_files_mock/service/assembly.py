"""A fake service, put together from its options, and emptied."""

from __future__ import annotations

from ..options import Options
from ..state.armed_faults import ArmedFaults
from ..state.file_store import Files
from ..state.journal import Journal
from ..state.randomness import Identifiers
from ..state.rate_limiter import RateWindows
from .authentication import Access
from .handle import Service
from .operations import Desk


def assembled(options: Options) -> Service:
    """The service that these options ask for, empty."""
    keys = options.api_keys
    return Service(
        access=Access(
            users=keys,
            required=options.require_auth,
            default_user=None if keys is None else next(iter(keys.values())),
        ),
        desk=Desk(
            files=Files(options.processing, options.clock),
            identifiers=Identifiers(options.seed),
            clock=options.clock,
            processing=options.processing,
            max_file_bytes=options.max_file_bytes,
            max_total_bytes=options.max_total_bytes,
        ),
        armed=ArmedFaults(),
        journal=Journal(options.max_calls),
        windows=RateWindows(options.rate_limit, options.clock),
        pages=options.pagination == "honoured",
        unknown_fields=options.unknown_fields,
    )


def empty(service: Service) -> None:
    """Drop files, faults, calls and rate windows. With a seed, ids and chances begin anew."""
    service.desk.files.clear()
    service.desk.identifiers.restart()
    service.armed.clear()
    service.journal.clear()
    service.windows.clear()
