"""A document of exactly the size that was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eugpt_files_mock import OptionError
from eugpt_files_mock.documents import LARGEST, SUFFIXES
from eugpt_files_mock.documents.writers import KINDS

from .readers import READERS
from .test_provider import LOCALES, faker

ANY_SUFFIX = st.sampled_from(SUFFIXES)


@given(ANY_SUFFIX, st.integers(0, 9_000), st.integers(), st.sampled_from(LOCALES))
@settings(deadline=None, max_examples=150)
def test_any_size_is_met_to_the_byte_and_opens(
    suffix: str, more: int, seed: int, locale: str
) -> None:
    """Random sizes, from the smallest of the kind to 9,000 bytes more."""
    size = KINDS[suffix].smallest + more
    content = faker(seed, locale).document(suffix, size=size).content
    assert size == len(content)
    READERS[suffix](content)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_smallest_is_enough_for_whatever_is_invented(suffix: str, locale: str) -> None:
    """Names differ in length, so one document proves little: thirty are made."""
    fake, size = faker(locale=locale), KINDS[suffix].smallest
    assert {size} == {len(fake.document(suffix, size=size).content) for _ in range(30)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_large_one_opens_and_is_full_of_content(suffix: str) -> None:
    """The content is repeated, and a filler text makes up only the difference."""
    content = faker().document(suffix, size=1_000_001).content
    assert 1_000_001 == len(content)
    filler = b"This text fills the file up"
    assert content.count(filler) < 200, "what fills it up is repeated content"
    READERS[suffix](content)


def test_the_documentation_names_each_suffix() -> None:
    """That list is written by hand, so it isn't refreshed with the tables."""
    page = (Path(__file__).parents[2] / "docs/how-to/invent-documents.md").read_text("utf-8")
    listed = page.partition("The suffixes are ")[2].partition(";")[0]
    assert sorted(KINDS) == sorted(re.findall(r"`(\.\w+)`", listed))


@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_a_text_may_be_empty(suffix: str) -> None:
    """The other kinds need a few bytes, such as for a header, before any content."""
    assert b"" == faker().document(suffix, size=0).content


@pytest.mark.parametrize(
    ("suffix", "size"),
    [
        *((suffix, kind.smallest - 1) for suffix, kind in KINDS.items()),
        (".txt", LARGEST + 1),
        (".txt", True),
        (".txt", 12.5),
        (".txt", "1 kB"),
    ],
)
def test_a_senseless_size_is_refused(suffix: str, size: object) -> None:
    """Also `True`, which is an integer in Python; the error's `word` is the value."""
    with pytest.raises(OptionError, match=r"^size ") as refused:
        faker().document(suffix, size=size)
    assert size == refused.value.word


def test_the_refusal_says_which_sizes_there_are() -> None:
    """The smallest one depends on the suffix."""
    with pytest.raises(OptionError, match=r"^size 10: a \.pdf can have 1024 to 268435456 bytes\.$"):
        faker().document(".pdf", size=10)
