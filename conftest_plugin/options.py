"""The options of a fixture's mock: those of the suite, the markers, the parameter of the test."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

import pytest

MARKER = "eugpt_files"
_FIXTURES = ("eugpt_files_server", "eugpt_files_options")

_LIKE_OURS = 0.8
"""Of difflib's ratio: `eugpt_file` and `eugptfiles` are, a marker `eugpt` is somebody's own."""


class WrongOptions(Exception):
    """What the test author wrote can't be options."""


def check_markers(item: pytest.Item) -> None:
    """Nothing that is meant for us is ignored."""
    for marker in item.iter_markers():
        if marker.name in _FIXTURES or _is_near_miss(marker.name, item.config):
            raise WrongOptions(
                f"@pytest.mark.{marker.name} isn't a marker. Did you mean "
                f"@pytest.mark.{MARKER}(**options)? It is for both fixtures, eugpt_files and "
                "eugpt_files_server."
            )


def _is_near_miss(name: str, config: pytest.Config) -> bool:
    if name == MARKER or difflib.SequenceMatcher(None, name, MARKER).ratio() < _LIKE_OURS:
        return False
    # A marker that is registered is somebody's own, however much it is like ours.
    return not any(re.split("[:(]", line)[0].strip() == name for line in config.getini("markers"))


def options_for(request: pytest.FixtureRequest, suite: Any) -> dict[str, Any]:
    """The options for this request of a fixture; the nearest wins."""
    words = _mapping("the fixture eugpt_files_options must return", suite)
    for marker in _markers(request.node):
        if marker.args or not marker.kwargs:
            given = repr(marker.args[0]) if marker.args else "none"
            raise WrongOptions(
                f"@pytest.mark.{MARKER} takes options by name, got {given}. "
                "To use a mock, ask for the fixture eugpt_files."
            )
        words |= marker.kwargs
    parameter = getattr(request, "param", {})
    words |= _mapping(f"parametrize({request.fixturename!r}, …, indirect=True) takes", parameter)
    return words | {"environ": _with_eugpt(words.get("environ", ()))}


def _markers(item: pytest.Item) -> list[pytest.Mark]:
    """The farthest first; those of a parameter come last, as they say more than the function's."""
    of_parameter = getattr(getattr(item, "callspec", None), "marks", ())
    markers = list(item.iter_markers(MARKER))[::-1]
    return sorted(markers, key=lambda marker: any(marker is near for near in of_parameter))


def _mapping(what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongOptions(f"{what} a dict of options, such as {{'seed': 7}}; got {value!r}.")
    return dict(value)


def _with_eugpt(asked: Any) -> Any:
    # The fixtures always set EUGPT_API_KEY and EUGPT_BASE_URL, whatever else is asked for. What is
    # no collection of names is left as it is, for FilesMock to refuse.
    if isinstance(asked, str):
        return ("eugpt", asked)
    return ("eugpt", *asked) if isinstance(asked, (tuple, list, set, frozenset)) else asked
