"""The command: `eugpt-files-mock serve`, a throwaway fake endpoint for any language."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import FilesMockError, OptionError
from ..mock import FilesMock
from .arguments import parser, refuse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 when it was ended by Ctrl-C or SIGTERM, 2 for a bad value or a busy port.
    """
    words = parser().parse_args(arguments)
    stopped = _stopped_by_signal()
    try:
        mock = _mock(words)
        serving = mock.serve(words.host, words.port, admin_token=words.admin_token)
        serving.start()
    except (FilesMockError, OSError) as error:
        return refuse(str(error))
    print(f"Listening on {mock.base_url}", flush=True)
    stopped.wait()
    serving.stop()
    return 0


def _mock(words: argparse.Namespace) -> FilesMock:
    mock = FilesMock(
        api_keys=dict(words.api_key) if words.api_key else None,
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
    for fault, matcher in words.fault or ():
        mock.inject(fault, **matcher)
    return mock


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise OptionError(f"argument --files: no folder {str(folder)!r}", word=folder)
    return sorted(path for path in folder.iterdir() if path.is_file())


def _stopped_by_signal() -> threading.Event:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
