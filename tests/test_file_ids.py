"""Wherever the id of a file is asked for, a `File` will do, and what can't be an id is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from eugpt_files_mock import File, FilesMock, OptionError, faults

USES: dict[str, Callable[[FilesMock, Any], object]] = {
    "in files": lambda mock, file: file in mock.files,
    "files[…]": lambda mock, file: mock.files[file],
    "files.get": lambda mock, file: mock.files.get(file),
    "set_status": lambda mock, file: mock.set_status(file, "error"),
    "inject": lambda mock, file: mock.inject(faults.not_found(), "delete", file_id=file),
    "assert_deleted": lambda mock, file: mock.assert_deleted(file),
    "assert_downloaded": lambda mock, file: mock.assert_downloaded(file),
    "assert_called": lambda mock, file: mock.assert_called("delete", file_id=file),
    "wait_for": lambda mock, file: mock.wait_for("delete", file_id=file),
}


def asked(mock: FilesMock, file: File) -> None:
    """Two requests about it."""
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    url = f"{mock.base_url}/files/{file.id}"
    httpx.get(f"{url}/content", headers=headers)
    httpx.delete(url, headers=headers)


@pytest.mark.parametrize("use", USES)
def test_a_file_stands_for_its_id(use: str) -> None:
    """Each of them takes either."""
    with FilesMock(assert_all_faults_fired=False) as mock:
        file, other = mock.add_file("a.txt"), mock.add_file("b.txt")
        asked(mock, other)
        about = other if use.startswith(("assert", "wait")) else file
        for one in (about, about.id):
            assert USES[use](mock, one) is not False


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("wrong", [0, "a.txt", b"a.txt", ["a.txt"], 1.5])
def test_what_cannot_be_an_id_is_refused(use: str, wrong: Any) -> None:
    """A position, a filename: `in` would be False without a word, an assertion never true."""
    with FilesMock(assert_all_faults_fired=False) as mock:
        mock.add_file("a.txt")
        with pytest.raises(OptionError, match=r"named\('a\.(txt|pdf)'\)"):
            USES[use](mock, wrong)


@pytest.mark.parametrize("use", ["assert_deleted", "assert_downloaded", "assert_called"])
def test_the_filename_of_a_deleted_file_is_refused_too(use: str) -> None:
    """The file isn't stored any more, but the calls were about it."""
    with FilesMock() as mock:
        asked(mock, mock.add_file("a.txt"))
        with pytest.raises(OptionError, match=r"Did you mean mock\.files\.named\('a\.txt'\)"):
            USES[use](mock, "a.txt")


def test_an_id_may_be_the_filename_of_another_file() -> None:
    """What is an id is one."""
    mock = FilesMock()
    mock.add_file("a.txt", id="b.txt")
    mock.add_file("b.txt", id="c")
    assert "b.txt" in mock.files
    assert "a.txt" == mock.files["b.txt"].filename
    assert mock.files.get("nowhere") is None


def test_who_uploaded_it_can_be_asked_without_a_name() -> None:
    """Each argument of `assert_uploaded` may be left out."""
    with FilesMock(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"}) as mock:
        form: Any = {"files": {"file": ("a.txt", b"x")}, "data": {"purpose": "batch"}}
        headers = {"Authorization": "Bearer eugpt_b"}
        with pytest.raises(AssertionError, match="Expected an upload, but no such file was stored"):
            mock.assert_uploaded()
        httpx.post(f"{mock.base_url}/files", headers=headers, **form)

        mock.assert_uploaded()
        mock.assert_uploaded(user="bob")
        mock.assert_uploaded(content=b"x", purpose="batch")
        with pytest.raises(AssertionError, match="user: expected 'alice', came 'bob'"):
            mock.assert_uploaded("a.txt", user="alice")
        with pytest.raises(OptionError, match=r"Unknown user 'bobby'\. Did you mean 'bob'"):
            mock.assert_uploaded(user="bobby")


@pytest.mark.parametrize("keys", [None, {"eugpt_a": "alice"}])
@pytest.mark.parametrize("key", [None, "test-key", "sk-other", "eugpt_a", "eugpt_b"])
def test_where_keys_do_not_matter_any_will_do(keys: Any, key: str | None) -> None:
    """`require_auth=False`: without one, or with any; a known key still has its user."""
    with FilesMock(require_auth=False, api_keys=keys) as mock:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        assert 200 == httpx.get(f"{mock.base_url}/files", headers=headers).status_code
        assert (None if keys is None else "alice") == mock.calls.last.user


def test_a_profile_may_be_a_dict() -> None:
    """As a profile file has it; what the author changes later changes nothing."""
    words: dict[str, Any] = {"profile": "openai", "values": {"upload.purposes": ["batch"]}}
    mock = FilesMock(profile=words)
    words["values"]["upload.purposes"].append("other")
    assert ["batch"] == mock._service.options.profile["upload.purposes"]
    assert "https://api.openai.com/v1" == mock.base_url


def test_a_notebook_shows_a_table() -> None:
    """Of many, the first and the last few; what a client has sent is text."""
    with FilesMock() as mock:
        for number in range(20):
            mock.add_file(f"<b>{number}</b>.txt")
        httpx.get(f"{mock.base_url}/files", headers={"Authorization": f"Bearer {mock.api_key}"})
        files, calls = mock.files._repr_html_(), mock.calls._repr_html_()

    assert "&lt;b&gt;0&lt;/b&gt;.txt" in files
    assert "&lt;b&gt;19&lt;/b&gt;.txt" in files
    assert "10 more" in files
    assert 12 == files.count("<tr>")
    assert "<td>/v1/files</td>" in calls
