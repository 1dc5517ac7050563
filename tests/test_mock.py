"""FilesMock as an object: what can be set on it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from eugpt_files_mock import ExpectationNotMet, FilesMock, OptionError, active_mocks, faults
from eugpt_files_mock.options import OPTIONS

from .conftest import WAYS


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_cannot_be_changed_afterwards(name: str) -> None:
    """Nor in a subclass."""
    for kind in (FilesMock, type("Mine", (FilesMock,), {})):
        with pytest.raises(OptionError, match=f"{name} can't be changed") as caught:
            setattr(kind(), name, "immediate")
        assert isinstance(caught.value, AttributeError)


def test_a_file_has_its_members_in_the_order_of_the_page() -> None:
    """That is how it is printed; the content isn't."""
    file = FilesMock().add_file("a.pdf", status="error", status_details="no text")
    assert "status='error', status_details='no text', content_type='application/pdf'" in repr(file)


def test_a_misspelt_attribute_is_refused() -> None:
    """Python would accept it, and it would have no effect."""
    mock: Any = FilesMock()
    with pytest.raises(AttributeError, match="Did you mean 'processing'"):
        mock.procesing = "immediate"
    with pytest.raises(AttributeError, match="A FilesMock has no attribute 'zzz'"):
        mock.zzz = 1


def test_methods_can_be_replaced_and_subclasses_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As spies and test cases do."""

    class Mine(FilesMock):
        def __init__(self) -> None:
            super().__init__()
            self.extra = 1

    mock: Any = Mine()
    monkeypatch.setattr(mock, "reset", lambda: 7)
    monkeypatch.setattr(FilesMock, "check", lambda self: 8)

    assert (1, 7, 8) == (mock.extra, mock.reset(), mock.check())


def test_active_mocks_are_those_that_intercept_or_are_served() -> None:
    """Oldest first; a mock that was left is not among them."""
    first, second = FilesMock(), FilesMock()
    with first, second.serve():
        assert [first, second] == active_mocks()[-2:]
    assert not {first, second} & {*active_mocks()}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("way", WAYS)
async def test_async_with_is_the_same(way: str, anyio_backend: str) -> None:
    """Under asyncio and trio; it runs the exit checks too."""
    mock = FilesMock()
    async with mock if way == "in process" else mock.serve() as entered:
        assert entered is mock
        assert mock in active_mocks()
        async with httpx.AsyncClient() as client:
            assert 401 == (await client.get(mock.base_url + "/files")).status_code
    assert mock not in active_mocks()

    with pytest.raises(ExpectationNotMet):
        async with FilesMock() as mock:
            mock.inject(faults.timeout())
