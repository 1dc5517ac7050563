"""A truncated download: half a file never gets the name of a complete one.

The API documents no ranges, so the application downloads the file again from the start. It must
notice that the first download is incomplete, and discard it.
"""

import os
from pathlib import Path

import httpx
import pytest

from eugpt_files_mock import faults


def fetch(file_id: str, target: Path, attempts: int = 3) -> Path:
    """The application: download a file. `target` exists only if it is complete."""
    part = target.with_suffix(".part")
    with httpx.Client(
        base_url=os.environ["EUGPT_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"},
    ) as client:
        try:
            for attempt in range(1, attempts + 1):
                try:
                    _download(client, file_id, part)
                    return part.rename(target)
                except httpx.RemoteProtocolError:
                    if attempt == attempts:
                        raise
        finally:
            # Whatever went wrong: a refusal leaves no half file either.
            part.unlink(missing_ok=True)
    raise ValueError("attempts must be 1 or more")


def _download(client: httpx.Client, file_id: str, part: Path) -> None:
    with client.stream("GET", f"/files/{file_id}/content") as answer, part.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            file.write(piece)


# What is altered on its way can't be noticed: the API has no checksum.
@pytest.mark.eugpt_sweep(expect=httpx.HTTPError, allow=["download */broken"])
def test_every_failure_leaves_a_whole_file_or_none(eugpt_files, tmp_path):
    """The sweep repeats this test with each failure, and found that a 429 left half a file."""
    stored = eugpt_files.add_file("film.mp4", b"0123456789" * 1000)

    try:
        fetch(stored.id, tmp_path / "film.mp4")
    finally:
        assert {"film.mp4"} >= {path.name for path in tmp_path.iterdir()}

    assert (tmp_path / "film.mp4").read_bytes() == stored.content


def test_a_download_that_breaks_off_is_begun_again(eugpt_files, tmp_path):
    """The first 4096 bytes are discarded, and the second attempt is complete."""
    stored = eugpt_files.add_file("film.mp4", b"0123456789" * 1000)
    eugpt_files.inject(faults.truncated(after_bytes=4096), on="download", file_id=stored.id)

    fetched = fetch(stored.id, tmp_path / "film.mp4")

    assert fetched.read_bytes() == stored.content
    eugpt_files.assert_called("download", times=2)
    eugpt_files.assert_resilient(strict=True, allow=["no_backoff"])


def test_a_download_that_always_breaks_off_leaves_nothing_behind(eugpt_files, tmp_path):
    """After three attempts the error is raised; the `.part` file is deleted too."""
    stored = eugpt_files.add_file("film.mp4", b"0123456789" * 1000)
    eugpt_files.inject(faults.truncated(), on="download", times=None)

    with pytest.raises(httpx.RemoteProtocolError):
        fetch(stored.id, tmp_path / "film.mp4")

    assert list(tmp_path.iterdir()) == []
    eugpt_files.assert_resilient()
