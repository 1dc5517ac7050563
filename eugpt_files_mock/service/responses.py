"""`POST /responses` in the documented shape: a stream of events, or one document, with one text.

The events and their order are documented (D). The members of the document, and of the objects in
the events, are a guess after OpenAI's and what a public client reads (`docs/fidelity.md`).
"""

from collections.abc import Sequence
from typing import Any

from ..errors import OptionError, integer, quoted, string
from ..model.stubs import Answer, StubRequest
from .service import Service

MODEL = "gpt-oss-120b"
"""The documentation's own example of a model that answered (D)."""


class ResponseWriter:
    """The reply function of `FilesMock.stub_response`."""

    def __init__(
        self, service: Service, text: str, model: str, chunks: int | Sequence[str]
    ) -> None:
        self._service = service
        self._text = string("stub_response: text", text, may_be_empty=True)
        self._model = string("stub_response: model", model)
        self._pieces = _pieces(text, chunks)

    def __call__(self, request: StubRequest) -> Answer:
        """Streamed, unless the request says `"stream": false` (D)."""
        asked = request.json if isinstance(request.json, dict) else {}
        number = self._service.randomness.response_id()
        if asked.get("stream") is False:
            return Answer(json=self._document(number))
        events = enumerate(self._events(number))
        return Answer(events=[{**event, "sequence_number": at} for at, event in events])

    def _events(self, number: str) -> list[dict[str, Any]]:
        begun = self._response(number, "in_progress")
        place = {"item_id": f"msg_{number}", "output_index": 0, "content_index": 0}
        item = {**self._message(number), "status": "in_progress", "content": []}
        return [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.content_part.added", **place, "part": _part("")},
            *(
                {"type": "response.output_text.delta", **place, "delta": piece}
                for piece in self._pieces
            ),
            {"type": "response.output_text.done", **place, "text": self._text},
            {"type": "response.completed", "response": self._document(number)},
        ]

    def _document(self, number: str) -> dict[str, Any]:
        done = self._response(number, "completed")
        return {**done, "output": [self._message(number)], "output_text": self._text}

    def _response(self, number: str, status: str) -> dict[str, Any]:
        return {
            "id": f"resp_{number}",
            "object": "response",
            # In milliseconds (D), unlike that of a file.
            "created_at": int(self._service.options.clock() * 1000),
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": [],
        }

    def _message(self, number: str) -> dict[str, Any]:
        return {
            "id": f"msg_{number}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [_part(self._text)],
        }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _pieces(text: str, chunks: int | Sequence[str]) -> list[str]:
    if isinstance(chunks, Sequence) and not isinstance(chunks, (str, bytes)):
        if "".join(map(str, chunks)) != text:
            raise OptionError(
                f"stub_response: the chunks must make the text, got {quoted(chunks)}.", word=chunks
            )
        return list(chunks)
    wanted = integer("stub_response: chunks", chunks, least=1, instead=", or the pieces")
    # Rounded up, so that there are never more pieces than were asked for.
    size = max(1, -(-len(text) // wanted))
    return [text[start : start + size] for start in range(0, len(text), size)]
