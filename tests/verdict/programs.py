"""Programs that deserve a finding, each with its mended twin: over the five calls of any client."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import openai

from eugpt_files_mock import FilesMock, after_polls, fails, faults

from ..clients import Answer, Client, Httpx, OpenAI, Requests, _answer, _status_errors

KEY = "eugpt_the_key"


class Sdk(OpenAI):
    """The SDK with one client for all calls, so that calls follow one another at once."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self._client = openai.OpenAI(**self._words)

    def _call(self, name: str, *arguments: Any, **words: Any) -> Answer:
        with _status_errors() as answers:
            raw = getattr(self._client.files.with_raw_response, name)(*arguments, **words)
            answers.append(_answer(raw.http_response))
        return answers[0]

    def list(self, **parameters: Any) -> Answer:
        return self._call("list", extra_query=parameters)

    def close(self) -> None:
        self._client.close()


CLIENTS: list[type[Client]] = [Httpx, Requests, Sdk]

Program = Callable[[Client], object]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A program that deserves the finding, and one that doesn't."""

    kind: str
    deserves: Program
    mended: Program
    arm: Callable[[FilesMock], object] = lambda mock: None
    options: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind


def attempts(client: Client, waits: Iterator[float], call: str, *arguments: Any) -> Answer | None:
    """Try until it succeeds, or there are no more waits."""
    for wait in itertools.chain([0.0], waits):
        time.sleep(wait)
        with contextlib.suppress(Exception):
            answer: Answer = getattr(client, call)(*arguments)
            if answer.status == 200 and answer.json["id"]:
                return answer
    return None


def uploads(*waits: float) -> Program:
    """Upload, and try again after these waits."""
    return lambda client: attempts(client, iter(waits), "upload", "a.pdf", b"%PDF")


def downloads(times: int) -> Program:
    """Upload, and download so many times."""

    def program(client: Client) -> None:
        file_id = uploaded(client)
        for _ in range(times):
            with contextlib.suppress(Exception):
                client.download(file_id)

    return program


def uploaded(client: Client) -> str:
    file_id: str = client.upload("a.pdf", b"%PDF").json["id"]
    return file_id


def looks_first(client: Client) -> None:
    """Send the upload again only when the list doesn't have it."""
    stored = attempts(client, iter(()), "upload", "a.pdf", b"%PDF")
    if stored is None and not client.list().json["data"]:
        client.upload("a.pdf", b"%PDF")


def pages(*, until_nothing_new: bool) -> Program:
    def program(client: Client) -> None:
        seen: set[str] = set()
        page = client.list().json["data"]
        for _ in range(10):
            new = {file["id"] for file in page} - seen
            if not page or (until_nothing_new and not new):
                return
            seen |= new
            page = client.list(after=page[-1]["id"]).json["data"]

    return program


def uses(*, while_status: tuple[str, ...]) -> Program:
    """Upload, ask for the status, download while it is one of these; then delete."""

    def program(client: Client) -> None:
        file_id = uploaded(client)
        for _ in range(4):
            status = client.retrieve(file_id).json["status"]
            if status in while_status:
                client.download(file_id)
            if status == "error":
                break
        client.delete(file_id)

    return program


def leaves_and_deletes(client: Client) -> None:
    client.delete(uploaded(client))


def _fault(fault: Any, on: str, **words: Any) -> Callable[[FilesMock], object]:
    return lambda mock: mock.inject(fault, on=on, **words)


PAIRS = [
    Pair(
        kind="retry_after_ignored",
        arm=_fault(faults.http_error(429, headers={"Retry-After": "1"}), "upload"),
        deserves=uploads(0.2),
        mended=uploads(1.0),
    ),
    Pair(
        kind="retry_after_ignored",
        name="retry_after_ms_ignored",
        arm=_fault(faults.http_error(503, headers={"Retry-After-Ms": "300"}), "upload"),
        deserves=uploads(0.01),
        mended=uploads(0.3),
    ),
    *(
        Pair(
            kind="retried_non_retryable",
            name=f"retried_{status}",
            arm=_fault(faults.http_error(status), "upload"),
            deserves=uploads(0.2),
            mended=uploads(),
        )
        for status in (400, 401, 403, 404, 405, 413, 415, 422)
    ),
    Pair(
        kind="retry_storm",
        arm=_fault(faults.unavailable(), "upload", times=11),
        deserves=uploads(*[0.0] * 11),
        mended=uploads(0.0, 0.0),
    ),
    *(
        Pair(
            kind="duplicate_upload",
            name=f"duplicate_upload_after_{fault.name}",
            arm=_fault(fault, "upload", phase="after"),
            deserves=uploads(0.0),
            mended=looks_first,
        )
        for fault in (faults.connection_reset(), faults.truncated(), faults.malformed_json())
    ),
    Pair(
        kind="endless_paging",
        arm=lambda mock: mock.fake_files(3),
        options={"pagination": "ignored"},
        deserves=pages(until_nothing_new=False),
        mended=pages(until_nothing_new=True),
    ),
    Pair(
        kind="failed_file_used",
        options={"processing": fails("not a document")},
        deserves=uses(while_status=("processed", "error")),
        mended=uses(while_status=("processed",)),
    ),
    Pair(
        kind="unprocessed_file_used",
        options={"processing": after_polls(2)},
        deserves=uses(while_status=("uploaded", "processed")),
        mended=uses(while_status=("processed",)),
    ),
    Pair(
        kind="key_in_url",
        deserves=lambda client: client.list(api_key=KEY),
        mended=lambda client: client.list(page_token="next", purpose="assistants"),
    ),
    Pair(
        kind="key_in_url",
        name="key_in_any_parameter",
        deserves=lambda client: client.list(k=KEY),
        mended=lambda client: client.list(k="eugpt_report"),
    ),
    Pair(
        kind="key_in_url",
        name="key_in_path",
        deserves=lambda client: client.retrieve(KEY),
        mended=lambda client: client.retrieve("eugpt_report"),
    ),
    Pair(
        kind="no_backoff",
        name="tried_again_at_once",
        arm=_fault(faults.server_error(), "upload", times=2),
        deserves=uploads(0.0, 0.0),
        mended=uploads(0.12, 0.3),
    ),
    Pair(
        kind="no_backoff",
        name="tried_again_at_a_constant_interval",
        arm=_fault(faults.bad_gateway(), "upload", times=3),
        deserves=uploads(0.6, 0.6, 0.6),
        mended=uploads(0.1, 0.2, 0.4),
    ),
    *(
        Pair(
            kind="gave_up",
            name=f"gave_up_after_{fault.name}_{getattr(fault, 'status', '')}",
            arm=_fault(fault, "upload"),
            deserves=uploads(),
            mended=uploads(0.15),
        )
        for fault in (
            faults.rate_limited(),
            faults.server_error(),
            faults.http_error(408),
            faults.http_error(409),
            faults.empty_response(),
            faults.connection_reset(),
        )
    ),
    *(
        Pair(
            kind="broken_download_kept",
            name=f"broken_download_kept_{fault.name}",
            arm=_fault(fault, "download"),
            deserves=downloads(1),
            mended=downloads(2),
        )
        for fault in (faults.truncated(), faults.corrupted())
    ),
    Pair(kind="files_left", deserves=uploaded, mended=leaves_and_deletes),
]
