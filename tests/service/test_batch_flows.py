"""What two public packages do with a batch, written anew from their documentation.

Both send the lines as bytes without a name. The SDK calls them `upload`, without an extension, and
OpenAI accepts that. Neither flow needs more than the profile `openai`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from eugpt_files_mock import FilesMock

from ..conftest import WAYS, entered
from ..examples.test_batch import stub_batches

OVER = ("completed", "failed", "expired", "cancelled")


def say(body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": body["messages"][0]["content"].upper()}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}


def line(custom_id: str, question: str) -> dict[str, Any]:
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": question}]}
    url = "/v1/chat/completions"
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


@pytest.fixture(params=WAYS)
def mock(request: pytest.FixtureRequest) -> Iterator[FilesMock]:
    with entered(request.param, profile="openai", environ="openai") as mock:
        stub_batches(mock, say)
        yield mock


class Batch:
    """As the package `openai-batch` has it: add, submit, wait, download."""

    def __init__(self, output: Path) -> None:
        self.client = openai.OpenAI()
        self.lines: list[str] = []
        self.output = output

    def add_to_batch(self, question: str) -> None:
        self.lines.append(json.dumps(line(f"line-{len(self.lines) + 1}", question)))

    def submit_wait_download(self) -> Any:
        content = "\n".join(self.lines).encode()
        sent = self.client.files.create(file=content, purpose="batch")
        batch = self.client.batches.create(
            input_file_id=sent.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        while (batch := self.client.batches.retrieve(batch.id)).status not in OVER:
            time.sleep(0.01)
        assert batch.output_file_id
        self.output.write_bytes(self.client.files.content(batch.output_file_id).content)
        return batch


def test_openai_batch(mock: FilesMock, tmp_path: Path) -> None:
    """The answers are in a file, a line for each question."""
    batch = Batch(tmp_path / "output.jsonl")
    batch.add_to_batch("one?")
    batch.add_to_batch("two?")
    with batch.client:
        assert "completed" == batch.submit_wait_download().status
    answers = [json.loads(text) for text in batch.output.read_text().splitlines()]
    said = [one["response"]["body"]["choices"][0]["message"]["content"] for one in answers]
    assert (["line-1", "line-2"], ["ONE?", "TWO?"]) == ([one["custom_id"] for one in answers], said)
    mock.assert_uploaded("upload", purpose="batch")


async def curate(questions: list[str]) -> list[str]:
    """As the package `bespokelabs-curator` does: wait for the file, then for the batch; delete."""
    lines = [json.dumps(line(str(number), one)) for number, one in enumerate(questions)]
    async with openai.AsyncOpenAI() as client:
        sent = await client.files.create(file="\n".join(lines).encode(), purpose="batch")
        sent = await client.files.wait_for_processing(sent.id, poll_interval=0.01)
        batch = await client.batches.create(
            input_file_id=sent.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"request_file": "requests_0.jsonl"},
        )
        while batch.status not in OVER:
            await asyncio.sleep(0.01)
            batch = await client.batches.retrieve(batch.id)
        assert batch.output_file_id
        text = (await client.files.content(batch.output_file_id)).text
        for file_id in (sent.id, batch.output_file_id):
            assert (await client.files.delete(file_id)).deleted
    answers = [json.loads(one)["response"]["body"] for one in text.splitlines()]
    return [answer["choices"][0]["message"]["content"] for answer in answers]


def test_curator(mock: FilesMock) -> None:
    """Nothing is left, and the metadata is kept with the call."""
    assert ["ONE?", "TWO?"] == asyncio.run(curate(["one?", "two?"]))
    assert 0 == len(mock.files)
    asked = mock.calls.to("POST /batches").last.json
    assert {"request_file": "requests_0.jsonl"} == asked["metadata"]
