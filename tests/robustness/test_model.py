"""The mock against a model of it: a plain list of what must be there.

Hypothesis invents the story, three client libraries tell it to the mock, and after each sentence
the mock and the model must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from eugpt_files_mock import FilesMock, faults

from .effort import EFFORT, IS_NIGHTLY

KEYS = {"eugpt_of-alice": "alice", "eugpt_of-bob": "bob"}
MOST_BYTES, MOST_BYTES_IN_ALL = 60, 200
PURPOSES = ("assistants", "batch", "user_data")
OPERATIONS = ("upload", "list", "retrieve", "download", "delete")
BROKEN = (httpx.TransportError, httpx2.TransportError, requests.RequestException)

CLIENTS: dict[str, Callable[..., Any]] = {
    "httpx": httpx.Client(verify=False).request,
    "httpx2": httpx2.Client(verify=False).request,
    "requests": requests.Session().request,
}

clients = st.sampled_from(sorted(CLIENTS))
keys = st.sampled_from(sorted(KEYS))
purposes = st.sampled_from(PURPOSES)
positions = st.none() | st.integers(0, 12)
"""Which of the files, from the newest; None is one that never was."""

names = st.text("ab .\"';=/\n\u00e9\u6f22\U0001f600", min_size=1, max_size=12)
contents = st.integers(0, MOST_BYTES + 5).map(lambda size: bytes([size]) * size)
uploads = st.tuples(clients, keys, names, purposes, contents)
queries = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.integers(1, 3),
        "order": st.sampled_from(["asc", "desc"]),
        "purpose": purposes,
        "after": positions,
    },
)

pytestmark = pytest.mark.slow


@dataclass(kw_only=True)
class Expected:
    """A file that was uploaded; `gone` when it was deleted since."""

    id: str
    user: str
    filename: str
    purpose: str
    content: bytes
    created_at: int
    gone: bool = False

    @property
    def members(self) -> dict[str, object]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An armed fault, as the model knows it: no status when the connection breaks."""

    operation: str
    status: int | None
    after: bool


class Files(RuleBasedStateMachine):
    """The story; `self.files` is the model, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000
        self.mock = FilesMock(
            api_keys=KEYS,
            max_file_bytes=MOST_BYTES,
            max_total_bytes=MOST_BYTES_IN_ALL,
            clock=lambda: self.now,
            assert_all_faults_fired=False,
        ).start()
        self.files: list[Expected] = []
        self.troubles: list[Trouble] = []
        self.calls: list[str] = []

    def teardown(self) -> None:
        self.mock.stop()

    # -- what happens ---------------------------------------------------------------------------

    @initialize(first=st.lists(uploads, min_size=6, max_size=10))
    def some_are_there(self, first: list[tuple[str, str, str, str, bytes]]) -> None:
        for words in first:
            self._upload(*words)

    @rule(words=uploads)
    def upload(self, words: tuple[str, str, str, str, bytes]) -> None:
        self._upload(*words)

    def _upload(self, client: str, key: str, filename: str, purpose: str, content: bytes) -> None:
        form = {"files": {"file": (filename, content)}, "data": {"purpose": purpose}}
        status = self._upload_status(KEYS[key], len(content))
        done, answer = self._send("upload", client, key, "POST", "", status, **form)
        if done and status == 200:
            file_id = self.mock.calls.last.file_id
            assert file_id is not None
            self.files.append(
                Expected(
                    id=file_id,
                    user=KEYS[key],
                    filename=filename,
                    purpose=purpose,
                    content=content,
                    created_at=self.now,
                )
            )
            assert answer is None or answer.json() == self.files[-1].members

    @rule(client=clients, key=keys, position=positions)
    def retrieve(self, client: str, key: str, position: int | None) -> None:
        file = self._pick(position)
        status = self._status_for(key, file)
        _, answer = self._send("retrieve", client, key, "GET", f"/{_id(file)}", status)
        if answer is not None and file is not None and status == 200:
            assert answer.json() == file.members

    @rule(client=clients, key=keys, position=positions)
    def download(self, client: str, key: str, position: int | None) -> None:
        file = self._pick(position)
        status = self._status_for(key, file)
        _, answer = self._send("download", client, key, "GET", f"/{_id(file)}/content", status)
        if answer is not None and file is not None and status == 200:
            assert answer.content == file.content

    @rule(client=clients, key=keys, position=positions)
    def delete(self, client: str, key: str, position: int | None) -> None:
        file = self._pick(position)
        status = self._status_for(key, file)
        done, answer = self._send("delete", client, key, "DELETE", f"/{_id(file)}", status)
        if done and file is not None and status == 200:
            file.gone = True
            deleted = {"id": file.id, "object": "file", "deleted": True}
            assert answer is None or answer.json() == deleted

    @rule(client=clients, key=keys, query=queries)
    def page(self, client: str, key: str, query: dict[str, Any]) -> None:
        after = self._pick(query["after"]) if "after" in query else None
        known = "after" not in query or (after is not None and after.user == KEYS[key])
        sent = query | ({"after": _id(after)} if "after" in query else {})
        status = 200 if known else 400
        _, answer = self._send("list", client, key, "GET", "", status, params=sent)
        if answer is not None and known:
            page = [file.members for file in self._page(KEYS[key], query, after)]
            assert answer.json() == {"object": "list", "data": page}

    @precondition(lambda self: len(self.troubles) < 3)
    @rule(operation=st.sampled_from(OPERATIONS), status=st.sampled_from([None, 429, 503]))
    def arm_before(self, operation: str, status: int | None) -> None:
        self._arm(Trouble(operation=operation, status=status, after=False))

    @precondition(lambda self: len(self.troubles) < 3)
    @rule(operation=st.sampled_from(OPERATIONS), status=st.sampled_from([None, 500]))
    def arm_after(self, operation: str, status: int | None) -> None:
        self._arm(Trouble(operation=operation, status=status, after=True))

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: len(self.files) > 15)
    @rule()
    def reset(self) -> None:
        self.mock.reset()
        self.files, self.troubles, self.calls = [], [], []

    # -- what must hold -------------------------------------------------------------------------

    @invariant()
    def the_store_is_as_expected(self) -> None:
        expected = [file for file in self.files if not file.gone]
        assert [(file.id, file.content) for file in self.mock.files] == [
            (file.id, file.content) for file in expected
        ]
        assert [file.user for file in self.mock.files] == [file.user for file in expected]

    @invariant()
    def the_journal_is_complete(self) -> None:
        assert [call.operation for call in self.mock.calls] == self.calls

    @invariant()
    def what_is_armed_is_what_did_not_hit(self) -> None:
        assert len(self.mock.armed) == len(self.troubles)

    # -- how ------------------------------------------------------------------------------------

    def _send(
        self,
        operation: str,
        client: str,
        key: str,
        method: str,
        path: str,
        status: int,
        **words: Any,
    ) -> tuple[bool, Any]:
        """Whether the work was done, and the answer if it was one to the request itself."""
        self.calls.append(operation)
        trouble = next((one for one in self.troubles if one.operation == operation), None)
        url, headers = f"{self.mock.base_url}/files{path}", {"Authorization": f"Bearer {key}"}
        if trouble is None:
            answer = CLIENTS[client](method, url, headers=headers, **words)
            assert answer.status_code == status
            return True, answer
        self.troubles.remove(trouble)
        if trouble.status is None:
            with pytest.raises(BROKEN):
                CLIENTS[client](method, url, headers=headers, **words)
        else:
            answer = CLIENTS[client](method, url, headers=headers, **words)
            assert answer.status_code == trouble.status
        return trouble.after, None

    def _arm(self, trouble: Trouble) -> None:
        reset = faults.connection_reset()
        fault = reset if trouble.status is None else faults.http_error(trouble.status)
        self.mock.inject(fault, on=trouble.operation, phase="after" if trouble.after else "before")
        self.troubles.append(trouble)

    def _pick(self, position: int | None) -> Expected | None:
        if position is None or not self.files:
            return None
        return self.files[-1 - position % len(self.files)]

    def _status_for(self, key: str, file: Expected | None) -> int:
        there = file is not None and not file.gone and file.user == KEYS[key]
        return 200 if there else 404

    def _upload_status(self, user: str, size: int) -> int:
        if size > MOST_BYTES:
            return 413
        stored = sum(len(file.content) for file in self._of(user))
        return 200 if stored + size <= MOST_BYTES_IN_ALL else 403

    def _of(self, user: str) -> Iterator[Expected]:
        return (file for file in self.files if file.user == user and not file.gone)

    def _page(self, user: str, query: dict[str, Any], after: Expected | None) -> list[Expected]:
        files = self.files if query.get("order") == "asc" else self.files[::-1]
        start = 0 if after is None else files.index(after) + 1
        purpose = query.get("purpose")
        found = [
            file
            for file in files[start:]
            if file.user == user and not file.gone and purpose in (None, file.purpose)
        ]
        return found[: query.get("limit")]


def _id(file: Expected | None) -> str:
    return "123e4567-e89b-12d3-a456-426614174000" if file is None else file.id


TestFiles = Files.TestCase
TestFiles.settings = settings(
    max_examples=50 * EFFORT,
    stateful_step_count=40,
    derandomize=not IS_NIGHTLY,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
