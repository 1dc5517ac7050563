"""The command: `eugpt-files-mock serve`, a throwaway fake endpoint for any language."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .errors import FilesMockError, OptionError
from .mock import FilesMock
from .processing import WORDS, Processing, as_processing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 when it was ended by Ctrl-C or SIGTERM, 2 for a bad value or a busy port.
    """
    words = _parser().parse_args(arguments)
    try:
        mock = _mock(words)
        serving = mock.serve(words.host, words.port, admin_token=words.admin_token)
        stopped = _stopped_by_signal()
        serving.start()
    except (FilesMockError, OSError) as error:
        return _refuse(str(error))
    print(f"Listening on {mock.base_url}", flush=True)
    stopped.wait()
    serving.stop()
    return 0


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_refuse(message))


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="eugpt-files-mock", description="A fake EU GPT Files API.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve the API until Ctrl-C", allow_abbrev=False)
    serve.add_argument("--host", default="127.0.0.1", help="address to bind (127.0.0.1)")
    serve.add_argument("--port", type=int, default=8080, help="0 takes a free one (8080)")
    serve.add_argument(
        "--api-key",
        action="append",
        type=_key,
        metavar="KEY[=USER]",
        help="accept this key, of this user; may be repeated (any key that starts with eugpt_)",
    )
    serve.add_argument("--files", type=Path, metavar="DIR", help="begin with the files in DIR")
    serve.add_argument(
        "--fake", type=int, default=0, metavar="N", help="begin with N invented documents"
    )
    serve.add_argument("--seed", type=int, help="makes ids, documents and chances repeat")
    serve.add_argument("--max-file-bytes", type=int, metavar="N", help="refuse larger files: 413")
    serve.add_argument(
        "--rate-limit", type=_rate, metavar="REQUESTS/SECONDS", help="for each key, such as 10/60"
    )
    serve.add_argument(
        "--processing",
        type=_processing,
        default="immediate",
        metavar="HOW",
        help="immediate, after_polls:2, after_seconds:1.5, fails:reason (immediate)",
    )
    serve.add_argument(
        "--admin-token",
        metavar="T",
        help="what /__admin asks for; it is absent without, unless the host is loopback",
    )
    return parser


def _mock(words: argparse.Namespace) -> FilesMock:
    mock = FilesMock(
        api_keys=_keys(words.api_key),
        seed=words.seed,
        max_file_bytes=words.max_file_bytes,
        rate_limit=words.rate_limit,
        processing=words.processing,
        assert_all_faults_fired=False,
        assert_all_requests_known=False,
    )
    for path in _files(words.files):
        mock.add_file(path.name, path.read_bytes())
    mock.fake_files(words.fake)
    return mock


def _keys(pairs: Sequence[tuple[str, str | None]] | None) -> Any:
    """Keys of users when any key has one; so that those without see nobody's files."""
    return dict(pairs) if pairs else None


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise OptionError(f"argument --files: no folder {str(folder)!r}", word=folder)
    return sorted(path for path in folder.iterdir() if path.is_file())


def _key(text: str) -> tuple[str, str | None]:
    key, _, user = text.partition("=")
    return key, user or None


def _rate(text: str) -> tuple[int, float]:
    requests, _, seconds = text.partition("/")
    try:
        return int(requests), float(seconds)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not {text!r}; such as 10/60") from None


def _processing(text: str) -> Processing:
    name, _, argument = text.partition(":")
    try:
        if name not in WORDS:
            return as_processing(text)
        convert: Any = {"after_polls": int, "after_seconds": float, "fails": str}[name]
        made: Processing = WORDS[name](*([convert(argument)] if argument else []))
        return made
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(f"not {text!r}; such as after_polls:2") from None


def _stopped_by_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _refuse(message: str) -> int:
    first = " ".join(message.split())
    print(f"eugpt-files-mock: {first}", file=sys.stderr)
    return 2
