"""The command: `eugpt-files-mock sweep`, every failure at every call of any program."""

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..environment import VARIABLES, pointing_to, proxy_free
from ..errors import ExpectationNotMet, FilesMockError, OptionError
from ..mock import FilesMock
from ..options import OPTIONS
from ..sweep.case import Case
from ..sweep.judge import Stopped
from .arguments import SERVE, Words, answer_with_file, check_timeout, fail, given_options, say

_LONGEST = 30.0
"""Seconds that a run may take; curl and most SDKs wait for minutes, or for ever."""

_OPTIONS = {
    flag: words
    for flag, words in SERVE.items()
    if words.get("dest") in OPTIONS and words["dest"] != "isolate_by_key"
}
"""The options of the mock, which are those of `serve`."""


def arguments() -> dict[str, Words]:
    return {
        "--expect-exit": {
            "metavar": "STATUSES",
            "help": "with which statuses the program may fail, such as 1,3-5 (any)",
        },
        "--only": {
            "action": "append",
            "metavar": "CELL",
            "help": "run only this cell, such as 'upload report.pdf/lost', or a pattern",
        },
        "--allow": {
            "action": "append",
            "default": [],
            "metavar": "CELL|REASON",
            "help": "may be WRONG, such as 'upload */lost' or duplicate_upload; may be repeated",
        },
        "--strict": {
            "action": "store_true",
            "help": "to give up after a failure that may pass is WRONG too",
        },
        "--failures": {"metavar": "NAMES", "help": "columns, such as busy,lost (all eight)"},
        "--alike": {
            "type": int,
            "default": 3,
            "metavar": "N",
            "help": "of calls that are alike, at most so many meet failures (3)",
        },
        "--file": {
            "action": "append",
            "default": [],
            "type": Path,
            "metavar": "PATH",
            "help": "a file that the service has before each run; may be repeated",
        },
        "--stub": SERVE["--stub"],
        "--timeout": {
            "type": float,
            "default": _LONGEST,
            "metavar": "S",
            "help": "seconds after which a run is ended, and is WRONG (30)",
        },
        "--port": {"type": int, "default": 0, "help": "0 takes a free one (0)"},
        **_OPTIONS,
        "program": {
            "nargs": argparse.REMAINDER,
            "metavar": "-- COMMAND…",
            "help": "the program and its arguments; it runs in a copy of this directory, with "
            "EUGPT_BASE_URL, EUGPT_API_KEY, OPENAI_BASE_URL and OPENAI_API_KEY set",
        },
    }


def run(given: argparse.Namespace) -> int:
    """The exit status is 0 when nothing is WRONG, 1 if something is, 2 when it couldn't run."""
    try:
        return _swept(given)
    except ExpectationNotMet as error:
        sys.stderr.write(f"{error}\n")
    except (FilesMockError, OSError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("interrupted.")
    return 2


def _swept(given: argparse.Namespace) -> int:
    check_timeout(given.timeout)
    program = _Program(_command(given), _statuses(given.expect_exit), given.timeout)
    mock = _filled(given)
    sweep = mock.sweep(
        failures=given.failures.split(",") if given.failures else None,
        strict=given.strict,
        allow=given.allow,
        only=given.only,
        alike=given.alike,
        # The clocks of another process can't be set.
        wait=True,
    )
    sweep.words = _CommandWords()
    try:
        with mock.serve(port=given.port) as served:
            say(f"the page is at {served.base_url.removesuffix('/v1')}/__admin/")
            for case in sweep:
                with case:
                    program.run(case, served)
    except Stopped as stopped:
        sys.stderr.write(program.said)
        return fail(f"without a failure, the program failed: {stopped}.")
    except ExpectationNotMet:
        if not sweep.is_whole:
            raise
        sys.stdout.write(f"{sweep.problem() or sweep}\n")
        return 1
    sys.stdout.write(f"{sweep}\n")
    return 0


def _filled(given: argparse.Namespace) -> FilesMock:
    """The mock with what it has before each run."""
    mock = FilesMock(**given_options(given))
    for path in given.file:
        mock.add_file(path)
    for method, path, file in given.stub or ():
        answer_with_file(mock, method, path, file)
    return mock


def _command(given: argparse.Namespace) -> list[str]:
    command: list[str] = given.program[1:] if given.program[:1] == ["--"] else given.program
    if not command:
        raise OptionError("sweep needs a program: eugpt-files-mock sweep -- COMMAND…", word=None)
    return command


def _statuses(text: str | None) -> frozenset[int] | None:
    """`1,3-5`; None for any."""
    if text is None:
        return None
    statuses: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part)
        # Turned round, such as 5-3, it has none.
        named = range(int(found[1]), int(found[2] or found[1]) + 1) if found else ()
        if not named:
            raise OptionError(f"--expect-exit: not {text!r}; such as 1,3-5", word=text)
        statuses.update(named)
    return frozenset(statuses)


class _CommandWords:
    """How one cell is repeated or allowed on the command line."""

    def repeat(self, cell: str) -> str:
        return f"eugpt-files-mock sweep --only '{cell}' …"

    def allow(self, word: str) -> str:
        return f"eugpt-files-mock sweep --allow '{word}' …"


class _Program:
    """What is swept: run in a copy of the working directory, and judged by what it leaves."""

    def __init__(self, command: list[str], statuses: frozenset[int] | None, longest: float) -> None:
        self._command, self._statuses, self._longest = command, statuses, longest
        self.said = ""
        """What the last run wrote to standard error."""

    def run(self, case: Case, mock: FilesMock) -> None:
        """Run it once; what it wrote is the result.

        Raises:
            Stopped: when it didn't end well.
        """
        with tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True) as folder:
            work = Path(folder)
            _copy(Path.cwd(), work)
            before = _contents(work)
            status, output = self._run_in(work, case, mock)
            made = {
                name: text for name, text in _contents(work).items() if text != before.get(name)
            }
            case.result = {"output": _without_ids(output), **made}
        self._check(status)

    def _run_in(self, work: Path, case: Case, mock: FilesMock) -> tuple[int, str]:
        # A group of its own, so that what it starts ends with it.
        process = subprocess.Popen(  # noqa: S603 - the author's own program
            [_program(self._command[0], work), *self._command[1:]],
            cwd=work,
            env=_environment(mock, work),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        case.end_by(lambda: _kill(process))
        try:
            out, err = process.communicate(timeout=self._longest)
        except subprocess.TimeoutExpired:
            _kill(process)
            _, err = process.communicate()
            self.said = err.decode(errors="replace")
            raise Stopped(
                "endless",
                f"did not end within {self._longest:g} s (--timeout)",
                "give every call a timeout (without one, most clients wait for ever, and the "
                "openai SDK for ten minutes), and every loop an end; or raise --timeout.",
            ) from None
        except BaseException:
            _kill(process)
            process.communicate()
            raise
        self.said = err.decode(errors="replace")
        return process.returncode, out.decode(errors="replace")

    def _check(self, status: int) -> None:
        if status == 0:
            return
        last = (self.said.strip().splitlines() or [""])[-1][:100]
        if status < 0:
            raise Stopped("bug", f"died of {signal.Signals(-status).name}")
        bug = _uncaught_bug(self.said)
        if bug is not None:
            raise Stopped("bug", f"ended with status {status}: {bug}")
        told = f"ended with status {status}" + (f": {last}" if last else "")
        if self._statuses is not None and status not in self._statuses:
            raise Stopped(
                "unexpected_error",
                told,
                "end with a status that is expected, or name this one with --expect-exit.",
            )
        raise Stopped("", told)


def _program(name: str, work: Path) -> str:
    """The path of a program that lies beside the working directory, seen from the copy."""
    is_path = os.path.dirname(name) and not os.path.isabs(name)
    return os.path.abspath(name) if is_path and not (work / name).exists() else name


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        # Windows has neither; there the process alone is ended.
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _environment(mock: FilesMock, work: Path) -> dict[str, str]:
    return {
        **os.environ,
        **pointing_to(VARIABLES, mock.api_key, mock.base_url),
        **proxy_free("127.0.0.1"),
        "PWD": str(work),
        # Else each run would leave new files that nobody wrote.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


# The copy of the working directory.

_LINKED = ("node_modules", ".venv", "venv", "vendor", "target")
"""Large, and only read: not copied."""

_LEFT_OUT = (".git", ".hg", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox")

_MOST_READ = 10_000_000
"""Bytes up to which a file is compared by its text; a larger one by its digest."""


def _copy(source: Path, target: Path) -> None:
    for entry in os.scandir(source):
        made = target / entry.name
        if entry.name in _LEFT_OUT:
            continue
        if entry.is_symlink() or (entry.is_dir() and entry.name in _LINKED):
            _link(entry, made)
        elif entry.is_dir():
            made.mkdir()
            _copy(Path(entry.path), made)
        elif entry.is_file():
            shutil.copy2(entry.path, made)


def _link(entry: "os.DirEntry[str]", made: Path) -> None:
    """Where it points, seen from the copy too; a copy, where links are not allowed (Windows)."""
    is_folder = entry.is_dir()
    try:
        os.symlink(os.path.realpath(entry.path), made, target_is_directory=is_folder)
    except OSError:
        if is_folder:
            shutil.copytree(entry.path, made)
        else:
            shutil.copy2(entry.path, made)


def _contents(work: Path) -> dict[str, str]:
    """The text of each file in it, by its path; of what isn't text, the digest."""
    return {str(path.relative_to(work)): _content(path) for path in _files(work)}


def _files(work: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(work):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (
            path for path in (Path(folder, name) for name in names) if not path.is_symlink()
        )


def _content(path: Path) -> str:
    content = path.read_bytes()
    if len(content) <= _MOST_READ:
        with contextlib.suppress(UnicodeDecodeError):
            return _without_ids(content.decode())
    return hashlib.sha256(content).hexdigest()


_ID = re.compile(
    r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:req|resp|file|msg)[-_][0-9A-Za-z]{8,})\b"
)

_TIME = re.compile(
    r"\b1[6-9]\d{8}(?:\.\d+|\d{3})?\b|\b20\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?"
)
"""Unix seconds or milliseconds of these years, and dates as ISO 8601 writes them."""


def _without_ids(text: str) -> str:
    """Ids and times differ in each run."""
    return _TIME.sub("<time>", _ID.sub("<id>", text))


# Exceptions that show a bug, as each language prints those that nobody caught.

_PYTHON = re.compile(
    r"^Traceback \(most recent call last\):$.*^((?:ArithmeticError|AssertionError|AttributeError"
    r"|IndexError|KeyError|LookupError|NameError|RecursionError|TypeError|UnboundLocalError"
    r"|ZeroDivisionError)\b.*)\Z",
    re.MULTILINE | re.DOTALL,
)
_NODE = re.compile(
    # Node's fetch calls a broken connection a TypeError.
    r"^((?:TypeError|ReferenceError|RangeError|AssertionError)\b(?!: (?:fetch failed|terminated"
    r"|Failed to fetch|Body Timeout)).*)\n +at ",
    re.MULTILINE,
)


def _uncaught_bug(said: str) -> str | None:
    for pattern in (_PYTHON, _NODE):
        found = pattern.search(said.strip())
        if found:
            return found[1].strip().partition("\n")[0][:100]
    return None
