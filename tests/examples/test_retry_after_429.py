"""Retry after 429: the SDK retries by itself. If that isn't enough, the user is told."""

import os

import openai
import pytest

from eugpt_files_mock import faults


class Busy(Exception):
    """The service is too busy to answer."""


def archive(filename: str, content: bytes) -> str:
    """The application: store a document, and return its id."""
    with openai.OpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
    ) as client:
        try:
            return client.files.create(file=(filename, content), purpose="assistants").id
        except openai.RateLimitError as error:
            raise Busy(filename) from error


# The SDK's retries store a document twice when an answer gets lost: the next recipe is about that.
@pytest.mark.eugpt_sweep(allow=["upload */lost"])
def test_every_other_failure_is_handled(eugpt_files):
    """The sweep repeats this test with each failure."""
    file_id = archive("report.pdf", b"%PDF")

    assert eugpt_files.files[file_id].content == b"%PDF"


def test_two_refusals_are_waited_out(eugpt_files):
    """The SDK retries twice by default, so the third attempt succeeds."""
    eugpt_files.inject(faults.rate_limited(), on="upload", times=2)

    file_id = archive("report.pdf", b"%PDF")

    assert [call.status for call in eugpt_files.calls] == [429, 429, 200]
    assert eugpt_files.files[file_id].content == b"%PDF"
    eugpt_files.assert_resilient(strict=True, allow=["files_left"])


def test_a_service_that_stays_busy_stores_nothing(eugpt_files):
    """After three attempts the SDK gives up, and the application tells its user."""
    eugpt_files.inject(faults.rate_limited(), on="upload", times=None)

    with pytest.raises(Busy):
        archive("report.pdf", b"%PDF")

    eugpt_files.assert_called("upload", times=3, fault="rate_limited")
    assert len(eugpt_files.files) == 0
    eugpt_files.assert_resilient(strict=True)
