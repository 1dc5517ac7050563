"""Profiles: two by name, any other from a file; what is wrong with one is said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eugpt_files_mock import FilesMock, OptionError
from eugpt_files_mock.model.profile import BEHAVIOURS, PROFILES, check_value, fill, named_profile

from ..service_requests import json_of, upload


def written(tmp_path: Path, values: dict[str, Any], base: str = "eugpt") -> Path:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"profile": base, "values": values}))
    return path


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_value_of_the_table_is_allowed(behaviour: str, profile: str) -> None:
    """The named profiles pass the check that a profile file must pass."""
    check_value(behaviour, BEHAVIOURS[behaviour].value(profile))


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_row_has_a_mark_and_a_grade(behaviour: str) -> None:
    """They say how sure its values are: the mark that of `eugpt`, the grade that of `openai`."""
    assert BEHAVIOURS[behaviour].mark in ("D", "3P", "?")
    assert BEHAVIOURS[behaviour].grade in ("REC", "SPEC", "ISS", "?")


def test_a_file_says_what_differs_from_its_base(tmp_path: Path) -> None:
    """What it doesn't name stays as in the base, such as the members of a file."""
    mock = FilesMock(profile=written(tmp_path, {"upload.status": 201, "id.format": "f_{hex:8}"}))
    reply = upload(mock)
    assert 201 == reply.status
    assert "f_" == json_of(reply)["id"][:2]
    assert list(json_of(upload(FilesMock()))) == list(json_of(reply))


def test_a_path_may_be_a_string(tmp_path: Path) -> None:
    """A file without values is the same as its base, here `openai`."""
    path = str(written(tmp_path, {}, "openai"))
    assert FilesMock().base_url != FilesMock(profile=path).base_url
    assert FilesMock(profile="openai").base_url == FilesMock(profile=path).base_url


WRONG = {
    '{"profile": "eugpt", "values": {"upload.stauts": 201}}': "Did you mean 'upload.status'",
    '{"profile": "eugpt", "values": {"upload.status": 299}}': "upload.status must be 200 or 201",
    '{"profile": "eugpt", "values": {"list.order": "desk"}}': "Did you mean 'desc'?",
    '{"profile": "eugpt", "values": {"file.members": ["object"]}}': "a list of strings with 'id'",
    '{"profile": "eugpt", "values": {"errors.empty_file": {"status": 200}}}': "an object with",
    '{"profile": "eugpt", "values": {"id.format": "{uid}"}}': "id.format must be",
    **{
        f'{{"profile": "eugpt", "values": {{"id.format": "{form}"}}}}': "of 32 random bits or more"
        for form in ("{hex:1}", "f-{hex:7}", "{base36:6}", "{base64url:5}", "d")
    },
    **{
        f'{{"profile": "eugpt", "values": {{"headers.always": {{"{name}": "7"}}}}}}': "of their own"
        for name in ("Content-Length", "content-type", "Transfer-Encoding")
    },
    '{"profile": "eugpt", "values": {"headers.always": {"a b": "c"}}}': "headers.always must be",
    '{"profile": "opnai", "values": {}}': "Did you mean 'openai'?",
    '{"profile": "eugpt", "value": {}}': 'expected {"profile": "eugpt", "values": {…}}',
    '{"profile": "eugpt", "values": {}, "vales": {}}': "Did you mean 'values'?",
    "[]": "expected {",
    '{"profile": ': "Expecting value",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_a_broken_file_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """When the mock is made; the message says what is allowed, or names the nearest word."""
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(OptionError) as refused:
        FilesMock(profile=path)
    assert said in str(refused.value)


def test_the_name_of_a_kind_is_no_suggestion(tmp_path: Path) -> None:
    """`id` names a kind of values; its letters aren't values themselves."""
    with pytest.raises(OptionError) as refused:
        FilesMock(profile=written(tmp_path, {"id.format": "d"}))
    assert "Did you mean" not in str(refused.value)


def test_a_file_that_is_not_there_is_named() -> None:
    """A path that ends in `.json` isn't taken for a misspelt name."""
    with pytest.raises(OptionError, match=r"profile 'nowhere.json': No such file"):
        FilesMock(profile="nowhere.json")


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    """A single word that isn't a file was meant to be a name, not a path."""
    with pytest.raises(OptionError, match="Did you mean 'openai'"):
        FilesMock(profile="openia")


def test_a_number_is_no_profile() -> None:
    """The message lists the two names, and says that a path will do too."""
    with pytest.raises(OptionError, match="profile must be 'eugpt', 'openai', the path"):
        FilesMock(profile=7)  # type: ignore[arg-type]


def test_an_option_wins_over_the_profile(tmp_path: Path) -> None:
    """The profile decides only where the test author doesn't."""
    values = {"list.limit": "ignored", "upload.file_status": "uploaded"}
    path = written(tmp_path, values)
    assert "uploaded" == json_of(upload(FilesMock(profile=path)))["status"]
    mock = FilesMock(profile=path, processing="immediate", pagination="honoured")
    assert "processed" == json_of(upload(mock))["status"]
    assert "honoured" == mock._service.options.profile["list.limit"]


def test_a_template_is_filled_at_any_depth() -> None:
    """Braces around an unknown word stay as text, and null doesn't become 'None'."""
    template = {"a": ["{id}", "{id!r}: {other} {", None], "b": "{nothing}", "c": 7}
    filled = fill(template, {"id": "x", "nothing": None})
    assert {"a": ["x", "'x': {other} {", None], "b": None, "c": 7} == filled


def test_the_two_profiles_differ() -> None:
    """Only in their values: both have every behaviour."""
    assert named_profile("eugpt").keys() == named_profile("openai").keys()
    assert "file-{base58:22}" == named_profile("openai")["id.format"]
