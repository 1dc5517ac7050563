"""A file that fails processing: the upload succeeded, but the file can't be used.

The `openai` SDK's `wait_for_processing` returns such a file without an error, so the application
must check its status.
"""

import os

import openai
import pytest

from eugpt_files_mock import after_polls, fails


class Unusable(Exception):
    """The service could not process a document."""


def prepare(filename: str, content: bytes) -> str:
    """The application: upload a document, and wait until it is processed."""
    with openai.OpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
    ) as client:
        # Without retries: one after a lost answer would store the document twice.
        once = client.with_options(max_retries=0)
        uploaded = once.files.create(file=(filename, content), purpose="assistants")
        try:
            file = client.files.wait_for_processing(uploaded.id, poll_interval=0.001)
            if file.status != "processed":
                raise Unusable(f"{filename}: {file.status_details}")
        except Exception:
            # Also when waiting failed: nobody else knows that the file is there.
            client.files.delete(uploaded.id)
            raise
        return file.id


@pytest.mark.eugpt_files(processing=fails("The PDF is encrypted."))
def test_a_file_that_fails_is_reported_and_cleared_away(eugpt_files):
    """The error has the service's reason, and the useless file is deleted."""
    with pytest.raises(Unusable, match=r"secret\.pdf: The PDF is encrypted\."):
        prepare("secret.pdf", b"%PDF")

    eugpt_files.assert_uploaded("secret.pdf")
    assert len(eugpt_files.files) == 0
    eugpt_files.assert_resilient(strict=True)


@pytest.mark.eugpt_files(processing=after_polls(2))
@pytest.mark.eugpt_sweep
def test_no_failure_leaves_a_file_that_nobody_knows(eugpt_files):
    """The sweep repeats this test with each failure at each call, such as a poll that is denied."""
    file_id = prepare("long.pdf", b"%PDF")

    assert [file.id for file in eugpt_files.files] == [file_id]


@pytest.mark.eugpt_files(processing=after_polls(3))
def test_a_slow_file_is_waited_for(eugpt_files):
    """The upload is answered before the file is processed, which takes three polls here."""
    file_id = prepare("long.pdf", b"%PDF")

    assert eugpt_files.files[file_id].status == "processed"
    eugpt_files.assert_called("retrieve", times=3)
    eugpt_files.assert_resilient()
