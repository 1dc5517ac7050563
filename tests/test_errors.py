"""Our own errors as values: pickled, and with their culprit."""

from __future__ import annotations

import pickle

import pytest

from eugpt_files_mock import errors
from eugpt_files_mock.errors import (
    AddressInUse,
    AttributeRefused,
    FilesMockError,
    NetworkRefused,
    OptionError,
    PatchTargetMissing,
)

EXAMPLES: dict[type[FilesMockError], FilesMockError] = {
    OptionError: OptionError("no", word=7, nearest="seven"),
    AttributeRefused: AttributeRefused("no", word="procesing", nearest="processing"),
    PatchTargetMissing: PatchTargetMissing("httpx.Client.send"),
    AddressInUse: AddressInUse("127.0.0.1", 80, "in use"),
    NetworkRefused: NetworkRefused("no", host="chat.eugpt.ai", library="niquests"),
}
KINDS = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_can_be_pickled(kind: type[FilesMockError]) -> None:
    """With its message and its attributes; pytest-xdist and multiprocessing do that."""
    error = EXAMPLES.get(kind) or kind("no")

    restored = pickle.loads(pickle.dumps(error))

    assert (kind, str(error), vars(error)) == (type(restored), str(restored), vars(restored))
