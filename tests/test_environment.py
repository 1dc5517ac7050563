"""The option `environ`: variables that point to the mock while it is active."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from eugpt_files_mock import FilesMock, OptionError

NAMES = ("EUGPT_API_KEY", "EUGPT_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL")


@pytest.fixture(autouse=True)
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """Two variables are set, two are not; after each test they are as they were."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EUGPT_BASE_URL", "mine")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    values = current()
    yield values
    assert values == current()


def current() -> list[str | None]:
    return [os.environ.get(name) for name in NAMES]


def pointing(mock: FilesMock, names: tuple[str, ...] = NAMES) -> bool:
    """Whether these variables point to this mock."""
    values = {"KEY": mock.api_key, "URL": mock.base_url}
    return all(os.environ.get(name) == values[name.rpartition("_")[2]] for name in names)


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ("eugpt", NAMES[:2]),
        (["openai"], NAMES[2:]),
        (("openai", "eugpt", "eugpt"), NAMES),
        ((), ()),
    ],
)
def test_the_variables_point_to_the_mock_while_it_is_active(
    environ: str, names: tuple[str, ...], before: list[str | None]
) -> None:
    """Only those that are named; all are as before when it is left, on a port too."""
    mock = FilesMock(environ=environ)
    assert before == current()
    for way in (mock, mock.serve()):
        with way:
            assert pointing(mock, names)
            untouched = [i for i, name in enumerate(NAMES) if name not in names]
            assert [before[i] for i in untouched] == [current()[i] for i in untouched]
        assert before == current()


def test_the_variables_follow_the_base_url() -> None:
    """To the port, while there is one beside the interception."""
    with FilesMock(environ="eugpt") as mock:
        with mock.serve():
            assert os.environ["EUGPT_BASE_URL"].startswith("http://127.0.0.1:")
            assert pointing(mock, NAMES[:2])
        assert "https://chat.eugpt.ai/v1" == os.environ["EUGPT_BASE_URL"]


@pytest.mark.parametrize("first_out", [0, 1, 2])
def test_mocks_left_crosswise_restore_what_was_there(first_out: int) -> None:
    """Whichever of three is stopped first, the newest that is left is pointed to."""
    urls = [f"https://{name}.example/v1" for name in "abc"]
    mocks = [FilesMock(environ=("eugpt", "openai"), base_url=url).start() for url in urls]
    mocks.pop(first_out).stop()
    assert pointing(mocks[-1])
    mocks.pop(0).stop()
    assert pointing(mocks[0])
    mocks[0].stop()


def test_what_others_set_meanwhile_is_left_alone() -> None:
    """Only a variable that still has the mock's value is taken back."""
    with pytest.MonkeyPatch.context() as patch:
        mock = FilesMock(environ="eugpt").start()
        patch.setenv("EUGPT_API_KEY", "theirs")
        mock.stop()
        assert "theirs" == os.environ["EUGPT_API_KEY"]
        assert "mine" == os.environ["EUGPT_BASE_URL"]
        patch.delenv("EUGPT_API_KEY")
        patch.undo()
    del os.environ["EUGPT_API_KEY"]  # the mock's: monkeypatch found it there, and put it back


def test_what_was_undone_meanwhile_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set before the mock, and taken back before it is left, stays away."""
    patch = pytest.MonkeyPatch()
    patch.setenv("EUGPT_API_KEY", "theirs")
    mock = FilesMock(environ="eugpt").start()
    patch.undo()
    mock.stop()
    assert "EUGPT_API_KEY" not in os.environ


def test_an_unknown_name_is_refused() -> None:
    """A misspelt name would set nothing, and the code would go on with its real key."""
    with pytest.raises(OptionError, match=r"Unknown environ 'eugtp'. Did you mean 'eugpt'"):
        FilesMock(environ="eugtp")
