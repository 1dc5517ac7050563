"""The commands in a page, run as a reader would: against a server that a page's own `serve` line
started, on a free port in the place of the one that is written there.

A reader pastes a block whole, so a server in the background must be waited for and ended again.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import metadata
from pathlib import Path

from packaging.requirements import Requirement

from .nested import run_pytest

_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):\d+")
_PATIENCE = 60.0
_PATIENT = {"--retry", "--retry-connrefused"}
"""How curl waits for a port that is not bound yet."""


@dataclass
class Shell:
    """Runs the commands of one page; `close` ends what it started.

    Attributes:
        folder: where they run.
        environment: with what the page has exported.
        in_background: whether the page's server runs behind its other commands.
        unasked: whether nothing has waited for that server yet.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    in_background: bool = False
    unasked: bool = False
    _server: subprocess.Popen[str] | None = None
    _address: str = ""

    def run(self, script: str) -> None:
        """Run each command of a block.

        Raises:
            AssertionError: for one that fails, or that we have no way to check.
        """
        for command in _commands(script):
            words = shlex.split(self._aimed(command))
            assignments, words = _assignments(words)
            self.environment |= assignments
            if words:
                self._way(words)(self, words)

    def check_end(self) -> None:
        """Nothing runs any more that the next page would stumble over."""
        assert not self.in_background, "the server still runs: end it with `kill $!`"

    def close(self) -> None:
        """End the server."""
        self.in_background = False
        if self._server is not None:
            self._server.terminate()
            status = self._server.wait(_PATIENCE)
            assert self._server.stdout is not None
            self._server.stdout.close()
            self._server = None
            assert status == 0, f"the server ended with status {status}"

    def _aimed(self, command: str) -> str:
        for name, value in self.environment.items():
            if name.startswith("EUGPT_"):
                command = command.replace(f"${name}", value)
        return _ADDRESS.sub(self._address, command) if self._address else command

    @staticmethod
    def _way(words: Sequence[str]) -> Callable[[Shell, list[str]], None]:
        way = WAYS.get(Path(words[0]).name)
        assert way is not None, f"no way to check the command {words[0]!r}"
        return way

    def serve(self, words: list[str]) -> None:
        """Start `eugpt-files-mock serve` on a free port; a page has one at a time."""
        self.check_end()
        self.close()
        self.in_background = self.unasked = words[-1] == "&"
        arguments = [word for word in words if word != "&"]
        if "--port" in arguments:
            del arguments[(at := arguments.index("--port")) : at + 2]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "eugpt_files_mock", *arguments, "--port", "0"],
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment,
            text=True,
        )
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        listening = re.fullmatch(r"Listening on https?://(\S+)/v1\n", line)
        assert listening, f"{shlex.join(words)}: it said {line!r}"
        self._address = listening[1]

    def check(self, *words: str) -> str:
        """What a program prints that is run to its end."""
        done = subprocess.run(
            words,
            check=False,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{shlex.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout


def _commands(script: str) -> list[str]:
    """The commands; in a `console` block, what follows a prompt."""
    lines = script.replace("\\\n", " ").splitlines()
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    wanted = prompted or lines
    wanted = [line for line in wanted if line.strip() and not line.lstrip().startswith("#")]
    return [command for line in wanted for command in line.split(" && ")]


def _assignments(words: list[str]) -> tuple[dict[str, str], list[str]]:
    words = words[1:] if words and words[0] == "export" else words
    assigned: dict[str, str] = {}
    while words and re.match(r"[A-Za-z_]+=", words[0]):
        name, _, value = words.pop(0).partition("=")
        assigned[name] = value
    return assigned, words


def _pip(shell: Shell, words: list[str]) -> None:
    """Every requirement can be read, and ours has the extras that are named."""
    assert words[1] == "install", f"pip {words[1]}"
    for word in words[2:]:
        if word.startswith("-"):
            continue
        wanted = Requirement(re.sub(r"^(\.|/path/to/clone)", "eugpt-files-mock", word))
        if wanted.name == "eugpt-files-mock":
            ours = metadata("eugpt-files-mock").get_all("Provides-Extra", [])
            assert wanted.extras <= set(ours), f"unknown extras in {word}"


def _command(shell: Shell, words: list[str]) -> None:
    if words[1:2] == ["serve"] and "--help" not in words:
        shell.serve(words[1:])
    else:
        shell.check(sys.executable, "-m", "eugpt_files_mock", *words[1:])


def _python(shell: Shell, words: list[str]) -> None:
    if words[1:3] == ["-m", "eugpt_files_mock"]:
        _command(shell, words[2:])
    elif words[1:3] == ["-m", "pytest"]:
        _pytest(shell, words[2:])
    elif words[1:3] == ["-m", "pip"]:
        _pip(shell, words[2:])
    elif words[1:3] == ["-m", "venv"]:
        assert words[3:] == [".venv"], "one name for all virtual environments"
    else:
        shell.check(sys.executable, *words[1:])


def _pytest(shell: Shell, words: list[str]) -> None:
    """Its options are known; what it collects is run with the page's other tests."""
    status = run_pytest(shell.folder, *words[1:], "--collect-only", "-q")
    assert status in (0, 5), shlex.join(words)


def _curl(shell: Shell, words: list[str]) -> None:
    """A 5xx may be a fault that the page has armed; a 4xx is a request that is wrong."""
    assert shell._address, "a page with curl lines first serves a mock"
    assert not shell.unasked or _PATIENT <= set(words), f"the first call needs {_PATIENT}"
    shell.unasked = False
    status = ("--write-out", "\n%{http_code}")
    said = shell.check(*words, "--silent", "--show-error", "--max-time", "60", *status)
    assert said.rpartition("\n")[2][0] in "25", f"{shlex.join(words)}:\n{said}"


def _kill(shell: Shell, words: list[str]) -> None:
    assert shell.in_background, "nothing to end"
    assert words[1:] == ["$!"], "what was started last, whatever else the reader runs"
    shell.close()


WAYS: dict[str, Callable[[Shell, list[str]], None]] = {
    "pip": _pip,
    "eugpt-files-mock": _command,
    "python": _python,
    "python3": _python,
    "pytest": _pytest,
    "curl": _curl,
    "kill": _kill,
}
"""Program → how a line with it is checked."""
