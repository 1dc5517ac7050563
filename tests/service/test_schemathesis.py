"""schemathesis reads the OpenAPI document, and looks for what the mock does otherwise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from eugpt_files_mock import FilesMock, faults
from tests.cli.processes import unmeasured

from .schemathesis_hooks import KNOWN_ID

pytestmark = pytest.mark.slow

SEED = 7
FEWEST_CASES = 500
"""Far below what a run makes; fewer would mean that it hardly looked."""


OTHER = {
    "upload.status": 201,
    "file.members": ["id", "x", "bytes", "created_at"],
    "list.members": ["data", "last_id"],
    "list.limit": "ignored",
    "errors.missing_purpose": None,
    "errors.file_not_found": {"status": 404, "message": "gone", "body": "<p>gone</p>"},
    "headers.always": {"X-Always": "1"},
    "headers.request_id": None,
    "download.disposition": "attachment",
    "json.content_type": "application/json; charset=utf-8",
}


NOT_SAID = "--exclude-checks=positive_data_acceptance"
"""OpenAI refuses contents and purposes for reasons that no schema can tell."""


@pytest.mark.parametrize(
    ("profile", "examples", "checks"),
    [("eugpt", 50, ()), ("other", 5, ()), ("openai", 5, (NOT_SAID,))],
)
@pytest.mark.skipif(
    Version(version("schemathesis")) < Version("4.30"),
    reason="older releases take what a form cannot say, such as a number, for a violation",
)
def test_schemathesis_finds_nothing_with_all_its_checks(
    profile: str,
    examples: int,
    checks: tuple[str, ...],
    tmp_path: Path,
    record_property: pytest.RecordProperty,
) -> None:
    """The answers of each profile fit its own document; a run of too few cases fails too."""
    if profile == "other":
        profile = str(tmp_path / "other.json")
        Path(profile).write_text(json.dumps({"profile": "eugpt", "values": OTHER}))
    with FilesMock(profile=profile, assert_all_requests_known=False).serve() as mock:
        mock.add_file("known.txt", id=KNOWN_ID)
        words = ("--checks=all", f"--max-examples={examples}", *checks)
        run = schemathesis(mock, *words, cwd=tmp_path)
        calls = len(mock.calls)
    assert run.returncode == 0, run.stdout + run.stderr
    cases = int(re.search(r"(\d+) generated", run.stdout)[1])
    sys.stdout.write(f"schemathesis: {cases} cases, {calls} requests, no finding\n")
    record_property("schemathesis cases", cases)
    assert cases >= FEWEST_CASES * examples / 200


def test_it_would_find_an_answer_that_is_not_in_the_document(tmp_path: Path) -> None:
    """No document names 418; without this, a run that checks nothing would pass as well."""
    with FilesMock(assert_all_requests_known=False).serve() as mock:
        mock.inject(faults.http_error(418), on="list", times=None)
        run = schemathesis(mock, "--checks=all", "--phases=coverage", cwd=tmp_path)
    assert run.returncode == 1
    assert "[418]" in run.stdout


def schemathesis(mock: FilesMock, *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Its command line tool on the mock, with a seed."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{mock.base_url.removesuffix('/v1')}/openapi.json",
            f"--header=Authorization: Bearer {mock.api_key}",
            *("--no-color", f"--seed={SEED}", "--generation-database=none"),
            *options,
        ],
        cwd=cwd,
        env=unmeasured()
        | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
