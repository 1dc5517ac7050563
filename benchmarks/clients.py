"""Through httpx and requests: the mock against the dumbest stub that its user could write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from io import BytesIO
from typing import Any

import httpx
import requests
import responses
import respx
import urllib3
from requests.adapters import HTTPAdapter

from eugpt_files_mock import FilesMock

from .measure import Measured, Scene, ratio, seconds_per_call
from .table import Row

BASE_URL = "https://chat.eugpt.ai/v1"
FILE_ID = "123e4567-e89b-12d3-a456-426614174000"
CONTENT = b"x" * 1024

_KEY = {"Authorization": "Bearer eugpt_benchmark"}
_FILE = {
    "id": FILE_ID,
    "object": "file",
    "bytes": 1024,
    "created_at": 1716387200,
    "filename": "document.pdf",
    "purpose": "assistants",
    "status": "processed",
}
_STATIC: dict[str, tuple[str, str, Any]] = {
    "upload": ("POST", "/files", _FILE),
    "retrieve": ("GET", f"/files/{FILE_ID}", _FILE),
    "list": ("GET", "/files", {"object": "list", "data": [_FILE]}),
    "ask": ("POST", "/responses", {"object": "response", "output_text": "Forty-two."}),
}
"""Three of the five calls and a route that is stubbed, and what the stubs answer."""

_LABELS = {
    "upload": "upload 1 KB",
    "retrieve": "retrieve",
    "list": "list",
    "ask": "a stubbed route, JSON with a file id",
}


def rows() -> list[Row]:
    """Both clients against a stub; and against nothing, which shows what no mock can go below."""
    found = []
    for library, stub, most in (
        ("httpx", "respx", {"upload": 1.05, "retrieve": 0.85, "list": 0.95, "ask": 0.95}),
        ("requests", "responses", {"upload": 1.2, "retrieve": 1.05, "list": 1.1, "ask": 1.1}),
    ):
        for operation, label in _LABELS.items():
            what = f"{label}, {library}"
            found += [
                Row(
                    what=what,
                    against=f"one static stub in {stub}",
                    measure=partial(_against_stub, library, operation),
                    at_most=most[operation],
                ),
                Row(
                    what=f"the stub in {stub}: {label}",
                    against=f"{library} alone, its answer ready",
                    measure=partial(_stub_against_nothing, library, operation),
                ),
                Row(
                    what=what,
                    against=f"{library} alone, its answer ready",
                    measure=partial(_against_nothing, library, operation),
                ),
            ]
    return [*found, _ADAPTER]


def _against_stub(library: str, operation: str, rounds: int) -> Measured:
    return _compared(_ours(library, operation), _STUBS[library](operation), rounds)


def _against_nothing(library: str, operation: str, rounds: int) -> Measured:
    return _compared(_ours(library, operation), _ALONE[library](operation), rounds)


def _stub_against_nothing(library: str, operation: str, rounds: int) -> Measured:
    return _compared(_STUBS[library](operation), _ALONE[library](operation), rounds)


def _compared(ours: Scene, theirs: Scene, rounds: int) -> Measured:
    return ratio(
        seconds_per_call(ours, calls=50), seconds_per_call(theirs, calls=50), rounds=rounds
    )


_CLIENTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "httpx": httpx.Client,
    "requests": requests.Session,
}


def _sender(client: Any, operation: str) -> Callable[[], object]:
    """One request; both libraries take the same words."""
    method, path, _ = _STATIC[operation]
    words: dict[str, Any] = {"headers": _KEY}
    if operation == "upload":
        words |= {"files": {"file": ("document.pdf", CONTENT)}, "data": {"purpose": "assistants"}}
    if operation == "ask":
        words |= {"json": {"input": [{"type": "input_file", "file_id": FILE_ID}]}}
    return lambda: client.request(method, BASE_URL + path, **words).json()["object"]


def _ours(library: str, operation: str) -> Scene:
    @contextmanager
    def scene() -> Iterator[Callable[[], object]]:
        with FilesMock() as mock, _CLIENTS[library]() as client:
            mock.add_file("document.pdf", CONTENT, id=FILE_ID)
            mock.stub(*_STATIC["ask"][:2], json=_STATIC["ask"][2])
            yield _sender(client, operation)

    return scene


def _respx_stub(operation: str) -> Scene:
    method, path, answer = _STATIC[operation]

    @contextmanager
    def scene() -> Iterator[Callable[[], object]]:
        with respx.mock() as router, httpx.Client() as client:
            router.request(method, BASE_URL + path).mock(httpx.Response(200, json=answer))
            yield _sender(client, operation)

    return scene


def _responses_stub(operation: str) -> Scene:
    method, path, answer = _STATIC[operation]

    @contextmanager
    def scene() -> Iterator[Callable[[], object]]:
        with responses.RequestsMock() as mock, requests.Session() as client:
            mock.add(method, BASE_URL + path, json=answer)
            yield _sender(client, operation)

    return scene


def _httpx_alone(operation: str) -> Scene:
    answer = _STATIC[operation][2]

    @contextmanager
    def scene() -> Iterator[Callable[[], object]]:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
        with httpx.Client(transport=transport) as client:
            yield _sender(client, operation)

    return scene


def _requests_alone(operation: str) -> Scene:
    return partial(_requests_with, _ReadyAdapter, operation)


@contextmanager
def _requests_with(kind: type[_ReadyAdapter], operation: str) -> Iterator[Callable[[], object]]:
    answer = httpx.Response(200, json=_STATIC[operation][2])
    with requests.Session() as client:
        client.mount("https://", kind(answer.content, dict(answer.headers)))
        yield _sender(client, operation)


class _ReadyAdapter(HTTPAdapter):
    """requests' own adapter over a connection whose answer is ready."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        super().__init__()
        self._body = body
        self._headers = headers

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        return self

    def urlopen(self, **_: Any) -> urllib3.HTTPResponse:
        return urllib3.HTTPResponse(
            BytesIO(self._body), headers=self._headers, status=200, preload_content=False
        )


class _HastyAdapter(_ReadyAdapter):
    """As responses does: what requests' own adapter would do is left out."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        return self.build_response(request, self.urlopen())


def _adapter(rounds: int) -> Measured:
    return _compared(
        partial(_requests_with, _ReadyAdapter, "retrieve"),
        partial(_requests_with, _HastyAdapter, "retrieve"),
        rounds,
    )


_ADAPTER = Row(
    what="requests alone, its answer ready: retrieve",
    against="the same without what requests' own adapter does, which the stub skips",
    measure=_adapter,
)

_STUBS = {"httpx": _respx_stub, "requests": _responses_stub}
_ALONE = {"httpx": _httpx_alone, "requests": _requests_alone}
