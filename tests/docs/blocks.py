"""How the code blocks of a page are run: a way for each language, and no way is a failure.

A page is a folder. A Python block that begins with a file's name (`# conftest.py`) is that file,
one that defines a test is a file too; all of them are run by pytest when the page is read to its
end. Every other Python block is run where it stands, as one program with those before it. A test
that a page shows failing (`# test_it.py (fails)`) is run at once, and must print what the next
block of text shows.

What `refresh` wrote is not run here: examples are run where their files are.
A block for a library that isn't installed is only compiled.
"""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

from eugpt_files_mock.cli.main import parser

from .generated import ROOT, spans
from .shell import Shell

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NAMED = re.compile(r"# (\S+\.py)( \(fails\))?\n")
_TEST = re.compile(r"^\s*(async )?def test_", re.MULTILINE)
_NEEDS = re.compile(r"^(?:import|from) (openai_responses)\b", re.MULTILINE)
"""A library that can't be installed beside the others: openai-responses needs `openai` 2."""

_CONFIGURATION = """\
[pytest]
addopts = -p no:randomly -p no:cacheprovider
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def pages() -> list[Path]:
    """What is read on the way in, and every page of the documentation."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass
class Page:
    """One page while its blocks are run.

    Attributes:
        folder: where its files lie, and its commands run.
        shell: runs its commands.
        tests: whether any of its files is for pytest.
        failure: what a failing test printed, until the page has shown it.
    """

    folder: Path
    shell: Shell
    tests: bool = False
    failure: str | None = None
    ran: list[str] = field(default_factory=list)

    def run(self, path: Path) -> None:
        """Run every block, in order, and see what is left behind."""
        (self.folder / "pytest.ini").write_text(_CONFIGURATION)
        (self.folder / "report.pdf").write_bytes(b"%PDF-1.7 a report")
        (self.folder / "README.md").write_text("a file to upload")
        document = Sybil(parsers=[_every_block]).parse(path)
        written = spans(document.text)
        try:
            for example in document.examples():
                if not any(example.region.start in span for span in written):
                    self._run(example)
            assert self.failure is None, "the page doesn't show how its test fails"
            self.shell.check_end()
        finally:
            self.shell.close()

    def _run(self, example: Example) -> None:
        language, source = example.parsed
        self.ran.append(language)
        way = WAYS.get(language)
        if way is None:
            pytest.fail(f"{example.path}:{example.line}: no way to run a block of {language!r}")
        try:
            way(self, example, source)
        except Exception as error:
            raise AssertionError(f"{example.path}:{example.line}: {error}") from error


def _every_block(document: Document) -> Iterable[Region]:
    for region in FencedCodeBlockLexer(r"[\w-]+")(document):
        region.parsed = region.lexemes["language"], region.lexemes["source"]
        region.evaluator = _nothing
        yield region


def _nothing(example: Example) -> None:
    """`Page` runs it: what a block needs is the page's."""


def _python(page: Page, example: Example, source: str) -> None:
    named = _NAMED.match(source)
    needed = _NEEDS.search(source)
    if needed and find_spec(needed[1]) is None:
        compile(source, str(example.path), "exec")
    elif named and named[2]:
        page.failure = _failure(page.folder / named[1], source)
    elif named or _TEST.search(source):
        name = named[1] if named else f"test_line_{example.line}.py"
        page.tests = page.tests or Path(name).name.startswith("test_")
        (page.folder / name).write_text(source)
    else:
        example.parsed = source
        PythonEvaluator()(example)


def _failure(file: Path, source: str) -> str:
    """What the failing test prints."""
    file.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", file.name]
    done = subprocess.run(command, cwd=file.parent, check=False, capture_output=True, text=True)
    file.unlink()
    assert done.returncode == 1, f"{file.name} is to fail:\n{done.stdout}{done.stderr}"
    return done.stdout


def _shell(page: Page, example: Example, source: str) -> None:
    page.shell.run(source)


def _yaml(page: Page, example: Example, source: str) -> None:
    loaded = yaml.safe_load(source)
    for step in _steps(loaded):
        page.shell.run(step)
    for service in loaded.get("services", {}).values():
        parser().parse_args(["serve", *service.get("command", [])])


def _steps(node: object) -> Iterable[str]:
    """What a workflow runs, wherever it stands."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from [value] if name == "run" else _steps(value)
    elif isinstance(node, list):
        for value in node:
            yield from _steps(value)


def _dockerfile(page: Page, example: Example, source: str) -> None:
    """Whether the command reads the words that the container starts it with."""
    for line in source.splitlines():
        instruction, _, rest = line.partition(" ")
        assert instruction in {"FROM", "RUN", "COPY", "USER", "EXPOSE", "ENTRYPOINT", "HEALTHCHECK"}
        if instruction == "ENTRYPOINT":
            command, *words = json.loads(rest)
            assert command == "eugpt-files-mock"
            parser().parse_args(words)


def _javascript(page: Page, example: Example, source: str) -> None:
    """Whether node can read it; what it does is tested where its file is."""
    node = shutil.which("node")
    if node:
        script = page.folder / f"line_{example.line}.mjs"
        script.write_text(source)
        subprocess.run([node, "--check", script], check=True, capture_output=True)


def _go(page: Page, example: Example, source: str) -> None:
    gofmt = shutil.which("gofmt")
    if gofmt:
        subprocess.run([gofmt, "-e"], input=source.encode(), check=True, capture_output=True)


def _to_be_read(page: Page, example: Example, source: str) -> None:
    """Output: of a failing test, what it printed."""
    if page.failure is not None:
        missing = [line for line in source.splitlines() if line.strip() not in page.failure]
        assert missing == [], f"the test did not print {missing}:\n{page.failure}"
        page.failure = None


def _ini(page: Page, example: Example, source: str) -> None:
    """Options of pytest that there are: the page's tests are run with them."""
    options = configparser.ConfigParser()
    options.read_string(source)
    assert ["pytest"] == options.sections(), "only pytest's ini file is known here"
    ini = page.folder / "pytest.ini"
    ini.write_text(
        ini.read_text()
        + "".join(f"{name} = {value}\n" for name, value in options["pytest"].items())
    )


WAYS: dict[str, Callable[[Page, Example, str], None]] = {
    "python": _python,
    "sh": _shell,
    "bash": _shell,
    "console": _shell,
    "yaml": _yaml,
    "ini": _ini,
    "toml": lambda page, example, source: tomllib.loads(source),
    "dockerfile": _dockerfile,
    "json": lambda page, example, source: json.loads(source),
    "javascript": _javascript,
    "js": _javascript,
    "go": _go,
    "text": _to_be_read,
}
"""Language → how its blocks are run."""
