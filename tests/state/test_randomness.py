"""Ids and chance repeat with a seed, each from a stream of its own."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from eugpt_files_mock import FilesMock, faults
from eugpt_files_mock.state.randomness import Randomness

from ..service_requests import send


def hits(mock: FilesMock) -> list[int]:
    """Which of twenty requests a fault of chance one half hits."""
    mock.inject(faults.unavailable(), on="list", times=None, probability=0.5, optional=True)
    return [send(mock, "GET", "/files").status for _ in range(20)]


def test_more_requests_do_not_change_the_ids_of_files() -> None:
    """A test that looks for an id survives one more request before it."""
    one, other = Randomness(7), Randomness(7)
    other.request_id()
    other.rng.random()
    other.documents.random()
    assert one.file_id() == other.file_id()


def test_invented_documents_do_not_change_the_chances_of_faults() -> None:
    """A test with one more fixture file has the same faults."""
    plain, with_documents = FilesMock(seed=7), FilesMock(seed=7)
    with_documents.fake_files(3)
    assert {200, 503} == set(hits(plain))
    plain.reset()
    assert hits(plain) == hits(with_documents)


def test_a_uuid_is_a_random_one() -> None:
    """Of version 4, in the variant of RFC 9562: some clients check it."""
    for _ in range(20):
        made = UUID(Randomness(None).file_id())
        assert (4, RFC_4122) == (made.version, made.variant)


def test_without_a_seed_nothing_repeats() -> None:
    """Two mocks side by side have different files."""
    assert Randomness(None).file_id() != Randomness(None).file_id()
