"""Starting: what a pytest run pays that has the plugin and does not use it, and an import."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path

from .measure import Measured, difference, ratio
from .table import Row

_PLUGIN = "eugpt_files_mock"
_BROUGHT = ("anyio", "faker", "respx")


def rows() -> list[Row]:
    """Processor time of whole processes; in turn, as everything here."""
    return [
        Row(
            what="loading the plugin",
            against="an empty pytest run without it",
            measure=partial(_plugins, (_PLUGIN,)),
            at_most=10.0,
        ),
        Row(
            what="the plugins that our dependencies bring: " + ", ".join(_BROUGHT),
            against="an empty pytest run without them",
            measure=partial(_plugins, _BROUGHT),
        ),
        Row(
            what="`import eugpt_files_mock`",
            against="an interpreter that imports nothing",
            measure=partial(_import, "import eugpt_files_mock"),
            at_most=80.0,
        ),
        Row(
            what="entering a mock for the first time, with httpx and requests imported",
            against="the same without entering it",
            measure=_first_entering,
            at_most=50.0,
        ),
        Row(
            what="`import respx, responses`",
            against="an interpreter that imports nothing",
            measure=partial(_import, "import respx, responses"),
        ),
        Row(
            what="modules that `import eugpt_files_mock` loads",
            against="`import respx, responses`",
            measure=_modules,
        ),
    ]


def _plugins(measured: Sequence[str], rounds: int) -> Measured:
    """The other plugins of this environment are blocked in both runs."""
    installed = entry_points(group="pytest11").names
    run = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run += _blocking(name for name in installed if name not in measured)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        return difference(
            partial(milliseconds, run, folder),
            partial(milliseconds, [*run, *_blocking(measured)], folder),
            rounds=rounds,
            unit="ms",
        )


def _blocking(names: Iterable[str]) -> list[str]:
    return [word for name in names for word in ("-p", f"no:{name}")]


def _import(statement: str, rounds: int) -> Measured:
    return _between(statement, "pass", rounds)


def _first_entering(rounds: int) -> Measured:
    imports = "import httpx, requests, eugpt_files_mock"
    return _between(f"{imports}; eugpt_files_mock.FilesMock().start().stop()", imports, rounds)


def _between(more: str, less: str, rounds: int) -> Measured:
    return difference(
        partial(milliseconds, ["-c", more]),
        partial(milliseconds, ["-c", less]),
        rounds=max(5, rounds // 4),
        unit="ms",
    )


def _modules(rounds: int) -> Measured:
    return ratio(
        partial(_loaded, "import eugpt_files_mock"),
        partial(_loaded, "import respx, responses"),
        rounds=2,
    )


def _loaded(statement: str) -> float:
    code = f"import sys; before = len(sys.modules); {statement}; print(len(sys.modules) - before)"
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def milliseconds(arguments: Sequence[str], folder: str | None = None) -> float:
    """Processor time of a process, and of the system on its behalf; of the fastest of three."""
    return min(_processor_time(arguments, folder) for _ in range(3)) * 1000


def _processor_time(arguments: Sequence[str], folder: str | None) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=folder, check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
