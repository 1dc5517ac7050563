"""What grows: nothing should, with the number of files or of calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from eugpt_files_mock import FilesMock

from .measure import Measured, ratio, seconds
from .table import Row


def rows() -> list[Row]:
    """A page, and an upload."""
    return [
        Row(
            what="a page of 100 among 100,000 files",
            against="among 100",
            measure=_pages,
            at_most=1.3,
        ),
        Row(
            what="an upload after 20,000 uploads",
            against="the first",
            measure=_uploads,
            at_most=1.1,
        ),
    ]


def _pages(rounds: int) -> Measured:
    many, few = (
        FilesMock(base_url="https://many.test/v1"),
        FilesMock(base_url="https://few.test/v1"),
    )
    for mock, count in ((many, 100_000), (few, 100)):
        for number in range(count):
            mock.add_file(f"{number}.txt")
    with many, few, httpx.Client() as client:
        return ratio(
            lambda: seconds(_page(client, many), calls=10),
            lambda: seconds(_page(client, few), calls=10),
            rounds=rounds,
        )


def _page(client: httpx.Client, mock: FilesMock) -> Callable[[], object]:
    headers = {"Authorization": f"Bearer {mock.api_key}"}

    def get() -> None:
        answer = client.get(f"{mock.base_url}/files", params={"limit": 100}, headers=headers)
        assert len(answer.json()["data"]) == 100

    return get


def _uploads(rounds: int) -> Measured:
    """One mock, emptied and filled in turn, so that the first uploads find a small heap."""
    with FilesMock() as mock, httpx.Client() as client:
        upload = _upload(client, mock)

        def first() -> float:
            mock.reset()
            upload()
            return seconds(upload, calls=50)

        def later() -> float:
            while len(mock.files) < 20_000:
                upload()
            return seconds(upload, calls=50)

        return ratio(later, first, rounds=max(2, rounds // 5))


def _upload(client: httpx.Client, mock: FilesMock) -> Callable[[], object]:
    words: dict[str, Any] = {
        "headers": {"Authorization": f"Bearer {mock.api_key}"},
        "files": {"file": ("document.pdf", b"x" * 1024)},
        "data": {"purpose": "assistants"},
    }
    return lambda: client.post(f"{mock.base_url}/files", **words)
