"""The stored files: their order, their pages, and what is left of deleted ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from eugpt_files_mock.model.messages import File
from eugpt_files_mock.model.processing import IMMEDIATE, after_polls, after_seconds
from eugpt_files_mock.state import file_store
from eugpt_files_mock.state.file_store import Files, FileStore, Held

NEW_IDS = count(1000)


def new_id() -> str:
    """An id that no file has."""
    return str(next(NEW_IDS))


def file(file_id: str, **fields: Any) -> File:
    """A small file."""
    given: dict[str, Any] = {
        "filename": f"{file_id}.txt", "bytes": 3, "purpose": "assistants", "created_at": 100,
        "status": "processed", "content": b"abc", "content_type": "text/plain", "user": None,
    }  # fmt: skip
    return File(id=file_id, **given | fields)


@pytest.fixture
def store() -> FileStore:
    """A store with the files a, b, c, d, in this order."""
    store = FileStore(IMMEDIATE, lambda: 100.0, new_id)
    for number, name in enumerate("abcd"):
        store.add(file(name, created_at=100 + number))
    return store


def ids(store: FileStore, *, user: str | None = None, **words: Any) -> list[str]:
    """The ids of a page."""
    given: dict[str, Any] = {"purpose": None, "after": None, "limit": 10, "ascending": False}
    page = store.page(user, **given | words)
    assert page is not None
    return [file.id for file in page]


def test_a_list_is_newest_first(store: FileStore) -> None:
    """As compatible services answer."""
    assert ["d", "c", "b", "a"] == ids(store)
    assert ["a", "b", "c", "d"] == ids(store, ascending=True)


def test_no_way_leads_to_an_expired_file() -> None:
    """Whichever is the first that is asked."""
    ways: dict[str, Callable[[FileStore], Any]] = {
        "len": len,
        "in": lambda store: "a" in store,
        "all": FileStore.all,
        "newest": lambda store: store.newest(9),
        "get": lambda store: store.get("a"),
        "find": lambda store: store.find("a", None),
        "poll": lambda store: store.poll("a", None),
        "remove": lambda store: store.remove("a", None),
        "change": lambda store: store.change("a", None, status="error"),
        "page": ids,
    }
    found = {}
    for name, way in ways.items():
        store = FileStore(IMMEDIATE, lambda: 100, new_id)
        store.add(file("a", expires_at=100))
        found[name] = way(store)
    assert {} == {name: value for name, value in found.items() if value}


def test_a_changed_file_keeps_its_place_and_is_found_by_its_new_values() -> None:
    """A list by purpose has its own index, and an expiry that comes later counts too."""
    now = 50.0
    store = FileStore(IMMEDIATE, lambda: now, new_id)
    for name in ("a", "b", "c"):
        store.add(file(name, purpose="assistants"))
    assert store.change("b", "another", purpose="batch") is None
    assert store.change("b", None, purpose="batch", expires_at=100) == store.get("b")
    assert ["b"] == ids(store, purpose="batch")
    assert ["c", "a"] == ids(store, purpose="assistants")
    assert ["c", "b", "a"] == ids(store)
    now = 100.0
    assert ["c", "a"] == ids(store)
    assert store.change("b", None, purpose="assistants") is None


def test_a_changed_file_is_told_as_it_is_by_now() -> None:
    """Its processing may have ended since it was looked at."""
    now = 50.0
    store = FileStore(after_seconds(10), lambda: now, new_id)
    store.add(file("a", status="uploaded", created_at=50))
    now = 60.0
    changed = store.change("a", None, purpose="batch")
    assert changed is not None
    assert ("processed", "batch") == (changed.status, changed.purpose)


def test_files_of_one_second_keep_their_order_of_arrival() -> None:
    """`created_at` has whole seconds only."""
    store = FileStore(IMMEDIATE, lambda: 100.0, new_id)
    for name in ("x", "m", "a"):
        store.add(file(name))
    assert ["a", "m", "x"] == ids(store)


@pytest.mark.parametrize("ascending", [False, True])
def test_a_page_begins_beyond_the_file_after_and_not_with_it(
    store: FileStore, ascending: bool
) -> None:
    """Otherwise a client that pages would get it twice."""
    expected = ["c", "d"] if ascending else ["a"]
    assert expected == ids(store, after="b", ascending=ascending)


@pytest.mark.parametrize(("ascending", "expected"), [(False, ["a"]), (True, ["c", "d"])])
def test_a_page_goes_on_after_a_file_that_was_deleted_since(
    store: FileStore, ascending: bool, expected: list[str]
) -> None:
    """Code that deletes while it pages would stop otherwise."""
    store.remove("b", None)
    assert expected == ids(store, after="b", ascending=ascending)


def test_after_an_unknown_file_there_is_no_page(store: FileStore) -> None:
    """Nor after another user's."""
    store.add(file("theirs", user="bob"))
    for after in ("unknown", "theirs"):
        assert store.page(None, purpose=None, after=after, limit=10, ascending=False) is None


def test_deleted_files_are_remembered_up_to_a_bound(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mock that lives long must not grow without bound."""
    monkeypatch.setattr(file_store, "_TOMBSTONES_KEPT", 2)
    for name in "abc":
        store.remove(name, None)
    assert ["d"] == ids(store, after="b", ascending=True)
    assert store.page(None, purpose=None, after="a", limit=10, ascending=False) is None
    assert 3 == len(store._sort_keys)


def test_a_purpose_has_pages_of_its_own(store: FileStore) -> None:
    """They leave nothing out and add nothing."""
    store.add(file("e", purpose="batch", created_at=200))
    assert ["e"] == ids(store, purpose="batch")
    assert ["d", "c"] == ids(store, purpose="assistants", limit=2)


def test_what_would_exceed_a_quota_is_not_stored() -> None:
    """The quota is that of the file's owner."""
    store = FileStore(IMMEDIATE, lambda: 100.0, new_id)
    seen: list[Held] = []
    for name, user in (("a", None), ("other", "somebody else"), ("b", None)):
        store.add(file(name, user=user), admit=seen.append)
    assert [(0, 0), (0, 0), (1, 3)] == seen

    def admit(held: Held) -> None:
        raise RuntimeError(held)

    with pytest.raises(RuntimeError, match=r"files=2, bytes=6"):
        store.add(file("c"), admit=admit)
    assert ["a", "other", "b"] == [stored.id for stored in store.all()]


def test_an_id_that_is_taken_is_replaced() -> None:
    """With a seed the stream of ids may meet one that the test author gave."""
    store = FileStore(IMMEDIATE, lambda: 100.0, lambda: "fresh")
    assert ["a", "fresh"] == [store.add(file("a")).id for _ in range(2)]
    assert 2 == len(store)


def test_only_polls_of_a_waiting_file_move_it_on() -> None:
    """`find` does not count as a look at the status."""
    store = FileStore(after_polls(2), lambda: 100.0, new_id)
    store.add(file("a", status="uploaded"))

    def status(look: Callable[[str, str | None], File | None]) -> str | None:
        found = look("a", None)
        return found and found.status

    looks = (store.find, store.poll, store.find, store.poll)
    assert ["uploaded", "uploaded", "uploaded", "processed"] == [status(look) for look in looks]


def test_what_a_test_author_holds_is_a_live_view_that_cannot_change_anything(
    store: FileStore,
) -> None:
    """`mock.files` shows only what users may call."""
    files = Files(store)
    store.remove("a", None)
    assert (3, ["b", "c", "d"], True) == (len(files), [one.id for one in files], "b" in files)
    assert ["b"] == [one.id for one in files.named("b.txt")]
    assert (None, "c") == (files.get("a"), files["c"].id)
    with pytest.raises(KeyError, match="no file has the id 'a'"):
        files["a"]
    public = {name for name in dir(files) if not name.startswith("_")}
    assert {"get", "named"} == public
