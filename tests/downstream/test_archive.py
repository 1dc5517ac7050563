"""The tests of that project."""

import archive
import pytest
import requests

import eugpt_files_mock
from eugpt_files_mock import FilesMock, faults


def test_the_wheel_is_what_is_tested():
    """The sources would also have a file that the wheel lacks."""
    assert "site-packages" in eugpt_files_mock.__file__


def test_a_report_is_archived(eugpt_files):
    """Uploaded by the `openai` SDK and downloaded by `requests`, from one mock."""
    file_id = archive.archive("a.pdf", b"%PDF")
    assert archive.download(file_id) == b"%PDF"
    eugpt_files.assert_uploaded("a.pdf", purpose="assistants", content=b"%PDF")


def test_the_same_on_a_server(eugpt_files_server):
    """The code under test is unchanged: it finds the address in the environment."""
    file_id = archive.archive("a.pdf", b"%PDF")
    assert archive.download(file_id) == b"%PDF"
    assert [call.client for call in eugpt_files_server.calls] == ["port", "port"]


@pytest.mark.parametrize("turn", range(5))
def test_each_test_finds_it_empty(eugpt_files, turn):
    """Also in random order, and in several processes."""
    assert archive.names() == []
    archive.archive(f"{turn}.txt", b"")
    assert archive.names() == [f"{turn}.txt"]


def test_a_busy_service_is_tried_again(eugpt_files):
    """The SDK does that by itself."""
    eugpt_files.inject(faults.rate_limited(), on="upload", times=2)
    archive.archive("a.pdf", b"%PDF")
    assert [call.status for call in eugpt_files.calls] == [429, 429, 200]


def test_a_lost_answer_leaves_a_duplicate(eugpt_files):
    """The SDK can't know that the file was stored, and uploads it again."""
    eugpt_files.inject(faults.connection_reset(), on="upload", phase="after")
    archive.archive("a.pdf", b"%PDF")
    assert archive.names() == ["a.pdf", "a.pdf"]


@pytest.mark.eugpt_files(api_keys={"eugpt_a": "alice", "eugpt_b": "bob"})
def test_another_users_file_is_not_found(eugpt_files):
    """The answer is the same as for a file that isn't there."""
    file = eugpt_files.add_file("bobs.txt", b"x", user="bob")
    with pytest.raises(requests.HTTPError, match="404"):
        archive.download(file.id)


def test_invented_files_need_no_more_than_the_wheel(eugpt_files):
    """Faker is installed with it, and no other library writes the documents."""
    for suffix in (".pdf", ".docx", ".xlsx", ".png", ".csv"):
        eugpt_files.fake_file(suffix)
    assert len(archive.names()) == 5


def test_it_can_be_entered_by_hand():
    """Without the fixture; a request without a key is refused there too."""
    with FilesMock() as mock:
        assert requests.get(f"{mock.base_url}/files", timeout=5).status_code == 401


def test_the_page_and_control_of_a_server_are_in_the_wheel(eugpt_files_server):
    """The page's files aren't Python modules, so a build may leave them out."""
    admin = eugpt_files_server.base_url.replace("/v1", "/__admin")
    assert "<!doctype html>" in requests.get(f"{admin}/", timeout=5).text.lower()
    assert requests.get(f"{admin}/health", timeout=5).json()["status"] == "ok"
