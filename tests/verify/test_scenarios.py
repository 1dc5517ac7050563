"""Every behaviour is seen: the mock is bent in one, and exactly that one is reported."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.profile import BEHAVIOURS, PROFILES, as_profile, named_profile
from eugpt_files_mock.verify import Report, verify
from eugpt_files_mock.verify.endpoint import MOST_REQUESTS, Endpoint

UNSEEN = {"base_url", "key.prefix", "errors.rate_limited", "errors.envelope"} | {
    name for name in BEHAVIOURS if name.startswith("responses.")
}
"""No request about files shows them."""

CLAIMS = {"file.bytes", "download.content"}
"""The mock can't do otherwise; `test_report.py` has a service that does."""

BENT: dict[str, Any] = {
    "json.content_type": "application/json; charset=utf-8",
    "headers.request_id": None,
    "download.content_type": "text/plain",
    "upload.default_purpose": "user_data",
}
"""Other values, where neither the table's list nor the other profile has one."""

CONTEXT: dict[str, dict[str, Any]] = {"upload.default_purpose": {"errors.missing_purpose": None}}
"""What must be so for the row to be seen at all."""

ON_OPENAI = {"errors.unknown_purpose", "errors.bad_expires_after", "errors.download_refused"}
"""Rows that the profile `eugpt` doesn't come to."""

SEEN = sorted(set(BEHAVIOURS) - UNSEEN - CLAIMS)


def written(path: Path, base: str, values: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"profile": base, "values": values}))
    return path


def held(served: str | Path, against: str | Path, only: tuple[str, ...] = ()) -> Report:
    """The report on a mock of one profile, held against another; its clock goes on by itself."""
    clock = itertools.count(1_700_000_000).__next__
    with FilesMock(profile=served, clock=clock, assert_all_requests_known=False) as mock:
        key = mock.api_key
        endpoint = Endpoint(mock.base_url, key, 30)
        report = verify(endpoint, as_profile("profile", against), "it", only, lambda *_: None)
        assert 0 == len(mock.files)
    assert [] == report.left
    assert MOST_REQUESTS >= report.requests
    assert key not in report.as_text() + report.as_json() + report.as_junit()
    return report


def differing(report: Report) -> dict[str, Any]:
    return {
        row.behaviour: row.seen
        for verdict in ("broken", "changed", "wrong", "failed")
        for row in report.of(verdict)
    }


def bent(behaviour: str, base: str) -> Any:
    if behaviour in BENT:
        return BENT[behaviour]
    row, value = BEHAVIOURS[behaviour], named_profile(base)[behaviour]
    if isinstance(row.allowed, list):
        return next(other for other in row.allowed if other != value)
    other = row.value("openai" if base == "eugpt" else "eugpt")
    if other != value:
        return other
    return {"status": 418, "message": "I am bent.", "body": {"message": "{message}"}}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mock_does_what_its_profile_says(profile: str) -> None:
    """What no request can show, such as the prefix of keys, counts as untried."""
    report = held(profile, profile)
    assert {} == differing(report)
    assert report.is_ok
    assert UNSEEN <= {row.behaviour for row in report.of("untried")}


@pytest.mark.parametrize("behaviour", SEEN)
def test_exactly_the_bent_behaviour_is_reported(behaviour: str, tmp_path: Path) -> None:
    """A mock with the profile saved from the report then differs in nothing."""
    base = "openai" if behaviour in ON_OPENAI else "eugpt"
    context, value = CONTEXT.get(behaviour, {}), bent(behaviour, base)
    against = written(tmp_path / "a.json", base, context)
    served = written(tmp_path / "b.json", base, {**context, behaviour: value})
    report = held(served, against)
    assert [behaviour] == list(differing(report))
    assert not report.is_ok
    report.save(tmp_path / "saved.json")
    assert {} == differing(held(served, tmp_path / "saved.json"))


@pytest.mark.parametrize(("served", "against"), [PROFILES, PROFILES[::-1]])
def test_one_profile_saved_from_the_other_is_followed(
    served: str, against: str, tmp_path: Path
) -> None:
    """What was seen is enough to imitate it, starting from either side."""
    path = tmp_path / "saved.json"
    report = held(served, against)
    assert 20 < len(differing(report))
    assert [] == report.save(path)
    again = held(path, served)
    assert {} == differing(again)


def test_only_some_groups_are_tried() -> None:
    """The others cost no requests: two groups take fewer than 20."""
    report = held("eugpt", "eugpt", ("delete", "id"))
    assert {"delete", "id"} == {row.behaviour.partition(".")[0] for row in report.rows}
    assert 20 > report.requests
