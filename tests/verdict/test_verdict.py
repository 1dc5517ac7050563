"""Each finding, by a program that deserves it and by its mended twin, over three clients."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from eugpt_files_mock import FilesMock, Finding, Verdict, after_polls, fails, faults
from eugpt_files_mock.verdict.verdict import RULES

from ..clients import Client, Httpx, connected
from ..conftest import WAYS, entered, wait_until
from .programs import CLIENTS, KEY, PAIRS, Pair, Program

LEVELS = {rule.kind: rule.level for rule in RULES}


def judged(pair: Pair, program: Program, kind: type[Client], way: str) -> Verdict:
    """The verdict on the program."""
    with entered(way, **pair.options) as mock:
        pair.arm(mock)
        with connected(kind, mock.base_url, KEY) as client:
            program(client)
        return mock.verdict()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"processing": fails("not a document")}, "failed_file_used"),
        ({"processing": after_polls(2)}, "unprocessed_file_used"),
        ({}, None),
    ],
)
def test_to_ask_a_stub_about_a_file_is_to_use_it(
    options: dict[str, Any], kind: str | None, way: str
) -> None:
    """The body names it, as the Responses API has it."""
    with entered(way, **options) as mock, connected(Httpx, mock.base_url, KEY) as client:
        mock.stub("POST", "/responses", json={})
        file_id = client.upload("a.pdf", b"%PDF").json["id"]
        client.retrieve(file_id)
        content = [{"type": "input_file", "file_id": file_id}]
        client.send("POST", "/responses", json={"input": [{"role": "user", "content": content}]})
        client.delete(file_id)
        found = [finding.kind for finding in mock.verdict().findings]
    assert ([] if kind is None else [kind]) == found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_program_that_deserves_it_is_found_and_its_mended_twin_is_not(
    pair: Pair, kind: type[Client], way: str
) -> None:
    """Over every client, in process and on a port."""
    guilty: dict[str, Finding] = {}
    for _ in range(3):  # on a busy machine, a retry at once may come late
        if pair.kind not in guilty:
            found = judged(pair, pair.deserves, kind, way).findings
            guilty = {finding.kind: finding for finding in found}
    assert LEVELS[pair.kind] == guilty[pair.kind].level
    assert guilty[pair.kind].calls
    mended = {finding.kind for finding in judged(pair, pair.mended, kind, way).findings}
    assert pair.kind not in mended
    assert "error" not in {LEVELS[found] for found in mended}


@pytest.mark.parametrize("goes_first", ["the client", "the mock"])
def test_a_client_that_still_waits_has_not_given_up(goes_first: str) -> None:
    """On a port the mock sees that its client is there; once that has gone, it has given up. Nor
    has one that waits when the mock is left, which ends its connection.
    """
    with socket.socket() as client, FilesMock(assert_all_faults_fired=False).serve() as mock:
        mock.inject(faults.timeout(), on="list")
        client.connect(("127.0.0.1", int(mock.base_url.split(":")[2].partition("/")[0])))
        client.sendall(
            b"GET /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Authorization: Bearer %s\r\n\r\n" % mock.api_key.encode()
        )
        mock.wait_for("list")
        journal, request_id = mock._service.journal, mock.calls.last.request_id
        wait_until(lambda: request_id in journal.waiting())
        assert "gave_up" not in [finding.kind for finding in mock.verdict().findings]
        if goes_first == "the client":
            client.close()
            wait_until(lambda: request_id in journal.gone())
    has_given_up = "gave_up" in [finding.kind for finding in mock.verdict().findings]
    assert has_given_up == (goes_first == "the client")
