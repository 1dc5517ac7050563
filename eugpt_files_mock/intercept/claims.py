"""Whose a request is: by its URL, or because the client that sends it asked for one of ours.

A transport of the user's may rewrite the URL on the way, as one that pins a host's address does.
What the client asked for is remembered until the answer is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..errors import hide_from_traceback
from ..model.base_urls import origin
from . import registry
from .registry import Resolved

__tracebackhide__ = hide_from_traceback

_claim: ContextVar[Resolved | None] = ContextVar("eugpt_files_mock_claim", default=None)


def resolve_url(url: Any) -> Resolved | None:
    """Who owns a URL of httpx's or httpx2's."""
    return registry.find(origin(url.scheme, url.host, url.port), url.path)


def resolve_request(url: Any) -> Resolved | None:
    """Who answers a request that is about to leave.

    A transport that goes by one of our URLs rewrites nothing: what else it asks for is as it says.
    """
    found = resolve_url(url)
    if found is None:
        return _claim.get()
    _claim.set(None)
    return found


def is_made() -> bool:
    """Whether a client call of ours is under way here."""
    return _claim.get() is not None


class OriginalUrlTransport:
    """A user's transport whose requests are for this mock; None: not for the one around it."""

    def __init__(self, found: Resolved | None, transport: Any) -> None:
        self._found = found
        self._transport = transport

    def handle_request(self, request: Any) -> Any:  # noqa: D102 - httpx's
        with self._claimed():
            return self._transport.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:  # noqa: D102 - httpx's
        with self._claimed():
            return await self._transport.handle_async_request(request)

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        token = _claim.set(self._found)
        try:
            yield
        finally:
            _claim.reset(token)
