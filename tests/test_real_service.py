"""The same scenario against the real service, for whoever has a key.

    EUGPT_API_KEY=eugpt_… python -m pytest tests/test_real_service.py

It uploads one small file, and deletes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .clients import Client, Httpx, connected

pytestmark = pytest.mark.skipif(
    not os.environ.get("EUGPT_API_KEY"), reason="EUGPT_API_KEY is not set: no real service to ask"
)


@pytest.fixture
def client() -> Iterator[Client]:
    base_url = os.environ.get("EUGPT_BASE_URL", "https://chat.eugpt.ai/v1")
    with connected(Httpx, base_url, os.environ["EUGPT_API_KEY"], 60.0) as client:
        yield client


def test_the_documented_life_of_a_file_is_as_the_mock_has_it(client: Client) -> None:
    uploaded = client.upload("eugpt-files-mock.txt", b"a test, deleted at once")
    assert 200 == uploaded.status
    file = uploaded.json
    try:
        members = ["id", "object", "bytes", "created_at", "filename", "purpose", "status"]
        assert members == list(file)[:7]
        assert (23, "eugpt-files-mock.txt") == (file["bytes"], file["filename"])
        assert file["id"] in [one["id"] for one in client.list().json["data"]]
        assert file["id"] == client.retrieve(file["id"]).json["id"]
        assert b"a test, deleted at once" == client.download(file["id"]).body
    finally:
        deleted = client.delete(file["id"])
    assert {"id": file["id"], "object": "file", "deleted": True} == deleted.json
    gone = client.retrieve(file["id"])
    assert 404 == gone.status
    assert "detail" in gone.json


def test_a_wrong_key_is_refused(client: Client) -> None:
    with connected(Httpx, client.base_url, "eugpt_wrong", 60.0) as stranger:
        assert 401 == stranger.list().status
