"""Loads the pytest plugin although a module of the project hides it.

The plugin is the package `conftest_plugin`. Where a project has a module of that name, which comes
first on `sys.path`, the entry point loads that one. This package has an entry point too, and a name
that nobody else has.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_PLUGIN = Path(__file__).parents[1] / "conftest_plugin" / "__init__.py"
_NAME = "eugpt_files_mock_plugin.hidden"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """When the entry points are loaded, and the options aren't read yet."""
    manager = early_config.pluginmanager
    files = {getattr(plugin, "__file__", None) for plugin in manager.get_plugins()}
    # Somebody may not want it: -p no:eugpt_files_mock.
    if str(_PLUGIN) not in files and not manager.is_blocked("eugpt_files_mock"):
        manager.register(_loaded(), _NAME)


def _loaded() -> ModuleType:
    if _NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _NAME, _PLUGIN, submodule_search_locations=[str(_PLUGIN.parent)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"there is no plugin in {_PLUGIN}")
        sys.modules[_NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_NAME])
    return sys.modules[_NAME]
