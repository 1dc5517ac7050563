"""Through the `openai` SDK 2.x: the mock against openai-responses, which keeps state as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from eugpt_files_mock import FilesMock

from .clients import BASE_URL, CONTENT
from .measure import Measured, Scene, Unavailable, ratio, seconds_per_call
from .table import Row

_OPENAI_URL = "https://api.openai.com/v1"  # openai-responses answers for this one only


def rows() -> list[Row]:
    """The three calls."""
    return [
        Row(
            what=f"{operation}, `openai` 2.x",
            against="openai-responses",
            measure=partial(_against_openai_responses, operation),
            at_most=0.5,
        )
        for operation in _CALLS
    ]


def _against_openai_responses(operation: str, rounds: int) -> Measured:
    try:
        import openai
        import openai_responses
    except ImportError as error:
        raise Unavailable(
            f"{error.name} is missing: pip install -r benchmarks/requirements.txt"
        ) from error
    ours = _scene(openai, FilesMock, BASE_URL, operation)
    theirs = _scene(openai, lambda: openai_responses.OpenAIMock().router, _OPENAI_URL, operation)
    return ratio(
        seconds_per_call(ours, calls=20), seconds_per_call(theirs, calls=20), rounds=rounds
    )


def _scene(openai: Any, mock: Callable[[], Any], base_url: str, operation: str) -> Scene:
    @contextmanager
    def scene() -> Iterator[Callable[[], object]]:
        with mock(), openai.OpenAI(api_key="eugpt_benchmark", base_url=base_url) as client:
            stored = _upload(client, "")
            yield partial(_CALLS[operation], client, stored.id)

    return scene


def _upload(client: Any, _: str) -> Any:
    return client.files.create(file=("document.pdf", CONTENT), purpose="assistants")


_CALLS: dict[str, Callable[[Any, str], object]] = {
    "upload": _upload,
    "retrieve": lambda client, file_id: client.files.retrieve(file_id),
    "list": lambda client, _: client.files.list(),
}
