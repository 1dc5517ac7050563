"""Each finding, by a program that deserves it and by its mended twin, over three clients."""

from __future__ import annotations

import pytest

from eugpt_files_mock import Verdict
from eugpt_files_mock.verdict.rules import RULES

from ..clients import Client, connected
from ..conftest import WAYS, entered
from .programs import CLIENTS, KEY, PAIRS, Pair, Program

LEVELS = {rule.kind: rule.level for rule in RULES}


def judged(pair: Pair, program: Program, kind: type[Client], way: str) -> Verdict:
    """The verdict on the program."""
    with entered(way, **pair.options) as mock:
        pair.arm(mock)
        with connected(kind, mock.base_url, KEY) as client:
            program(client)
        return mock.verdict()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_program_that_deserves_it_is_found_and_its_mended_twin_is_not(
    pair: Pair, kind: type[Client], way: str
) -> None:
    """Over every client, in process and on a port."""
    guilty = {finding.kind: finding for finding in judged(pair, pair.deserves, kind, way).findings}
    assert LEVELS[pair.kind] == guilty[pair.kind].level
    assert guilty[pair.kind].calls
    mended = {finding.kind for finding in judged(pair, pair.mended, kind, way).findings}
    assert pair.kind not in mended
    assert "error" not in {LEVELS[found] for found in mended}
