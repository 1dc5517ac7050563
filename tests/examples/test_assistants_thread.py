"""A thread of the Assistants API, with a file attached to its message.

`stub_threads` has its state in a dict: thread → messages, newest first. A run is done at once.
"""

import contextlib
import time

import openai
import pytest

pytestmark = [
    pytest.mark.eugpt_files(profile="openai", environ="openai"),
    # The SDK says that the Assistants API is deprecated.
    pytest.mark.filterwarnings("ignore:The Assistants API:DeprecationWarning"),
]

PAUSE = 0.01  # seconds between two questions about a run


class RunFailed(Exception):
    """The run has no answer."""


def discuss(filename: str, content: bytes, question: str) -> str:
    """The application: what the assistant says about a document."""
    with openai.OpenAI() as client, contextlib.ExitStack() as cleanup:
        # A retry after a lost answer would make a second file, thread or run.
        once = client.with_options(max_retries=0)
        file = once.files.create(file=(filename, content), purpose="assistants")
        cleanup.callback(_delete, client, file.id)
        attachment = {"file_id": file.id, "tools": [{"type": "file_search"}]}
        message = {"role": "user", "content": question, "attachments": [attachment]}
        thread = once.beta.threads.create(messages=[message])
        run = once.beta.threads.runs.create(thread.id, assistant_id="asst_1")
        while run.status in ("queued", "in_progress"):
            time.sleep(PAUSE)
            run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
        if run.status != "completed":
            raise RunFailed(f"the run is {run.status}")
        newest = client.beta.threads.messages.list(thread.id, limit=1).data[0]
        return newest.content[0].text.value


def _delete(client, file_id):
    # Where the answer to a delete was lost, the SDK asks again, and the file is gone.
    with contextlib.suppress(openai.NotFoundError):
        client.files.delete(file_id)


def stub_threads(mock, answer):
    """The threads; `answer` is a function of the question and the files that are attached."""
    threads = {}

    def create(request):
        thread_id = f"thread_{len(threads) + 1}"
        threads[thread_id] = list(request.json.get("messages", []))
        return {"id": thread_id, "object": "thread"}

    def run(request):
        messages = threads[request.params["id"]]
        attached = [one["file_id"] for one in messages[0].get("attachments", [])]
        said = answer(messages[0]["content"], [mock.files[file_id] for file_id in attached])
        messages.insert(0, {"role": "assistant", "content": said})
        return {"id": "run_1", "object": "thread.run", "status": "queued"}

    def list_messages(request):
        data = [
            {"object": "thread.message", "role": one["role"],
             "content": [{"type": "text", "text": {"value": one["content"], "annotations": []}}]}
            for one in threads[request.params["id"]]
        ]  # fmt: skip
        return {"object": "list", "data": data, "has_more": False}

    done = {"id": "run_1", "object": "thread.run", "status": "completed"}
    mock.stub("POST", "/threads", reply=create)
    mock.stub("POST", "/threads/{id}/runs", reply=run)
    mock.stub("GET", "/threads/{id}/runs/{run_id}", json=done)
    mock.stub("GET", "/threads/{id}/messages", reply=list_messages)
    return threads


def count_bytes(question, files):
    """What the assistant says."""
    return f"{question} {sum(file.bytes for file in files)} bytes."


def test_the_assistant_reads_the_attachment(eugpt_files):
    """The file is there while the run reads it, and is deleted then."""
    stub_threads(eugpt_files, count_bytes)

    assert discuss("a.txt", b"hello", "How long?") == "How long? 5 bytes."

    assert len(eugpt_files.files) == 0


def test_a_run_that_fails(eugpt_files):
    """Its file is deleted too."""
    stub_threads(eugpt_files, count_bytes)
    failed = {"id": "run_1", "object": "thread.run", "status": "failed"}
    eugpt_files.stub("GET", "/threads/{id}/runs/{run_id}", json=failed)

    with pytest.raises(RunFailed, match="the run is failed"):
        discuss("a.txt", b"hello", "How long?")

    assert len(eugpt_files.files) == 0


def test_an_attachment_that_was_deleted_meanwhile(eugpt_files):
    """The mock looks whether each file that a body names is there."""
    stub_threads(eugpt_files, count_bytes)

    def delete_elsewhere(call):
        with openai.OpenAI() as client:
            client.files.delete(call.file_id)

    eugpt_files.after("upload", delete_elsewhere)

    with pytest.raises(openai.NotFoundError):
        discuss("a.txt", b"hello", "How long?")
