"""The options: each checked at once, with the valid words and the nearest."""

from __future__ import annotations

import typing
from dataclasses import fields
from typing import Any

import httpx
import pytest

from eugpt_files_mock import FilesMock, OptionError, after_polls, after_seconds, fails
from eugpt_files_mock.options import OPTIONS, Options, OptionWords

SENSELESS: list[tuple[dict[str, Any], str]] = [
    ({"base_urls": "https://a/v1"}, "Unknown option 'base_urls'. Did you mean 'base_url'?"),
    ({"zzz": 1}, "Unknown option 'zzz'. Valid: profile,"),
    ({"base_url": "chat.eugpt.ai/v1"}, "must be an absolute URL"),
    ({"base_url": ()}, "at least one URL"),
    ({"base_url": 7}, "base_url"),
    ({"base_url": ["https://a/v1?x=1"]}, "a scheme, a host, a port and a path"),
    ({"base_url": "https://a:port/v1"}, "base_url 'https://a:port/v1'"),
    ({"api_keys": "eugpt_a"}, "such as ['eugpt_a']"),
    ({"api_keys": []}, "at least one key"),
    ({"api_keys": [""]}, "a key must be a string"),
    ({"api_keys": {"eugpt_a": 7}}, "a user must be a"),
    ({"api_keys": {"alice": "eugpt_a", "bob": "eugpt_b"}}, "here the users come first"),
    ({"require_auth": "no"}, "require_auth must be True or False"),
    ({"processing": "imediate"}, "Did you mean 'immediate'?"),
    ({"processing": after_polls}, "processing"),
    ({"pagination": "ignore"}, "Did you mean 'ignored'?"),
    ({"unknown_fields": 1}, "unknown_fields must be True or False"),
    ({"max_file_bytes": -1}, "max_file_bytes must be an integer of 0 or more bytes"),
    ({"max_total_bytes": 1.5}, "max_total_bytes must be an integer of 0 or more bytes"),
    ({"rate_limit": 10}, "rate_limit must be (requests, seconds)"),
    ({"rate_limit": (0, 60)}, "1 request or more"),
    ({"rate_limit": (1.5, 60)}, "rate_limit must be (requests, seconds)"),
    ({"passthrough": "v1/responses"}, "'/v1/audio'"),
    ({"seed": 1.5}, "seed must be"),
    ({"clock": 5}, "clock must be a function"),
    ({"max_calls": 0}, "max_calls must be an integer"),
    ({"assert_all_faults_fired": None}, "must be True or False"),
]


@pytest.mark.parametrize(("words", "message"), SENSELESS)
def test_a_senseless_option_is_refused_at_once(words: dict[str, Any], message: str) -> None:
    """Where the mock is made, not as a strange answer to a later request."""
    with pytest.raises(OptionError) as caught:
        FilesMock(**words)
    assert message in str(caught.value)


def test_every_option_has_a_line_in_each_table() -> None:
    """Type checkers can't read the table, so the options are written once more for them."""
    assert [*OPTIONS] == [field.name for field in fields(Options)]
    assert [*OPTIONS] == [*typing.get_type_hints(OptionWords)]


def test_the_defaults_are_valid_themselves() -> None:
    """An option that is given its default is the same as one that is left out."""
    assert Options.of({}) == Options.of({name: one.default for name, one in OPTIONS.items()})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: after_polls(0), "1 or more"),
        (lambda: after_polls(True), "1 or more"),
        (lambda: after_seconds(-1), "seconds must be 0 or more, got -1"),
        (lambda: after_seconds("1"), "seconds must be 0 or more, got '1'"),
        (lambda: fails(""), "reason must be"),
    ],
)
def test_a_senseless_way_of_processing_is_refused(make: Any, message: str) -> None:
    """By the function itself, before a mock takes what it returns."""
    with pytest.raises(OptionError, match=message):
        make()


ADDITIONS: list[tuple[dict[str, Any], str]] = [
    ({"filename": ""}, "filename must be a non-empty string"),
    ({"filename": "\ud800"}, "cannot be sent"),
    ({"content": "text"}, "content must be bytes"),
    ({"purpose": None}, "purpose must be a non-empty string"),
    ({"status": "procesed"}, "Did you mean 'processed'?"),
    ({"id": "a/b"}, "must not contain a slash"),
    ({"id": "taken"}, "is taken"),
    ({"user": "carol"}, "Unknown user 'carol'"),
    ({"created_at": "now"}, "created_at"),
]


@pytest.mark.parametrize(("words", "message"), ADDITIONS)
def test_a_senseless_file_is_refused_and_nothing_is_stored(
    words: dict[str, Any], message: str
) -> None:
    """The message says why: an id with a slash, for one, could be in no path."""
    mock = FilesMock(api_keys={"eugpt_a": "alice"})
    mock.add_file("a", id="taken")
    with pytest.raises(OptionError) as caught:
        mock.add_file(**{"filename": "b", **words})
    assert message in str(caught.value)
    assert ["taken"] == [file.id for file in mock.files]


def test_the_system_clock_can_be_frozen() -> None:
    """By freezegun and time-machine: the default clock looks at the time for each call."""
    import freezegun
    import time_machine

    for freeze in (freezegun.freeze_time, lambda at: time_machine.travel(at, tick=False)):
        with freeze("2026-01-01T00:00:00Z"), FilesMock() as mock:
            assert 1767225600 == mock.add_file("a").created_at
            headers = {"Authorization": f"Bearer {mock.api_key}"}
            assert 200 == httpx.get(f"{mock.base_url}/files", headers=headers).status_code
            assert 1767225600 == mock.calls.last.started_at
