"""What the sweeps of these tests run: small programs, as people write them, right and wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import httpx
import openai

from eugpt_files_mock import FilesMock

PURPOSE = {"purpose": "assistants"}


class Refused(Exception):
    """The service refused, or could not be reached; trying again may help."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
        self.may_pass = status is None or status == 429 or status >= 500


def client(**words: Any) -> httpx.Client:
    """A client of the address that the environment names."""
    return httpx.Client(
        base_url=os.environ["EUGPT_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
        timeout=5,
        **words,
    )


def sdk(**words: Any) -> openai.OpenAI:
    """The SDK, with its retries."""
    return openai.OpenAI(
        api_key=os.environ["EUGPT_API_KEY"], base_url=os.environ["EUGPT_BASE_URL"], **words
    )


def checked(send: Callable[[], httpx.Response]) -> Any:
    """The JSON of an answer; all that can go wrong becomes `Refused`."""
    try:
        return send().raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Refused(error) from error


def upload(http: httpx.Client, filename: str = "report.pdf", content: bytes = b"%PDF") -> str:
    """The id of the new file."""
    files = {"file": (filename, content)}
    return str(checked(lambda: http.post("/files", files=files, data=PURPOSE))["id"])


def delete(http: httpx.Client, file_id: str) -> None:
    checked(lambda: http.delete(f"/files/{file_id}"))


def archive() -> None:
    """Right: one upload, and whatever goes wrong is an error of its own."""
    with client() as http:
        upload(http)


def archive_and_look() -> list[str]:
    """Right: after an error that may pass it looks into the list before it uploads again."""
    with client() as http:
        for _ in range(4):
            try:
                upload(http)
            except Refused as error:
                if not error.may_pass:
                    raise
                time.sleep(1)
            names = [file["filename"] for file in checked(lambda: http.get("/files"))["data"]]
            if "report.pdf" in names:
                return names
        raise Refused(TimeoutError("not after four attempts"))


def upload_and_delete() -> None:
    """Right: the file goes whatever happens in between."""
    with client() as http:
        file_id = upload(http)
        try:
            checked(lambda: http.get(f"/files/{file_id}"))
        finally:
            delete(http, file_id)


def ask_by_sdk() -> str:
    """Wrong in the two ways of every user of the SDK: its retries repeat what was done."""
    with sdk() as one:
        return _asked(one, one)


def ask_by_sdk_once() -> str:
    """The cure: nothing that makes something is sent again."""
    with sdk() as one:
        return _asked(one, one.with_options(max_retries=0))


def _asked(one: openai.OpenAI, making: openai.OpenAI) -> str:
    file = making.files.create(file=("report.pdf", b"%PDF"), purpose="assistants")
    try:
        part: Any = {"type": "input_file", "file_id": file.id}
        said = making.responses.create(
            model="auto", stream=False, input=[{"role": "user", "content": [part]}]
        )
        return said.output_text
    finally:
        one.files.delete(file.id)


def swept(mock: FilesMock, program: Callable[[], object], **words: Any) -> Any:
    """The sweep of a program, whatever it finds."""
    sweep = mock.sweep(**words)
    try:
        for case in sweep:
            with case:
                case.result = program()
    except AssertionError:
        # The errors of a sweep itself come out of the loop before there is any cell.
        if len(sweep.cases) <= 2:
            raise
    return sweep


def outcomes(sweep: Any) -> dict[str, str]:
    """The outcome of each cell by its name."""
    return {f"{case.call}/{case.failure}": case.outcome for case in sweep.cases if case.failure}


def wrong(sweep: Any) -> dict[str, list[str]]:
    """The reasons of each cell that is WRONG."""
    return {
        f"{case.call}/{case.failure}": [why.partition(":")[0] for why in case.why]
        for case in sweep.cases
        if case.outcome == "WRONG"
    }
