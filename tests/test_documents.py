"""`fake_file` and `fake_files`: files with invented names and documents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath

import httpx
import pytest

from eugpt_files_mock import File, FilesMock, OptionError
from eugpt_files_mock.documents import SUFFIXES
from eugpt_files_mock.seeding import FakeFiles
from eugpt_files_mock.state.randomness import Randomness

from .documents.readers import READERS


def suffixes_of(files: list[File]) -> list[str]:
    return [PurePath(file.filename).suffix for file in files]


def fake_files(files: list[File]) -> list[tuple[str, bytes, str]]:
    """What a seed makes repeat."""
    return [(file.filename, file.content, file.id) for file in files]


def test_a_fake_file_is_a_pdf_that_is_stored_and_opens(mock: FilesMock) -> None:
    """That is the default; a strict PDF reader must find a text in it."""
    file = mock.fake_file()
    assert file is mock.files[file.id]
    assert file.filename.endswith(".pdf")
    assert file.bytes == len(file.content)
    assert READERS[".pdf"](file.content)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_fake_file_has_the_suffix_and_opens(mock: FilesMock, suffix: str) -> None:
    """Code under test may parse what it downloads, so a real reader must accept each kind."""
    file = mock.fake_file(suffix)
    assert [suffix] == suffixes_of([file])
    assert READERS[suffix](file.content)


def test_a_fake_file_is_downloaded_as_any_other(mock: FilesMock) -> None:
    """What a test reads in `File.content` is what a client gets."""
    file = mock.fake_file(".png")
    answer = httpx.get(
        f"{mock.base_url}/files/{file.id}/content",
        headers={"Authorization": f"Bearer {mock.api_key}"},
    )
    assert file.content == answer.content


def test_the_words_of_add_file_are_kept() -> None:
    """Upper and lower case of a suffix count as the same: `mine.CSV` is a `.csv`."""
    mock = FilesMock(api_keys={"key": "alice", "other": "bob"})
    file = mock.fake_file(
        ".csv",
        size=4321,
        filename="mine.CSV",
        purpose="batch",
        id="an-id",
        created_at=123,
        status="error",
        user="bob",
    )
    assert ("mine.CSV", 4321, "batch", "an-id", 123, "error", "bob") == (
        file.filename,
        file.bytes,
        file.purpose,
        file.id,
        file.created_at,
        file.status,
        file.user,
    )


def test_several_files_share_the_words_that_can_be_shared() -> None:
    """Without `id` and `filename`, which belong to one file."""
    mock = FilesMock(api_keys={"key": "alice", "other": "bob"})
    files = mock.fake_files(
        3, ".txt", size=99, purpose="batch", created_at=123, status="uploaded", user="bob"
    )
    assert [("batch", 99, 123, "uploaded", "bob")] * 3 == [
        (file.purpose, file.bytes, file.created_at, file.status, file.user) for file in files
    ]


def test_fake_files_are_as_many_as_asked_for_and_stored_in_order(mock: FilesMock) -> None:
    """The returned list is in the order of `FilesMock.files`, oldest first."""
    files = mock.fake_files(25)
    assert 25 == len(files)
    assert files == list(mock.files)


def test_no_fake_files_are_none(mock: FilesMock) -> None:
    """A count that is computed may be 0, so it isn't a mistake."""
    assert [] == mock.fake_files(0)


def test_fake_files_are_a_mix_of_all_suffixes(mock: FilesMock) -> None:
    """Each comes twice before the first comes for a third time."""
    counts = Counter(suffixes_of(mock.fake_files(2 * len(SUFFIXES) + 1)))
    assert set(SUFFIXES) == set(counts)
    assert {2, 3} == set(counts.values())


def test_fake_files_take_the_suffixes_in_turn(mock: FilesMock) -> None:
    """Not by chance: a test can know which file has which suffix."""
    files = mock.fake_files(5, [".pdf", ".csv"])
    assert [".pdf", ".csv", ".pdf", ".csv", ".pdf"] == suffixes_of(files)


def test_a_seed_repeats_names_documents_and_ids() -> None:
    """With another seed, no document is the same."""
    first, second, other = (FilesMock(seed=seed).fake_files(20) for seed in (7, 7, 8))
    assert fake_files(first) == fake_files(second)
    assert not {file.content for file in first} & {file.content for file in other}


def test_without_a_seed_nothing_repeats() -> None:
    """Two mocks in one process don't invent the same document either."""
    assert FilesMock().fake_file().content != FilesMock().fake_file().content


def test_reset_begins_anew() -> None:
    """With a seed; the names that were taken are free again."""
    mock = FilesMock(seed=7)
    before = fake_files(mock.fake_files(20))
    mock.reset()
    assert before == fake_files(mock.fake_files(20))


def test_other_files_do_not_change_what_is_invented() -> None:
    """Ids of files are drawn from another stream of chance than documents."""
    mock, other = FilesMock(seed=7), FilesMock(seed=7)
    other.add_file("first.txt")
    assert mock.fake_file().content == other.fake_file().content


def test_requests_between_do_not_change_what_is_invented() -> None:
    """Request ids have a stream of their own, so one more call changes no document."""
    quiet, busy = FilesMock(seed=7), FilesMock(seed=7)
    with busy:
        httpx.get(f"{busy.base_url}/files")
    assert fake_files([quiet.fake_file()]) == fake_files([busy.fake_file()])


PRINT_DIGEST = """
from hashlib import sha256
from eugpt_files_mock import FilesMock
files = FilesMock(seed="seven").fake_files(20) + FilesMock(seed=7).fake_files(10, size=20_000)
print(sha256(repr([(file.filename, file.content) for file in files]).encode()).hexdigest())
"""


def test_a_seed_repeats_in_another_process_on_another_day_in_another_zone() -> None:
    """Neither the date, the time zone nor `PYTHONHASHSEED` may change a byte."""
    digests = {
        run(PRINT_DIGEST, PYTHONHASHSEED=hash_seed, TZ=zone)
        for hash_seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("4321", "America/Lima"))
    }
    later = run(f"import time\ntime.time = lambda: 4e9\n{PRINT_DIGEST}")
    assert {later} == digests


def run(script: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_faker_is_imported_only_when_something_is_invented() -> None:
    """The import takes about 90 ms, which tests without invented documents need not pay."""
    script = """
import sys
import conftest_plugin
import eugpt_files_mock
mock = eugpt_files_mock.FilesMock(seed=7)
mock.add_file("a.pdf")
print("faker" in sys.modules)
mock.fake_file()
print("faker" in sys.modules)
"""
    assert ["False", "True"] == run(script).split()


def test_the_command_serves_as_many_as_asked_for_and_repeats_with_the_seed() -> None:
    """They are those of `FilesMock(seed=7).fake_files(25)`, with the same ids."""
    command = [sys.executable, "-m", "eugpt_files_mock", "serve", "--port=0"]
    with subprocess.Popen(
        [*command, "--fake=25", "--seed=7"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            base_url = process.stdout.readline().removeprefix("Listening on ").strip()
            answer = httpx.get(
                f"{base_url}/files?order=asc", headers={"Authorization": "Bearer eugpt_any"}
            )
        finally:
            process.terminate()
    assert [(file.id, file.filename, file.bytes) for file in FilesMock(seed=7).fake_files(25)] == [
        (file["id"], file["filename"], file["bytes"]) for file in answer.json()["data"]
    ]


@pytest.mark.parametrize("number", ["-1", "many"])
def test_the_command_refuses_a_senseless_number_in_one_line(number: str) -> None:
    """No traceback, no server: exit status 2, and the number in the message."""
    ended = subprocess.run(
        [sys.executable, "-m", "eugpt_files_mock", "serve", "--port=0", f"--fake={number}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,  # seconds: a server that should not have started would never end
    )
    assert (2, 1, "") == (ended.returncode, ended.stderr.count("\n"), ended.stdout)
    assert number in ended.stderr


def test_an_invented_name_comes_once_even_when_chance_repeats_itself() -> None:
    """The second time it gets `-2`, and the third time `-3`."""
    mock, randomness = FilesMock(), Randomness(seed=7)
    invented = FakeFiles(randomness, mock.add_file)
    names = []
    for _ in range(3):
        randomness.restart()
        names.append(invented.file(".pdf", None, {}).filename)
    stem = names[0].removesuffix(".pdf")
    assert [f"{stem}.pdf", f"{stem}-2.pdf", f"{stem}-3.pdf"] == names


def test_a_name_that_is_asked_for_may_come_twice(mock: FilesMock) -> None:
    """Only invented names are kept apart: a test may want two files of one name."""
    names = [mock.fake_file(filename="same.pdf").filename for _ in range(2)]
    assert ["same.pdf", "same.pdf"] == names


def test_threads_invent_together_what_one_would_have_invented() -> None:
    """Two documents at the same time must not mix what they draw from the one stream."""
    alone = FilesMock(seed=7).fake_files(200, ".txt")
    together = FilesMock(seed=7)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: together.fake_file(".txt"), range(200)))
    assert {(file.filename, file.content) for file in alone} == {
        (file.filename, file.content) for file in made
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"suffix": "pdf"}, "Unknown suffix 'pdf'. Did you mean '.pdf'? Valid: .pdf, .docx,"),
        ({"suffix": None}, "Unknown suffix None."),
        ({"suffix": []}, r"Unknown suffix \[\]."),
        ({"suffix": "docx", "filename": "a.pdf"}, "Unknown suffix 'docx'."),
        ({"size": 10}, "size 10: a .pdf can have"),
        ({"size": -1}, "size -1: a .pdf can have"),
        (
            {"purpos": "batch"},
            "Unknown argument of fake_file 'purpos'. Did you mean 'purpose'?",
        ),
        ({"filename": "a.txt"}, "filename must end in '.pdf', got 'a.txt'."),
        ({"filename": ""}, "filename must end in '.pdf', got ''."),
        ({"filename": 5}, "filename must end in '.pdf', got 5."),
        ({"status": "proces"}, "Unknown status 'proces'. Did you mean 'processed'?"),
        ({"user": "carol"}, "Unknown user 'carol'."),
    ],
)
def test_a_fake_file_without_sense_is_refused_and_not_stored(
    mock: FilesMock, words: dict[str, object], said: str
) -> None:
    """The message begins with what is wrong, and has the nearest or the valid words."""
    with pytest.raises(OptionError, match=f"^{said.replace('?', '[?]')}"):
        mock.fake_file(**words)
    assert 0 == len(mock.files)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"count": -1}, "count must be an integer of 0 or more, got -1."),
        ({"count": True}, "count must be an integer of 0 or more, got True."),
        ({"count": "3"}, "count must be an integer of 0 or more, got '3'."),
        ({"count": 3, "suffixes": []}, "suffixes must be one or more"),
        ({"count": 3, "suffixes": {".pdf"}}, "suffixes must be one or more"),
        ({"count": 3, "suffixes": [".pdf", ".cvs"]}, "Unknown suffix '.cvs'. Did you mean '.csv'?"),
        ({"count": 3, "suffixes": [".txt", ".pdf"], "size": 5}, "size 5: a .pdf can have"),
        ({"count": 3, "id": "one"}, "Unknown argument of fake_files 'id'."),
        ({"count": 3, "filename": "one.pdf"}, "Unknown argument of fake_files 'filename'."),
        (
            {"count": 0, "purpos": "batch"},
            "Unknown argument of fake_files 'purpos'. Did you mean 'purpose'?",
        ),
    ],
)
def test_fake_files_without_sense_are_refused_and_none_is_stored(
    mock: FilesMock, words: dict[str, object], said: str
) -> None:
    """All is checked before the first one: a wrong last suffix leaves no files behind."""
    with pytest.raises(OptionError, match=f"^{said.replace('?', '[?]')}"):
        mock.fake_files(**words)
    assert 0 == len(mock.files)


def test_a_refusal_does_not_change_what_is_invented_next() -> None:
    """A refused call draws nothing from the seeded stream."""
    mock = FilesMock(seed=7)
    with pytest.raises(OptionError):
        mock.fake_file(".pdf", size=1)
    assert fake_files(FilesMock(seed=7).fake_files(1, ".pdf")) == fake_files([mock.fake_file()])


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.JSONL", "application/jsonl"),
        ("a.gif", "image/gif"),
        ("docx", "application/octet-stream"),
    ],
)
def test_a_content_type_is_that_of_the_suffix(
    mock: FilesMock, filename: str, content_type: str
) -> None:
    """In capital letters too; a name without a suffix is `application/octet-stream`."""
    assert content_type == mock.add_file(filename).content_type
