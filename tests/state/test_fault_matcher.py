"""Which requests an armed fault is for: the words of `inject()`, and how they are shown."""

from __future__ import annotations

import pytest

from eugpt_files_mock import FilesMock, OptionError, faults
from eugpt_files_mock.state.armed_faults import FaultTarget

WORDS = {"filename": "*.pdf", "file_id": "f", "purpose": "batch", "user": "alice"}
TARGET = {"operation": "retrieve", **WORDS, "filename": "a.pdf"}


def test_a_fault_shows_every_word_that_it_was_armed_with() -> None:
    """The exit checks name it so."""
    mock = FilesMock(api_keys={"eugpt_a": "alice"})
    on = ["delete", "retrieve"]
    words = {"skip": 1, "every": 2, "probability": 0.5, "times": 3, "phase": "after"}
    armed = mock.inject(faults.unavailable(), on, **WORDS, **words)
    assert (
        "<ArmedFault 1: unavailable() on retrieve|delete filename='*.pdf' file_id='f' "
        "purpose='batch' user='alice' skip=1 every=2 probability=0.5 phase=after, "
        "0 hits, 3 left>"
    ) == repr(armed)
    always = mock.inject([faults.timeout(), faults.delay(1)], times=None)
    assert "<ArmedFault 2: timeout(), delay(1) on *, 0 hits, always>" == repr(always)


@pytest.mark.parametrize("word", ["operation", *WORDS])
def test_a_fault_names_the_words_by_which_a_request_differs(word: str) -> None:
    """Where nothing differs, it matches."""
    mock = FilesMock(api_keys={"eugpt_a": "alice"})
    matcher = mock.inject(faults.unavailable(), "retrieve", **WORDS).matcher
    assert matcher.matches(FaultTarget(**TARGET))
    other = FaultTarget(**{**TARGET, word: "delete"})
    assert ([word], False) == (matcher.differing(other), matcher.matches(other))


@pytest.mark.parametrize(
    ("right", "habits"),
    [
        ("on", "operation operations route endpoint"),
        ("times", "count n repeat max_hits"),
        ("filename", "file name pattern"),
        ("user", "users"),
        ("file_id", "id file_ids"),
        ("skip", "after offset"),
        ("probability", "chance rate"),
    ],
)
def test_a_word_of_another_library_is_answered_with_ours(right: str, habits: str) -> None:
    """Whoever comes from there finds it without the documentation."""
    for habit in habits.split():
        with pytest.raises(OptionError, match=f"Did you mean '{right}'"):
            FilesMock().inject(faults.unavailable(), **{habit: 1})
