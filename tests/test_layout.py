"""The layout is what `docs/design.md` says: imports point one way, modules are small."""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("eugpt_files_mock", "conftest_plugin")

LAYERS = (
    ("errors", "version"),
    ("base_urls", "checks", "content_types", "processing", "service.messages"),
    ("fault_values", "faults"),
    ("state",),
    ("service",),
    ("protocol",),
    ("edges",),
    ("documents", "inventions"),
    ("additions", "assembly", "call_lines", "options", "verification"),
    ("serving", "ways_in"),
    ("mock",),
    ("fault_words", "arguments"),
    ("__init__", "cli", "__main__", "conftest_plugin"),
)
"""From the ground up: a module imports from its own layer, and from those before it."""

CLIENTS_AND_SERVERS = {
    "aiohttp", "anyio", "httpx", "httpx2", "openai", "requests", "responses", "respx", "urllib3",
    "werkzeug",
}  # fmt: skip

MOST_LINES = 300


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


def layer(module: str) -> int:
    """The number of its layer; the longest name that fits is the one that counts."""
    name = module.removeprefix("eugpt_files_mock.").removesuffix(".__init__")
    fitting = [
        (len(named), number)
        for number, names in enumerate(LAYERS)
        for named in names
        if f"{name}.".startswith(f"{named}.")
    ]
    assert fitting, f"{module} has no layer: add it to the picture, and to docs/design.md"
    return max(fitting)[1]


@pytest.mark.parametrize("module", modules())
def test_imports_point_down(module: str) -> None:
    own = layer(module)
    assert [] == [other for other in ours(module) if layer(other) > own]


def test_there_is_no_cycle() -> None:
    """Not even one that only a type checker sees."""
    order = graphlib.TopologicalSorter({module: ours(module) for module in modules()})
    order.prepare()


@pytest.mark.parametrize("module", modules())
def test_clients_and_servers_are_known_to_the_edges_only(module: str) -> None:
    known = {name.partition(".")[0] for name in imports(module)} & CLIENTS_AND_SERVERS
    assert set() == known or ".edges." in module or module == "conftest_plugin.shared_server"


@pytest.mark.parametrize("module", modules())
def test_a_module_is_small(module: str) -> None:
    assert len(modules()[module].read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_nothing_heavy_is_imported_by_the_package_itself() -> None:
    """Client libraries are imported when a mock is entered, and not before."""
    imported = set()
    for module in modules():
        tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
        at_once = [name for node in tree.body for name in _named(node, module)]
        if (
            not {"edges", "protocol"} & set(module.split("."))
            and module != "conftest_plugin.shared_server"
        ):
            imported |= {name.partition(".")[0] for name in at_once}
    assert imported <= {*sys.stdlib_module_names, *PACKAGES, "multipart", "pytest", "faker"}
