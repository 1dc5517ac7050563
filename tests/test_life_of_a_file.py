"""The main job: the same scenarios, with every client, in process and on a port."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from eugpt_files_mock import FilesMock

from .clients import IN_PROCESS, ON_A_PORT, REAL_FILES, Client, connected
from .conftest import entered

PLACES = [("in process", kind) for kind in IN_PROCESS] + [("on a port", kind) for kind in ON_A_PORT]
IDS = [f"{way}-{kind.name}" for way, kind in PLACES]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def life_of_a_file(mock: FilesMock, client: Client) -> None:
    """Upload, list, retrieve, download, delete, and it is gone."""
    content = REAL_FILES[0].read_bytes()
    uploaded = client.upload("clients.py", content)
    assert uploaded.status == 200
    file = uploaded.json
    assert list(file) == ["id", "object", "bytes", "created_at", "filename", "purpose", "status"]
    assert uploaded.body == client.retrieve(file["id"]).body
    listed = client.list()
    assert {"object": "list", "data": [file]} == listed.json
    assert list(listed.json) == ["object", "data"]
    assert content == client.download(file["id"]).body
    assert {"id": file["id"], "object": "file", "deleted": True} == client.delete(file["id"]).json
    gone = [client.retrieve(file["id"]), client.download(file["id"]), client.delete(file["id"])]
    assert [answer.status for answer in gone] == [404, 404, 404]
    assert client.list().json == {"object": "list", "data": []}


def bytes_of_every_value(mock: FilesMock, client: Client) -> None:
    """Any content comes back as it went."""
    for content in (b"", PNG, b"\r\n--boundary--\r\n", bytes(3_000_000)):
        file = client.upload("any.bin", content).json
        assert len(content) == file["bytes"]
        assert content == client.download(file["id"]).body


def names_as_sent(mock: FilesMock, client: Client) -> None:
    """A filename is kept, whatever is in it."""
    for name in (
        "two words.txt",
        "naïve-日本語-😀.txt",
        'quo"te.txt',
        "a/b/../c.txt",
        "semi;colon.txt",
    ):
        assert name == client.upload(name, b"x").json["filename"]


def the_journal_names_what_came(mock: FilesMock, client: Client) -> None:
    """Each call is kept, parsed, with its client, and without the key."""
    file = client.upload("report.pdf", b"%PDF", purpose="batch")
    client.download(file.json["id"])
    upload, download = mock.calls
    assert (
        upload.operation,
        upload.method,
        upload.path,
        upload.status,
    ) == ("upload", "POST", "/v1/files", 200)
    assert (upload.filename, upload.purpose, upload.bytes) == ("report.pdf", "batch", 4)
    assert hashlib.sha256(b"%PDF").hexdigest() == upload.sha256
    assert file.request_id == upload.request_id
    assert file.json["id"] == upload.file_id == download.file_id
    assert download.filename == "report.pdf"
    assert mock.api_key not in repr(mock.calls[:])
    mock.assert_uploaded("report.pdf", purpose="batch", content=b"%PDF")


def a_wrong_key_is_refused(mock: FilesMock, client: Client) -> None:
    """Authentication comes first."""
    with connected(type(client), mock.base_url, "sk-of-another-service") as stranger:
        refused = stranger.retrieve("no-such-file")
    assert refused.status == 401
    assert refused.json["error"]["code"] == "invalid_api_key"
    assert refused.json["detail"] == refused.json["error"]["message"]


SCENARIOS: list[Callable[[FilesMock, Client], None]] = [
    life_of_a_file,
    bytes_of_every_value,
    names_as_sent,
    the_journal_names_what_came,
    a_wrong_key_is_refused,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize(("way", "kind"), PLACES, ids=IDS)
def test_scenario(
    way: str, kind: type[Client], scenario: Callable[[FilesMock, Client], None]
) -> None:
    """With every client; the journal names its library, and `wsgi` where it came over a port."""
    with entered(way) as mock, connected(kind, mock.base_url, mock.api_key) as client:
        scenario(mock, client)
        library = kind.library if way == "in process" else "port"
        assert {library} == {call.client for call in mock.calls}
