"""`eugpt-files-mock serve`: a throw-away fake endpoint for any language, and its log."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from ..errors import ExpectationNotMet, FilesMockError, OptionError
from ..expectations.exit_checks import of_tenant
from ..lifecycle import ServerContext
from ..mock import FilesMock
from ..model.messages import Call, Record
from ..verdict.verdict import judge
from .arguments import SERVE, Words, answer_with_file, fail, given_options, say

_LOOK_SECONDS = 0.2
"""How often to look whether a signal came, where it doesn't end a wait by itself."""

_FAKED_AT_ONCE = 50
"""Documents that are made between two looks at the progress bar: all suffixes in turn."""

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
"""The last is the only one that another process can send on Windows (Ctrl-Break)."""


# Signals that came. Handlers put them here and raise nothing: an exception could end any function
# half-way, and what cleans up there would raise another. `put` may interrupt even `get`.
Signals = SimpleQueue[int]


def arguments() -> dict[str, Words]:
    return SERVE


def run(given: argparse.Namespace) -> int:
    """The exit status is that of `main`."""
    came: Signals = SimpleQueue()
    # `main` may have been called by another program, which goes on afterwards. Handled from the
    # beginning: to read or invent the files may take long.
    before = {
        number: signal.signal(number, lambda number, _: came.put(number)) for number in _SIGNALS
    }
    try:
        mock = _mock(given, came)
        return _serve_until(came, mock, given) if came.empty() else 0
    except (FilesMockError, OSError) as error:
        return fail(str(error))
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _serve_until(came: Signals, mock: FilesMock, given: argparse.Namespace) -> int:
    token = given.admin_token
    # One that is given and empty is refused: its variable isn't set, and everybody would get in.
    if token is None:
        token = os.environ.get("EUGPT_ADMIN_TOKEN") or None
    context = mock.serve(given.host, given.port, admin_token=token, allow_hosts=given.allow_hosts)
    if given.log != "none":
        mock._service.journal.on_record = Log(LINES[given.log]).write
    # Not a `with` block: `--check` decides whether its end checks anything.
    context.start()
    print(f"Listening on {mock.base_url}")
    from ..server import is_loopback

    has_page = token is not None or is_loopback(given.host)
    page = f"is at {context.url}/__admin/" if has_page else "needs --admin-token"
    # A script that reads these lines from a pipe needs them at once, and a pipe is buffered.
    print(f"The page {page}", flush=True)
    _wait_for_a_signal(came)
    status = _stop(context, check=given.check)
    return max(status, _report(mock)) if given.report else status


def _wait_for_a_signal(came: Signals) -> None:
    # On Windows no handler runs while `get` waits, so it must not wait for ever.
    while came.empty():
        with suppress(Empty):
            came.get(timeout=_LOOK_SECONDS)
            return


_FOR_ONE_TENANT = ("files", "fake", "stub", "fault")
"""Words that fill the mock before any key is known."""


def _mock(given: argparse.Namespace, came: Signals) -> FilesMock:
    filled = [f"--{word}" for word in _FOR_ONE_TENANT if getattr(given, word)]
    if given.isolate_by_key and filled:
        raise OptionError(
            f"argument {filled[0]}: with --isolate-by-key each key's tenant begins empty; fill it "
            "over the control routes, with ?key=",
            word=filled[0],
        )
    options = given_options(given)
    mock = FilesMock(**options)
    _warn_of_strange_keys(options.get("api_keys", ()), mock._service.access.prefix)
    for path in _files(given.files):
        if came.empty():
            mock.add_file(path)
    _fake(mock, given.fake, came)
    for method, path, file in given.stub or ():
        answer_with_file(mock, method, path, file)
    for fault, matcher in given.fault or ():
        mock.inject(fault, **matcher)
    return mock


def _warn_of_strange_keys(keys: Iterable[str], prefix: str | None) -> None:
    strange = sum(not key.startswith(prefix or "") for key in keys)
    if strange:
        say(f"--api-key: {strange} of the keys don't start with {prefix}, as real ones do.")


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise OptionError(f"argument --files: no folder {str(folder)!r}", word=folder)
    # Sorted, as each system lists a folder in another order, and ids come from the seed in turn.
    return sorted(path for path in folder.iterdir() if path.is_file())


def _fake(mock: FilesMock, count: int, came: Signals) -> None:
    """Invent documents; on a terminal, a bar shows how many are there."""
    if count < 0:
        # It raises the error about a negative number.
        mock.fake_files(count)
    shows = sys.stderr.isatty() and count > _FAKED_AT_ONCE
    for done in range(0, count, _FAKED_AT_ONCE):
        if not came.empty():
            break
        mock.fake_files(min(_FAKED_AT_ONCE, count - done))
        if shows:
            bar = "#" * (40 * len(mock.files) // count)
            sys.stderr.write(f"\r[{bar:<40}] {len(mock.files)} of {count} documents")
    if shows:
        sys.stderr.write("\n")


def _stop(context: ServerContext[FilesMock], *, check: bool) -> int:
    try:
        if check:
            context.stop()
        else:
            # With an exception the exit checks are left out.
            context.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    except ExpectationNotMet as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _report(mock: FilesMock) -> int:
    tenants = mock._service.all_tenants()
    verdicts = [judge(tenant) for tenant in tenants]
    for tenant, verdict in zip(tenants, verdicts, strict=True):
        print(f"{of_tenant(tenant)}{verdict}", flush=True)
    return 0 if all(verdict.ok for verdict in verdicts) else 1


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
    if call.filename is not None:
        words.append(json.dumps(_plain(call.filename), ensure_ascii=False))
    if call.error is not None:
        words.append(f"({call.error})")
    if call.fault is not None:
        words.append(f"fault={call.fault}")
    words.append(f"{call.duration * 1000:.1f} ms")
    return " ".join(words)


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
