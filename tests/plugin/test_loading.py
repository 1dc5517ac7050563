"""However the plugin is asked for, it is there once; and not where nobody wants it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import WITHOUT_OTHERS

TEST = "def test_it(eugpt_files): assert eugpt_files.base_url"


def said(folder: Path, *words: str) -> str:
    """What pytest says about the test, with our plugin as after `pip install`."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *WITHOUT_OTHERS,
        *words,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "conftest"),
    [
        ((), ""),
        (("-p", "conftest_plugin"), ""),
        (("-p", "conftest_plugin", "-p", "conftest_plugin"), ""),
        ((), "pytest_plugins = ['conftest_plugin']"),
        (("-p", "conftest_plugin"), "pytest_plugins = 'conftest_plugin'"),
    ],
)
def test_it_may_be_named_although_it_is_loaded(
    tmp_path: Path, words: tuple[str, ...], conftest: str
) -> None:
    """A project that has used it without the entry point goes on."""
    (tmp_path / "test_it.py").write_text(TEST)
    (tmp_path / "conftest.py").write_text(conftest)
    assert "1 passed" in said(tmp_path, *words)


def test_it_may_be_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is read after the entry points."""
    monkeypatch.setenv("PYTEST_PLUGINS", "conftest_plugin")
    (tmp_path / "test_it.py").write_text(TEST)
    assert "1 passed" in said(tmp_path)


@pytest.mark.parametrize("words", [(), ("--eugpt-verdict=report",), ("--eugpt-allow-network",)])
def test_a_module_of_the_project_does_not_hide_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Its name is `conftest_plugin` too, and it comes first on the path."""
    (tmp_path / "conftest_plugin.py").write_text("")
    (tmp_path / "test_it.py").write_text(TEST)
    assert "1 passed" in said(tmp_path, *words)


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    """Also where a module of the project has its name."""
    (tmp_path / "test_it.py").write_text(TEST)
    for _ in range(2):
        assert "fixture 'eugpt_files' not found" in said(tmp_path, "-p", "no:eugpt_files_mock")
        (tmp_path / "conftest_plugin.py").write_text("")
