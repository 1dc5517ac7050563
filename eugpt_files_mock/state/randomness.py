"""Ids and chance: what would differ from run to run, given in so that it can repeat."""

from __future__ import annotations

import random


class Randomness:
    """Ids, chances and invented documents; with a seed they repeat.

    Each kind draws from a stream of its own, so that one more request doesn't change the ids of the
    files.
    """

    def __init__(self, seed: int | str | None) -> None:
        self._seed = seed
        self.restart()

    def restart(self) -> None:
        """Begin every stream anew."""
        self._files = self._stream("files")
        self._requests = self._stream("requests")
        self.rng = self._stream("chance")
        self.documents = self._stream("documents")

    def _stream(self, name: str) -> random.Random:
        return random.Random(None if self._seed is None else f"{self._seed}/{name}")  # noqa: S311 - no secrets

    def file_id(self) -> str:
        """A bare lower-case UUID, as the documentation shows; of version 4 (RFC 9562, 5.4)."""
        bits = self._files.getrandbits
        return (
            f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-{bits(14) | 0x8000:04x}-{bits(48):012x}"
        )

    def request_id(self) -> str:
        """What `X-Request-Id` carries (guess: the shape is OpenAI's)."""
        return f"req_{self._requests.getrandbits(128):032x}"
