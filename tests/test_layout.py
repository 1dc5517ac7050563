"""The layout is what `docs/design.md` says: every folder is a layer, and imports only go down."""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("eugpt_files_mock", "conftest_plugin", "eugpt_files_mock_plugin")

LAYERS = (
    ("errors", "version", "locks", "real_clock"),
    ("environment", "model"),
    ("faults", "options"),
    ("state",),
    ("service",),
    ("protocol", "verdict", "verify"),
    ("intercept", "server", "documents"),
    ("admin", "seeding", "expectations"),
    ("lifecycle", "decorator", "sweep"),
    ("mock",),
    ("__init__", "cli", "shared_server"),
    ("__main__", "conftest_plugin", "eugpt_files_mock_plugin"),
)
"""Folders, and modules beside them, from the ground up. One imports from itself, and from those
above it in this table; those of one line don't know one another."""

WITH_CLIENTS_AND_SERVERS = ("protocol", "intercept", "server", "admin", "verify", "conftest_plugin")
CLIENTS_AND_SERVERS = {
    "aiohttp", "anyio", "h11", "httpx", "httpx2", "openai", "requests", "responses", "respx",
    "urllib3", "werkzeug",
}  # fmt: skip

LONG = 500
"""Lines from which a module is looked at again."""


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package by its `__init__`."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def imports(module: str) -> frozenset[str]:
    """The dotted names that a module imports, also in a function, also for types only."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    return frozenset(name for node in ast.walk(tree) for name in _named(node, module))


def _named(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = module.split(".")[: -node.level] if node.level else []
        origin = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            within = f"{origin}.{alias.name}"
            yield within if within in modules() or f"{within}.__init__" in modules() else origin


def ours(module: str) -> set[str]:
    """The modules of ours that it imports."""
    return {
        known
        for name in imports(module)
        for known in (name, f"{name}.__init__")
        if known in modules() and known != module
    }


def room(module: str) -> str:
    """The folder that a module lies in, or its own name when it lies beside the folders."""
    package, _, name = module.partition(".")
    return package if package != "eugpt_files_mock" else name.partition(".")[0]


def layer(name: str) -> int:
    """The number of the layer of a room."""
    found = [number for number, rooms in enumerate(LAYERS) if name in rooms]
    assert found, f"{name} has no layer: add it to LAYERS, and to docs/design.md"
    return found[0]


@pytest.mark.parametrize("module", modules())
def test_imports_only_go_down(module: str) -> None:
    """Also those for types only, and those within a function."""
    own = room(module)
    others = {room(other) for other in ours(module)} - {own}
    assert set() == {other for other in others if layer(other) >= layer(own)}


def test_there_is_no_cycle_within_a_folder() -> None:
    """Between folders none is possible, as imports only go down."""
    graphlib.TopologicalSorter({module: ours(module) for module in modules()}).prepare()


def test_every_layer_exists() -> None:
    """The table has no name of a folder that is gone."""
    assert {name for rooms in LAYERS for name in rooms} == {room(module) for module in modules()}


def test_the_picture_names_every_layer() -> None:
    """That of `docs/design.md`; what every package has goes without saying."""
    picture = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").split("```text")[2]
    rooms = {name for rooms in LAYERS for name in rooms} - {"version", "__init__", "__main__"}
    assert set() == rooms - set(re.findall(r"\w+", picture.partition("```")[0]))


@pytest.mark.parametrize("module", modules())
def test_only_some_folders_know_clients_and_servers(module: str) -> None:
    """The fake API itself is pure."""
    known = {name.partition(".")[0] for name in imports(module)} & CLIENTS_AND_SERVERS
    assert set() == known or room(module) in WITH_CLIENTS_AND_SERVERS


def test_long_modules_are_named(record_property: Callable[[str, object], None]) -> None:
    """It passes: a limit pushes code into odd places. But none may be long without being seen."""
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules().items()}
    long = {name: length for name, length in lengths.items() if length > LONG}
    record_property("modules over 500 lines", long)
    assert lengths


def test_nothing_heavy_is_imported_by_the_package_itself() -> None:
    """Client libraries are imported when a mock is entered, and not before."""
    at_once = {
        name.partition(".")[0]
        for module in modules()
        if room(module) not in WITH_CLIENTS_AND_SERVERS
        for node in ast.parse(modules()[module].read_text(encoding="utf-8")).body
        for name in _named(node, module)
    }
    assert at_once <= {*sys.stdlib_module_names, *PACKAGES, "multipart", "pytest", "faker"}


def test_each_test_has_its_sentence() -> None:
    """It says the behaviour, or why it matters, where the name alone doesn't."""
    without = [
        f"{path}:{node.lineno}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert [] == without
