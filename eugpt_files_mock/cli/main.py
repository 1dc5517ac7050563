"""The command: `eugpt-files-mock serve`, a throw-away fake endpoint for any language."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from ..errors import ExpectationNotMet, FilesMockError, OptionError
from ..expectations.exit_checks import of_tenant
from ..lifecycle import ServerContext
from ..mock import FilesMock
from ..verdict.verdict import judge
from ..version import __version__
from . import sweep, verify
from .arguments import (
    SERVE,
    OneLineParser,
    Words,
    answer_with_file,
    fault_lines,
    given_options,
    refuse,
    say,
)
from .log import LINES, Log

_FAKED_AT_ONCE = 50
"""Documents that are made between two looks at the progress bar: all suffixes in turn."""


_LOOK_SECONDS = 0.2
"""How often to look whether a signal came, where it doesn't end a wait by itself."""

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
"""The last is the only one that another process can send on Windows (Ctrl-Break)."""

# Signals that came. Handlers put them here and raise nothing: an exception could end any function
# half-way, and what cleans up there would raise another. `put` may interrupt even `get`.
Signals = SimpleQueue[int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status. 0: ended by Ctrl-C or SIGTERM; 1: the exit checks failed, with `--check`,
        or the verdict has errors, with `--report`;
        2: a bad value, or a busy port.
    """
    with _any_text_can_be_written():
        made = parser()
        words = made.parse_args(arguments)
        if words.command is None:
            made.print_help()
            return 0
        return COMMANDS[words.command].run(words)


def parser() -> argparse.ArgumentParser:
    """The parser of `eugpt-files-mock`; what it parses has a `command`, or None without one."""
    # No abbreviations, here and below: one would change its meaning with the next new flag.
    made = OneLineParser(
        prog="eugpt-files-mock", description="A fake EU GPT Files API.", allow_abbrev=False
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = made.add_subparsers(metavar="command", dest="command")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.meaning, allow_abbrev=False)
        for argument, settings in command.arguments().items():
            subparser.add_argument(argument, **settings)
    return made


@contextmanager
def _any_text_can_be_written() -> Iterator[None]:
    """What the encoding of a stream doesn't have is written as an escape; nothing is lost for it.

    Standard output isn't UTF-8 everywhere, such as on Windows when it is a pipe.
    """
    # Another program that calls `main` may have replaced them by something else.
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            # It flushes, and nobody may be reading any more.
            with suppress(OSError):
                stream.reconfigure(errors=errors)


def _faults(words: argparse.Namespace) -> int:
    print("\n".join(fault_lines()))
    return 0


def _serve(words: argparse.Namespace) -> int:
    came: Signals = SimpleQueue()
    # `main` may have been called by another program, which goes on afterwards. Handled from the
    # beginning: to read or invent the files may take long.
    before = {
        number: signal.signal(number, lambda number, _: came.put(number)) for number in _SIGNALS
    }
    try:
        mock = _mock(words, came)
        return _serve_until(came, mock, words) if came.empty() else 0
    except (FilesMockError, OSError) as error:
        return refuse(str(error))
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _serve_until(came: Signals, mock: FilesMock, words: argparse.Namespace) -> int:
    token = words.admin_token or os.environ.get("EUGPT_ADMIN_TOKEN") or None
    context = mock.serve(words.host, words.port, admin_token=token, allow_hosts=words.allow_hosts)
    if words.log != "none":
        mock._service.journal.on_record = Log(LINES[words.log]).write
    # Not a `with` block: `--check` decides whether its end checks anything.
    context.start()
    print(f"Listening on {mock.base_url}")
    from ..server.application import is_loopback

    has_page = token is not None or is_loopback(words.host)
    page = f"is at {context.url}/__admin/" if has_page else "needs --admin-token"
    # A script that reads these lines from a pipe needs them at once, and a pipe is buffered.
    print(f"The page {page}", flush=True)
    _wait_for_a_signal(came)
    status = _stop(context, check=words.check)
    return max(status, _report(mock)) if words.report else status


def _wait_for_a_signal(came: Signals) -> None:
    # On Windows no handler runs while `get` waits, so it must not wait for ever.
    while came.empty():
        with suppress(Empty):
            came.get(timeout=_LOOK_SECONDS)
            return


class Command(NamedTuple):
    """One command.

    Attributes:
        meaning: for the help.
        arguments: gives each argument, and the words of `add_argument`.
        run: gives the exit status.
    """

    meaning: str
    arguments: Callable[[], dict[str, Words]]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "serve": Command("serve the API until Ctrl-C", lambda: SERVE, _serve),
    "verify": Command("hold a real endpoint against a profile", verify.words, verify.run),
    "sweep": Command("make every call of a program fail, in every way", sweep.words, sweep.run),
    "faults": Command("list the faults and their arguments", dict, _faults),
}


_FOR_ONE_TENANT = ("files", "fake", "stub", "fault")
"""Words that fill the mock before any key is known."""


def _mock(words: argparse.Namespace, came: Signals) -> FilesMock:
    filled = [f"--{word}" for word in _FOR_ONE_TENANT if getattr(words, word)]
    if words.isolate_by_key and filled:
        raise OptionError(
            f"argument {filled[0]}: with --isolate-by-key each key's tenant begins empty; fill it "
            "over the control routes, with ?key=",
            word=filled[0],
        )
    options = given_options(words)
    mock = FilesMock(**options)
    _warn_of_strange_keys(options.get("api_keys", ()), mock._service.access.prefix)
    for path in _files(words.files):
        if came.empty():
            mock.add_file(path.name, path.read_bytes())
    _fake(mock, words.fake, came)
    for method, path, file in words.stub or ():
        answer_with_file(mock, method, path, file)
    for fault, matcher in words.fault or ():
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
    verdicts = {of_tenant(tenant): judge(tenant) for tenant in mock._service.all_tenants()}
    for whose, verdict in verdicts.items():
        print(f"{whose}{verdict}", flush=True)
    return 0 if all(verdict.ok for verdict in verdicts.values()) else 1
