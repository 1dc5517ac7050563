"""Requests made by hand, for tests that speak to the service without a client."""

from __future__ import annotations

import json
from typing import Any

from eugpt_files_mock import FilesMock
from eugpt_files_mock.model.headers import Headers
from eugpt_files_mock.model.messages import Reply, Request
from eugpt_files_mock.service.handle import handle

KEY = "eugpt_wire"
BOUNDARY = "xxBOUNDARYxx"


def part(name: str, content: bytes, *parameters: str, kind: str | None = None) -> bytes:
    """One part of a form; `parameters` go into its Content-Disposition as they are."""
    disposition = "; ".join(("form-data", f'name="{name}"', *parameters))
    head = f"Content-Disposition: {disposition}\r\n"
    if kind is not None:
        head += f"Content-Type: {kind}\r\n"
    return f"--{BOUNDARY}\r\n{head}\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def file_part(content: bytes = b"abc", filename: str = "a.txt") -> bytes:
    return part("file", content, f'filename="{filename}"', kind="text/plain")


def purpose_part(value: bytes = b"assistants") -> bytes:
    return part("purpose", value)


def send(
    mock: FilesMock,
    method: str,
    resource: str | None,
    *,
    query: str = "",
    body: bytes = b"",
    key: str | None = KEY,
    **headers: str,
) -> Reply:
    """The reply of the service to one request; header names with underscores."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if key is not None:
        fields.append(("Authorization", f"Bearer {key}"))
    request = Request(
        method=method,
        path=f"/v1{resource}",
        resource=resource,
        query=query,
        headers=Headers(fields),
        body=body,
        client="wsgi",
    )
    outcome = handle(mock._service, request)
    assert isinstance(outcome, Reply)
    return outcome


def upload(mock: FilesMock, *parts: bytes, **words: Any) -> Reply:
    """An upload of a form with these parts; by default a good one."""
    body = words.pop("body", form(*(parts or (file_part(), purpose_part()))))
    kind = words.pop("content_type", f"multipart/form-data; boundary={BOUNDARY}")
    return send(mock, "POST", "/files", body=body, content_type=kind, **words)


def json_of(reply: Reply) -> Any:
    return json.loads(reply.body)


def code_of(reply: Reply) -> str:
    """The code of a refusal, after a look at its envelope."""
    body = json_of(reply)
    assert ["detail", "error"] == list(body)
    assert ["type", "code", "message"] == list(body["error"])
    assert body["detail"] == body["error"]["message"]
    return str(body["error"]["code"])


def header(reply: Reply, name: str) -> str | None:
    return dict(reply.headers).get(name)
