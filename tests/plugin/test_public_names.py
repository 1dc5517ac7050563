"""The plugin is built of what every user has."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import conftest_plugin

MODULES = sorted(Path(conftest_plugin.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_plugin_uses_only_public_names_of_the_package(path: Path) -> None:
    """Names in the `__all__` of a module, and no private attribute of anything but itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("eugpt_files_mock"):
            public = importlib.import_module(str(node.module)).__all__
            assert {alias.name for alias in node.names} <= {*public}
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            assert node.attr.startswith("__") or getattr(node.value, "id", "") == "self"
