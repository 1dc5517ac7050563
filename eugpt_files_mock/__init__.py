"""A test double of the EU GPT Files API: in process, or on a port.

from eugpt_files_mock import FilesMock, faults

with FilesMock() as mock:
    mock.inject(faults.rate_limited(), on="upload", times=2)
    ...  # httpx, requests, aiohttp, the openai SDK and others talk to the mock
"""

from typing import TYPE_CHECKING

from . import faults
from .errors import (
    AddressInUse,
    ClientHasNoTimeout,
    ExpectationNotMet,
    FaultUnavailable,
    FilesMockError,
    NetworkRefused,
    OptionError,
    PatchTargetMissing,
    StateError,
)
from .mock import FilesMock, active_mocks
from .model.messages import Call, File
from .model.processing import after_polls, after_seconds, fails
from .model.stub_answers import Answer, StubRequest
from .state.armed_faults import ArmedFault
from .state.stubs import Stub
from .version import __version__ as __version__

if TYPE_CHECKING:
    from .verdict.verdict import Finding, Verdict

__all__ = [
    "AddressInUse",
    "Answer",
    "ArmedFault",
    "Call",
    "ClientHasNoTimeout",
    "ExpectationNotMet",
    "FaultUnavailable",
    "File",
    "FilesMock",
    "FilesMockError",
    "Finding",
    "NetworkRefused",
    "OptionError",
    "PatchTargetMissing",
    "StateError",
    "Stub",
    "StubRequest",
    "Verdict",
    "active_mocks",
    "after_polls",
    "after_seconds",
    "fails",
    "faults",
]


def __getattr__(name: str) -> object:
    """`Finding` and `Verdict`: imported when they are asked for, as few tests name them."""
    from importlib import import_module

    if name not in ("Finding", "Verdict"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    return getattr(import_module(".verdict.verdict", __name__), name)


def __dir__() -> list[str]:
    """These two as well, for who looks or completes."""
    return sorted({*globals(), *__all__})
