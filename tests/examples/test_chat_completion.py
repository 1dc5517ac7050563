"""A chat completion about a file, whole and streamed.

`stub_chat` keeps in a dict what was asked. A stream is sent as OpenAI sends it: chunks without a
name, and `[DONE]` at the end.
"""

import contextlib

import openai
import pytest

from eugpt_files_mock import Answer, faults

pytestmark = pytest.mark.eugpt_files(profile="openai", environ="openai")


class CutShort(Exception):
    """The answer didn't come to its end."""


def chat(filename: str, content: bytes, question: str, *, stream: bool) -> str:
    """The application: what the model says about a document."""
    with openai.OpenAI() as client, contextlib.ExitStack() as cleanup:
        # A retry after a lost answer would store the file twice, or pay for two answers.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=(filename, content), purpose="user_data")
        cleanup.callback(_delete, client, file.id)
        parts = [
            {"type": "file", "file": {"file_id": file.id}},
            {"type": "text", "text": question},
        ]
        asked = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": parts}]}
        if not stream:
            return once.chat.completions.create(**asked).choices[0].message.content
        said, finished = [], False
        with once.chat.completions.create(**asked, stream=True) as chunks:
            try:
                for chunk in chunks:
                    said.append(chunk.choices[0].delta.content or "")
                    finished = finished or chunk.choices[0].finish_reason == "stop"
            # The SDK passes on what its HTTP client raises within a stream: one of many.
            except Exception as error:
                raise CutShort("".join(said)) from error
        if not finished:
            raise CutShort("".join(said))
        return "".join(said)


def _delete(client, file_id):
    # Where the answer to a delete was lost, the SDK asks again, and the file is gone.
    with contextlib.suppress(openai.NotFoundError):
        client.files.delete(file_id)


def stub_chat(mock, text):
    """The chat completions, which say the same text to everybody."""
    asked = {}

    def complete(request):
        number = f"chatcmpl-{len(asked) + 1}"
        asked[number] = request.json
        usual = {"id": number, "created": 1_700_000_000, "model": request.json["model"]}
        if not request.json.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return {**usual, "object": "chat.completion", "choices": [choice]}
        deltas = [{"role": "assistant", "content": ""}, *({"content": one} for one in text), {}]
        chunks = [
            {**usual, "object": "chat.completion.chunk", "choices": [
                {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
            ]}
            for delta in deltas
        ]  # fmt: skip
        return Answer(events=[*chunks, "[DONE]"])

    mock.stub("POST", "/chat/completions", reply=complete)
    return asked


@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_is_read(eugpt_files, stream):
    """Whole and streamed; the file is deleted afterwards."""
    asked = stub_chat(eugpt_files, "Forty-two.")

    assert chat("a.pdf", b"%PDF", "How many?", stream=stream) == "Forty-two."

    (request,) = asked.values()
    assert request["messages"][0]["content"][1]["text"] == "How many?"
    assert len(eugpt_files.files) == 0


def test_a_stream_that_ends_too_early(eugpt_files):
    """Half an answer isn't returned as a whole one."""
    stub_chat(eugpt_files, "Forty-two.")
    eugpt_files.inject(faults.truncated(after_bytes=700), on="POST /chat/completions")

    with pytest.raises(CutShort, match=r"^Fo"):
        chat("a.pdf", b"%PDF", "How many?", stream=True)

    assert len(eugpt_files.files) == 0
