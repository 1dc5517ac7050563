"""Ask about a report: the file is uploaded, asked about, and deleted, whatever happens in between.

One mock has the whole flow. `stub_response()` answers `POST /responses` in the documented shape;
each test runs in process and on a port.
"""

import os
from contextlib import suppress

import openai
import pytest

from eugpt_files_mock import faults


class NoAnswer(Exception):
    """The question could not be answered."""


def ask(filename: str, content: bytes, question: str) -> str:
    """The application: what the service says about a document, which it then forgets."""
    with openai.OpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"]
    ) as client:
        # What makes something isn't sent again: after a lost answer it would be made twice.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=(filename, content), purpose="assistants")
        try:
            return _answer(once, file.id, question)
        except openai.NotFoundError as error:
            raise NoAnswer("the file is gone") from error
        finally:
            # Nothing that can fail comes before it. Somebody may have deleted the file already.
            with suppress(openai.NotFoundError):
                client.files.delete(file.id)


def _answer(client: openai.OpenAI, file_id: str, question: str) -> str:
    parts = [{"type": "input_file", "file_id": file_id}, {"type": "input_text", "text": question}]
    said = []
    try:
        with client.responses.create(
            model="auto", input=[{"role": "user", "content": parts}], stream=True
        ) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    said.append(event.delta)
                elif event.type == "response.completed":
                    return "".join(said)
    except Exception as error:
        if isinstance(error, openai.APIStatusError):
            raise
        raise NoAnswer(f"it broke off after {''.join(said)!r}") from error
    raise NoAnswer("the stream ended too early")


@pytest.fixture(params=["eugpt_files", "eugpt_files_server"])
def mock(request):
    """The same tests in process and on a port."""
    return request.getfixturevalue(request.param)


@pytest.mark.eugpt_sweep
def test_the_answer_is_read_and_the_file_deleted(mock):
    """The file was uploaded for this question only, so it must not stay at the service.

    The sweep repeats this test with each failure at each call: the file goes all the same.
    """
    stub = mock.stub_response("Forty-two.")

    assert ask("report.pdf", b"%PDF", "How many?") == "Forty-two."

    mock.assert_uploaded("report.pdf", content=b"%PDF")
    mock.assert_called(stub.operation, times=1)
    mock.assert_deleted(mock.calls.to("upload").last.file_id)


def test_a_file_that_was_deleted_meanwhile(mock):
    """Somebody deletes it after the upload, before the question is sent."""
    mock.stub_response("Forty-two.")
    mock.after("upload", lambda call: delete_elsewhere(mock, call.file_id))

    with pytest.raises(NoAnswer, match="the file is gone"):
        ask("report.pdf", b"%PDF", "How many?")

    mock.assert_called("POST /responses", error="file_not_found")


def test_a_stream_that_breaks_off(mock):
    """Half an answer isn't returned as a whole one, and the file is deleted too."""
    mock.stub_response("Forty-two.")
    mock.inject(faults.truncated(after_bytes=1000), on="POST /responses")

    with pytest.raises(NoAnswer, match="it broke off"):
        ask("report.pdf", b"%PDF", "How many?")

    assert len(mock.files) == 0


def test_a_service_that_is_busy_is_told(mock):
    """The question isn't sent again; whoever asked may do so. The delete is, by the SDK."""
    mock.stub_response("Forty-two.")
    mock.inject(faults.rate_limited(), on=["POST /responses", "delete"], times=2)

    with pytest.raises(openai.RateLimitError):
        ask("report.pdf", b"%PDF", "How many?")

    assert [call.status for call in mock.calls.to("delete")] == [429, 200]


def delete_elsewhere(mock, file_id):
    """What somebody else does with the same key."""
    with openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url) as client:
        client.files.delete(file_id)
