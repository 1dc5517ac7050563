"""What a row of the table is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from eugpt_files_mock import FilesMock

__all__ = ["InUse", "Tool", "nothing_more"]


def nothing_more(mock: FilesMock) -> None:
    """That our call is answered is all that there is to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A tool that is switched on.

    Attributes:
        get: sends a GET with a key of ours, through the tool, and gives the body.
        reaches_others: whether it can let a request for another host out.
        check: checks what the row claims, after one such call for `/files`.
    """

    get: Callable[[str], str]
    check: Callable[[FilesMock], None] = nothing_more
    reaches_others: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A row.

    Attributes:
        name: as the page shows it.
        client: what sends, a name of `clients.GET`.
        needs: the module that must be there.
        on: switches it on, and off.
        shows: what is checked beside the answers, for the page.
        line: what must be said to it, for the page; the row says it.
        own_process: it can't be switched off, or changes the process.
        is_nested: if it was started before a mock, it must be left after it.
    """

    name: str
    client: str
    needs: str
    on: Callable[[], AbstractContextManager[InUse]]
    shows: str
    line: str = ""
    own_process: bool = False
    is_nested: bool = False
