"""`for file in client.files.list()` ends: however many files there are, and whatever happens."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from .conftest import WAYS, entered

LIMIT = 3
COUNTS = (0, 1, LIMIT, LIMIT + 1, 2 * LIMIT)


@pytest.mark.parametrize("deleting", [False, True], ids=["keeping", "deleting"])
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("way", WAYS)
def test_the_loop_sees_each_file_once(way: str, count: int, deleting: bool) -> None:
    """The SDK asks for what follows the last id, also when that file was deleted meanwhile."""
    for words in ({}, {"limit": LIMIT}, {"limit": LIMIT, "order": "asc"}):
        with entered(way) as mock:
            names = [mock.add_file(f"{number}.txt").filename for number in range(count)]
            client = openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url)
            seen = []
            for file in client.files.list(**words):
                seen.append(file.filename)
                if deleting:
                    client.files.delete(file.id)
            assert (names if "order" in words else names[::-1]) == seen
            assert (0 if deleting else count) == len(mock.files)
            client.close()


@pytest.mark.parametrize("count", COUNTS)
def test_the_async_loop_sees_each_file_once(count: int) -> None:
    """`AsyncOpenAI` pages by other code of the SDK, which must end too."""

    async def names_of(mock: Any) -> list[str]:
        async with openai.AsyncOpenAI(api_key=mock.api_key, base_url=mock.base_url) as client:
            return [file.filename async for file in client.files.list(limit=LIMIT)]

    with entered("in process") as mock:
        names = [mock.add_file(f"{number}.txt").filename for number in range(count)]
        assert names[::-1] == asyncio.run(names_of(mock))


def test_the_sdk_reads_answers_with_members_that_it_does_not_know() -> None:
    """The service's versioning policy announces that there will be some."""
    with entered("in process", unknown_fields=True) as mock:
        client = openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url)
        file = client.files.create(file=("a.txt", b"a"), purpose="assistants")
        assert [file.id] == [one.id for one in client.files.list(limit=1)]


def test_wait_for_processing_returns_when_the_file_is_processed_or_failed() -> None:
    """A failed file must end the wait too, as the SDK asks again and again until then."""
    from eugpt_files_mock import after_polls, fails

    for processing, status in ((after_polls(3), "processed"), (fails("empty"), "error")):
        with entered("in process", processing=processing) as mock:
            client = openai.OpenAI(api_key=mock.api_key, base_url=mock.base_url)
            file = client.files.create(file=("a.txt", b"a"), purpose="assistants")
            assert "uploaded" == file.status
            done = client.files.wait_for_processing(file.id, poll_interval=0)
            assert status == done.status
