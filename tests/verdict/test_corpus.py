"""The corpus: what is found in programs as people write them, and that nothing else is said."""

from __future__ import annotations

import pytest

from eugpt_files_mock.verdict.verdict import RULES

from .corpus import files, retries, together
from .corpus.program import PROGRAMS, Program, judged

MODULES = (retries, files, together)
"""They fill the table when they are imported."""

RUNS = [(program, way) for program in PROGRAMS.values() for way in program.ways]


@pytest.mark.parametrize(("program", "way"), RUNS, ids=lambda one: str(one).replace(" ", "_"))
def test_the_verdict_on_a_program_is_what_it_deserves(program: Program, way: str) -> None:
    """All that must be found is found, and no accusation is false."""
    found = kinds(program, way)
    for _ in range(2):  # on a busy machine, a retry at once may come late
        if not program.must <= found:
            found = kinds(program, way)
    assert (set(program.must), set()) == (found & program.must, found - program.must - program.may)


def kinds(program: Program, way: str) -> set[str]:
    """What is found in one run."""
    return {finding.kind for finding in judged(program, way).findings}


def test_every_kind_is_deserved_by_some_program() -> None:
    """A rule that is added brings one, and a right twin that a naive rule would accuse."""
    kinds = {kind for program in PROGRAMS.values() for kind in program.must}
    assert {rule.kind for rule in RULES} == kinds
    assert len(MODULES) == 3
