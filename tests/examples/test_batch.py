"""A batch: the questions go up as JSONL, the answers come back as a file.

`stub_batches` is a Batch API with its state in a dict. A batch is done when it is asked about for
the second time; its answers are a file of the mock.
"""

import contextlib
import json
import time

import openai
import pytest

from eugpt_files_mock import faults

pytestmark = pytest.mark.eugpt_files(profile="openai", environ="openai")

PAUSE = 0.01  # seconds; a real batch takes minutes


class BatchFailed(Exception):
    """The batch has no answers."""


def ask_all(questions: dict[str, str]) -> dict[str, str]:
    """The application: answers by the names of the questions. It leaves no file at the service."""
    lines = [
        {
            "custom_id": name,
            "method": "POST",
            "url": "/v1/responses",
            "body": {"model": "gpt-5-mini", "input": question},
        }
        for name, question in questions.items()
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    with openai.OpenAI() as client, contextlib.ExitStack() as cleanup:
        # A retry after a lost answer would store the file twice, or pay for two batches.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=("questions.jsonl", content), purpose="batch")
        cleanup.callback(_delete, client, file.id)
        batch = once.batches.create(
            input_file_id=file.id, endpoint="/v1/responses", completion_window="24h"
        )
        while batch.status in ("validating", "in_progress", "finalizing"):
            time.sleep(PAUSE)
            batch = client.batches.retrieve(batch.id)
        if batch.output_file_id is None:
            raise BatchFailed(f"{batch.id} is {batch.status}")
        cleanup.callback(_delete, client, batch.output_file_id)
        text = client.files.content(batch.output_file_id).text
    answers = dict(_answer(line) for line in text.splitlines())
    if answers.keys() != questions.keys():
        raise BatchFailed(f"{batch.id} answers {len(answers)} of {len(questions)} questions")
    return answers


def _answer(line: str) -> tuple[str, str]:
    try:
        answer = json.loads(line)
        return answer["custom_id"], answer["response"]["body"]["output"][0]["content"][0]["text"]
    except (ValueError, KeyError) as error:
        raise BatchFailed(f"not an answer: {line}") from error


def _delete(client, file_id):
    # Where the answer to a delete was lost, the SDK asks again, and the file is gone.
    with contextlib.suppress(openai.NotFoundError):
        client.files.delete(file_id)


def stub_batches(mock, answer):
    """A Batch API; `answer` is a function of the body of each request."""
    batches = {}

    def create(request):
        batch_id = f"batch_{len(batches) + 1}"
        batches[batch_id] = {"id": batch_id, "object": "batch", "status": "validating"}
        batches[batch_id] |= request.json
        return batches[batch_id]

    def retrieve(request):
        batch = batches[request.params["id"]]
        if batch["status"] == "in_progress":
            batch |= {"status": "completed", "output_file_id": carry_out(batch)}
        elif batch["status"] == "validating":
            batch["status"] = "in_progress"
        return batch

    def carry_out(batch):
        asked = map(json.loads, mock.files[batch["input_file_id"]].content.splitlines())
        lines = [
            {"custom_id": one["custom_id"], "response": {"status_code": 200, "body": body}}
            for one in asked
            for body in [answer(one["body"])]
        ]
        content = "\n".join(map(json.dumps, lines)).encode()
        return mock.add_file("output.jsonl", content, purpose="batch_output").id

    mock.stub("POST", "/batches", reply=create)
    mock.stub("GET", "/batches/{id}", reply=retrieve)
    return batches


def shout(body):
    """What the model says."""
    part = {"type": "output_text", "text": body["input"].upper(), "annotations": []}
    return {"output": [{"type": "message", "role": "assistant", "content": [part]}]}


def test_every_question_is_answered(eugpt_files):
    """And both files are deleted, that of the questions and that of the answers."""
    stub_batches(eugpt_files, shout)

    assert ask_all({"a": "one?", "b": "two?"}) == {"a": "ONE?", "b": "TWO?"}

    eugpt_files.assert_uploaded("questions.jsonl", purpose="batch")
    assert len(eugpt_files.files) == 0


def test_a_batch_that_fails_leaves_no_file(eugpt_files):
    """Its status says so; there is no file of answers."""
    batches = stub_batches(eugpt_files, shout)
    eugpt_files.after("POST /batches", lambda call: batches["batch_1"].update(status="failed"))

    with pytest.raises(BatchFailed, match="batch_1 is failed"):
        ask_all({"a": "one?"})

    assert len(eugpt_files.files) == 0


def test_a_lost_answer_makes_no_second_batch(eugpt_files):
    """It is raised, as nobody knows whether the batch was made."""
    batches = stub_batches(eugpt_files, shout)
    eugpt_files.inject(faults.connection_reset(), on="POST /batches", phase="after")

    with pytest.raises(openai.APIConnectionError):
        ask_all({"a": "one?"})

    assert (len(batches), len(eugpt_files.files)) == (1, 0)
