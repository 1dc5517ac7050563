"""`stub_response` speaks its profile, and the clients that people use read it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pydantic
import pytest
from openai.types.responses import Response, ResponseStreamEvent

from eugpt_files_mock import FilesMock, OptionError

from ..conftest import WAYS, entered

NOON = 1_700_000_000.5
PROFILES = ("eugpt", "openai")
EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(ResponseStreamEvent)
TOOL = {
    "type": "function",
    "name": "f",
    "parameters": {"type": "object", "properties": {}, "required": []},
    "strict": False,
}


class Number(pydantic.BaseModel):
    n: int


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=WAYS)
def mock(request: pytest.FixtureRequest, profile: str) -> Iterator[FilesMock]:
    with entered(request.param, profile=profile, clock=lambda: NOON) as mock:
        yield mock


@pytest.fixture
def client(mock: FilesMock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def like_openai() -> Iterator[FilesMock]:
    with FilesMock(profile="openai", clock=lambda: NOON) as mock:
        yield mock


def ask(mock: FilesMock, **words: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    return httpx.post(f"{mock.base_url}/responses", headers=headers, json=words)


def frames(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """A plain reader of events: the name and the data of each."""
    assert "text/event-stream" == answer.headers["content-type"]
    *written, end = answer.text.split("\n\n")
    assert "" == end
    pairs = [frame.split("\n") for frame in written]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in pairs
    ]


def test_a_request_that_says_nothing_is_answered_as_the_profile_does(
    mock: FilesMock, profile: str
) -> None:
    """EU GPT streams, OpenAI doesn't; `stream: null` says nothing either."""
    mock.stub_response("Forty-two.")
    kind = {"eugpt": "text/event-stream", "openai": "application/json"}[profile]
    for words in ({}, {"stream": None}):
        assert kind == ask(mock, input="?", **words).headers["content-type"]


def test_events_of_openai_are_named_by_their_type(like_openai: FilesMock) -> None:
    """In OpenAI's order, numbered without gaps."""
    like_openai.stub_response("ab", chunks=2)
    came = frames(ask(like_openai, input="?", stream=True))
    assert [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ] == [name for name, _ in came]
    assert [name for name, _ in came] == [event["type"] for _, event in came]
    assert list(range(10)) == [event["sequence_number"] for _, event in came]
    for _, event in came:
        EVENT.validate_json(json.dumps(event), strict=True)


def test_a_document_of_openai_has_every_member(like_openai: FilesMock) -> None:
    """In seconds, with the model that was asked for, and what the SDK's model needs."""
    like_openai.stub_response("ab")
    answer = ask(like_openai, input="?", model="gpt-5-mini")
    Response.model_validate_json(answer.content, strict=True)
    document = answer.json()
    number = document["id"].removeprefix("resp_")
    part = {"type": "output_text", "text": "ab", "annotations": [], "logprobs": []}
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    }
    assert {
        "id": f"resp_{number}", "object": "response", "created_at": 1_700_000_000,
        "status": "completed", "error": None, "incomplete_details": None, "model": "gpt-5-mini",
        "output": [{
            "id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant",
            "content": [part],
        }],
        "background": False, "instructions": None, "max_output_tokens": None,
        "max_tool_calls": None, "metadata": {}, "parallel_tool_calls": True,
        "previous_response_id": None, "prompt": None, "prompt_cache_key": None,
        "prompt_cache_retention": None, "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None, "service_tier": "default", "store": True, "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto",
        "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": None,
        "completed_at": 1_700_000_000, "usage": usage,
    } == document  # fmt: skip


def test_openai_repeats_what_was_asked(like_openai: FilesMock) -> None:
    """With the defaults beside it, where a member has members of its own."""
    like_openai.stub_response("{}")
    asked = {
        "tools": [TOOL],
        "text": {"format": {"type": "json_object"}},
        "metadata": {"a": "b"},
        "reasoning": {"effort": "low"},
        "temperature": 0.5,
        "conversation": "conv_1",
    }
    document = ask(like_openai, input="?", **asked).json()
    assert {
        **asked,
        "text": {"format": {"type": "json_object"}, "verbosity": "medium"},
        "reasoning": {"effort": "low", "summary": None},
        "conversation": {"id": "conv_1"},
    } == {name: document[name] for name in asked}
    like_openai.stub_response("{}", model="mine")
    assert "mine" == ask(like_openai, input="?", model="other").json()["model"]


@pytest.mark.parametrize("completed", ["Forty-two.", ""])
def test_another_text_may_be_completed_than_was_streamed(mock: FilesMock, completed: str) -> None:
    """As of a service that rewrites what was generated, or takes it back."""
    mock.stub_response("Forty-three.", completed_text=completed, chunks=["Forty", "-three."])
    came = [event for _, event in frames(ask(mock, input="?", stream=True))]
    assert "Forty-three." == "".join(event.get("delta", "") for event in came)
    [done] = [event for event in came if event["type"] == "response.output_text.done"]
    assert "Forty-three." == done["text"]
    assert completed == came[-1]["response"]["output"][0]["content"][0]["text"]
    whole = ask(mock, input="?", stream=False).json()
    assert completed == whole["output"][0]["content"][0]["text"]
    with pytest.raises(OptionError, match="completed_text must be"):
        mock.stub_response("a", completed_text=7)  # type: ignore[arg-type]


def test_the_sdk_reads_one_document(client: openai.OpenAI, mock: FilesMock) -> None:
    """Its text, and the object that a format makes of it, with tools beside."""
    mock.stub_response('{"n": 42}')
    whole = client.responses.create(model="m", input="?", stream=False)
    assert '{"n": 42}' == whole.output_text
    parsed = client.responses.parse(
        model="m",
        input="?",
        text_format=Number,
        extra_body={"stream": False},
        tools=[{**TOOL, "parameters": {**TOOL["parameters"], "additionalProperties": False},
                "strict": True}],  # type: ignore[dict-item, list-item]
    )  # fmt: skip
    assert Number(n=42) == parsed.output_parsed


def test_the_sdk_reads_a_stream(client: openai.OpenAI, mock: FilesMock) -> None:
    """Event by event, and with the helper that collects them."""
    mock.stub_response('{"n": 42}')
    events = list(client.responses.create(model="m", input="?", stream=True))
    assert '{"n": 42}' == "".join(getattr(event, "delta", "") for event in events)
    with client.responses.stream(model="m", input="?", text_format=Number) as stream:
        assert Number(n=42) == stream.get_final_response().output_parsed


def test_events_of_a_stub_are_named_as_the_profile_does(mock: FilesMock, profile: str) -> None:
    """At OpenAI by their type, or not at all; `[DONE]` ends the chunks of a chat."""
    mock.stub("POST", "/responses", events=[{"type": "a.b"}, {"type": "a\nb"}, 1, "[DONE]"])
    named = {
        "eugpt": 'event: message\ndata: {"type":"a.b"}\n\nevent: message\n'
        'data: {"type":"a\\nb"}\n\nevent: message\ndata: 1\n\nevent: message\ndata: [DONE]\n\n',
        "openai": 'event: a.b\ndata: {"type":"a.b"}\n\ndata: {"type":"a\\nb"}\n\n'
        "data: 1\n\ndata: [DONE]\n\n",
    }
    assert named[profile] == ask(mock).text


def test_openai_agents_reads_both(like_openai: FilesMock) -> None:
    """The package `openai-agents`, with a tool, and an object as its answer."""
    agents = pytest.importorskip("agents", reason="openai-agents isn't installed")
    agents.set_tracing_disabled(True)
    like_openai.stub_response('{"n": 42}')

    async def run() -> list[Any]:
        async with openai.AsyncOpenAI(
            api_key=like_openai.api_key, base_url=like_openai.base_url
        ) as client:
            model = agents.OpenAIResponsesModel(model="m", openai_client=client)
            tool = agents.function_tool(lambda number: number, name_override="f")
            agent = agents.Agent(name="a", model=model, tools=[tool], output_type=Number)
            whole = await agents.Runner.run(agent, "?")
            streamed = agents.Runner.run_streamed(agent, "?")
            async for _ in streamed.stream_events():
                pass
            return [whole.final_output, streamed.final_output]

    assert [Number(n=42)] * 2 == asyncio.run(run())


NODE = """
import OpenAI from "openai";
const client = new OpenAI();
const whole = await client.responses.create({ model: "m", input: "?", stream: false });
let said = "";
for await (const event of await client.responses.create({ model: "m", input: "?", stream: true }))
  if (event.type === "response.output_text.delta") said += event.delta;
const helped = await client.responses.stream({ model: "m", input: "?" }).finalResponse();
console.log([whole.output_text, said, helped.output_text].join());
"""
AI = """
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey } = process.env;
const model = createOpenAI({ baseURL, apiKey })("m");
const streamed = await streamText({ model, prompt: "?", maxRetries: 0 }).text;
let whole = streamed;
if (process.env.PROFILE === "openai")
  whole = (await generateText({ model, prompt: "?", maxRetries: 0 })).text;
console.log([whole, streamed, whole].join());
"""


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="without npm")
@pytest.mark.parametrize(
    ("packages", "program"),
    [(["openai@6"], NODE), (["openai@7"], NODE), (["ai", "@ai-sdk/openai", "zod"], AI)],
    ids=["openai@6", "openai@7", "@ai-sdk/openai"],
)
def test_npm_clients_read_both(tmp_path: Path, packages: list[str], program: str) -> None:
    """Of both profiles; `@ai-sdk/openai` can't ask EU GPT for one document: it says no `stream`."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    (tmp_path / "program.mjs").write_text(program)
    installed = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    if installed.returncode and "network" in installed.stderr.lower():
        pytest.skip("npm can't install")
    assert 0 == installed.returncode, installed.stderr
    for profile in PROFILES:
        with FilesMock(profile=profile).serve() as mock:
            mock.stub_response("Forty-two.")
            words = {"OPENAI_API_KEY": mock.api_key, "OPENAI_BASE_URL": mock.base_url}
            done = subprocess.run(
                ["node", "program.mjs"],
                cwd=tmp_path,
                env={**os.environ, **words, "PROFILE": profile},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        assert ["Forty-two."] * 3 == done.stdout.strip().split(","), done.stderr
