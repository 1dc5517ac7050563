"""A test double of the EU GPT Files API: in process, or on a port.

from eugpt_files_mock import FilesMock, faults

with FilesMock() as mock:
    mock.inject(faults.rate_limited(), on="upload", times=2)
    ...  # httpx, requests, aiohttp, the openai SDK and others talk to the mock
"""

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
from .verdict.verdict import Finding, Verdict
from .version import __version__ as __version__

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
