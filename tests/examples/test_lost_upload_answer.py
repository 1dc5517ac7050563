"""Duplicate after a lost upload answer: the file was stored, but the client sees a failure.

A client that simply retries stores the file twice. With `phase="after"` the mock stores the file
first, and then the fault hits: here, the connection is reset before the answer.
"""

import os

import openai
import pytest
import requests

from eugpt_files_mock import faults


class Archive:
    """The application: every document is stored once, even over a bad connection."""

    def __init__(self) -> None:
        self._files = f"{os.environ['EUGPT_BASE_URL']}/files"
        self._headers = {"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"}

    def store(self, filename: str, content: bytes) -> str:
        """Return the id of the document, stored now or by an attempt whose answer was lost."""
        try:
            return self._upload(filename, content)
        except requests.ConnectionError:
            return self._find(filename, len(content)) or self._upload(filename, content)

    def _upload(self, filename: str, content: bytes) -> str:
        answer = requests.post(
            self._files,
            headers=self._headers,
            files={"file": (filename, content)},
            data={"purpose": "assistants"},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()["id"]

    def _find(self, filename: str, size: int) -> str | None:
        answer = requests.get(
            self._files, headers=self._headers, params={"purpose": "assistants"}, timeout=10
        )
        answer.raise_for_status()
        for file in answer.json()["data"]:
            if (file["filename"], file["bytes"]) == (filename, size):
                return file["id"]
        return None


@pytest.mark.eugpt_sweep(expect=requests.RequestException)
def test_every_failure_stores_the_document_once_or_is_told(eugpt_files):
    """The sweep repeats this test with each failure at each call."""
    file_id = Archive().store("invoice.pdf", b"%PDF")

    assert [file.id for file in eugpt_files.files] == [file_id]


def test_a_lost_answer_does_not_store_the_document_twice(eugpt_files):
    """The application finds the file in the list, and takes its id from there."""
    eugpt_files.inject(faults.connection_reset(), on="upload", phase="after")

    file_id = Archive().store("invoice.pdf", b"%PDF")

    assert [file.id for file in eugpt_files.files] == [file_id]
    eugpt_files.assert_resilient()


def test_a_request_that_never_arrived_is_sent_again(eugpt_files):
    """The client sees the same error, but this time the file isn't in the list."""
    eugpt_files.inject(faults.connection_reset(), on="upload", phase="before")

    file_id = Archive().store("invoice.pdf", b"%PDF")

    assert [file.id for file in eugpt_files.files] == [file_id]


def test_the_retries_of_the_sdk_do_store_it_twice(eugpt_files):
    """If the application didn't look into the list, there would be two files."""
    eugpt_files.inject(faults.connection_reset(), on="upload", phase="after")

    with openai.OpenAI(
        api_key=eugpt_files.api_key, base_url=eugpt_files.base_url, max_retries=1
    ) as client:
        client.files.create(file=("invoice.pdf", b"%PDF"), purpose="assistants")

    assert [file.filename for file in eugpt_files.files] == ["invoice.pdf", "invoice.pdf"]
    assert not eugpt_files.verdict().ok
    with pytest.raises(AssertionError, match="duplicate_upload"):
        eugpt_files.assert_resilient()
