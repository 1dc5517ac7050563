"""One line for each request that was received, for people or for machines; never with a key."""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TextIO

from ..model.messages import Call, Record


class Log:
    """Writes to a stream, from whichever thread handles the request."""

    def __init__(self, line: Callable[[Call], str], stream: TextIO | None = None) -> None:
        self._line = line
        self._stream = sys.stderr if stream is None else stream

    def write(self, record: Record) -> None:
        """Write one line at once, in one piece, so that lines of two threads don't mix."""
        try:
            self._stream.write(self._line(record.call) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # Nobody reads it any more, as after `| head`; the client still wants its answer.
            return


def text_line(call: Call) -> str:
    """Time, status, method, path, file, fault, milliseconds."""
    time = _time(call).astimezone().strftime("%H:%M:%S")
    words = [time, str(call.status or "---"), f"{call.method or '?':<6}", _plain(call.path or "?")]
    words += [] if call.filename is None else [_quoted(call.filename)]
    words += [] if call.error is None else [f"({call.error})"]
    words += [] if call.fault is None else [f"fault={call.fault}"]
    return " ".join([*words, f"{call.duration * 1000:.1f} ms"])


def json_line(call: Call) -> str:
    """The same, with the ids that a program needs."""
    return json.dumps(
        {
            "time": _time(call).isoformat(timespec="milliseconds"),
            "status": call.status,
            "method": call.method,
            "path": call.path,
            "operation": call.operation,
            "file_id": call.file_id,
            "filename": call.filename,
            "user": call.user,
            "fault": call.fault,
            "error": call.error,
            "milliseconds": round(call.duration * 1000, 3),
            "request_id": call.request_id,
        }
    )


LINES: dict[str, Callable[[Call], str]] = {"text": text_line, "json": json_line}
"""The values of `--log`, except `none`."""


def _time(call: Call) -> datetime:
    return datetime.fromtimestamp(call.started_at, timezone.utc)


def _plain(text: str) -> str:
    """A path may hold line breaks, and codes that a terminal would obey."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _quoted(filename: str) -> str:
    return json.dumps(_plain(filename), ensure_ascii=False)
