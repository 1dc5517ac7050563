"""How an answer is delivered: what is done, and how long a client waits for it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from eugpt_files_mock.model.messages import WHOLE, Delivery

NUMBERS = [field.name for field in fields(Delivery)]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("size", [0, 1, 3, 100_000])
def test_the_times_are_those_of_the_steps(name: str, size: int) -> None:
    """The verdict and the timeouts are told by them; a new field is tried by itself."""
    delivery = replace(Delivery(piece=50_000 if size > 3 else 2, pause=0.5), **{name: 1})
    waits = [step for step in delivery.steps(b"head", b"x" * size) if isinstance(step, float)]
    if delivery.cut_after is None:
        assert sum(waits) == delivery.seconds(size)
        assert max(waits, default=0.0) == delivery.longest_silence(size)
    # Of a body that is cut, the rest is missing, and so are its pauses.
    assert sum(waits) <= delivery.seconds(size)


def test_a_whole_answer_is_sent_at_once() -> None:
    """A small one with its head; a large one isn't copied."""
    body = b"x" * 100_000
    assert [b"head" + b"body"] == list(WHOLE.steps(b"head", b"body"))
    assert [b"head", memoryview(body)] == list(WHOLE.steps(b"head", body))
    assert 0 == WHOLE.seconds(10) == WHOLE.longest_silence(10)
