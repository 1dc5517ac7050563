"""The public names as Markdown: their signatures, and what their docstrings say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pkgutil import resolve_name
from textwrap import dedent
from typing import Any

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns):")
_ITEM = re.compile(r"(\w+): (.+)")
_BLOCK = re.compile(r"::\n\n((?: {4}.*\n|\n)+)")
_ALIGNED_COMMENT = re.compile(" {3,}#")
_TITLES = {"Args": "Arguments"}
_WIDTH = 88
_PACKAGE = "eugpt_files_mock"
_BEFORE_BARE_STAR = inspect.Parameter.KEYWORD_ONLY
_STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def described(dotted: str) -> str:
    """A class with its public members, or a function."""
    named = resolve_name(dotted)
    name = dotted.rpartition(".")[2]
    if inspect.isclass(named):
        return "\n\n".join([f"### {name}", _prose(named.__doc__), *_members(name, named)])
    return "\n\n".join([f"### {name}", _signature(name, named), _prose(named.__doc__)])


def _members(owner: str, named: type) -> Iterator[str]:
    ours = [kind for kind in reversed(named.__mro__) if kind.__module__.startswith(_PACKAGE)]
    members = {name: member for kind in ours for name, member in vars(kind).items()}
    for name, member in members.items():
        if not name.startswith("_") and (kind := _kind(member)):
            yield f"#### {owner}.{name}"
            yield kind(name, member)


def _kind(member: object) -> Callable[[str, Any], str] | None:
    """How such a member is written; None for what has no docstring of its own."""
    if inspect.isfunction(member):
        return _method
    return _property if isinstance(member, (property, cached_property)) else None


def _method(name: str, member: Callable[..., object]) -> str:
    return f"{_signature(name, member)}\n\n{_prose(member.__doc__)}"


def _property(name: str, member: property | cached_property[object]) -> str:
    getter = member.func if isinstance(member, cached_property) else member.fget
    assert getter is not None
    return f"```python\n{name}: {getter.__annotations__['return']}\n```\n\n{_prose(getter.__doc__)}"


def _signature(name: str, function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    words = list(_parameters(signature.parameters.values()))
    end = f") -> {signature.return_annotation}"
    line = f"{name}({', '.join(words)}{end}"
    if len(line) > _WIDTH:
        line = "\n".join([f"{name}(", *(f"    {word}," for word in words), end])
    return f"```python\n{line}\n```"


def _parameters(parameters: Iterable[inspect.Parameter]) -> Iterator[str]:
    starred = False
    for one in parameters:
        if one.name == "self":
            continue
        if one.kind is _BEFORE_BARE_STAR and not starred:
            starred = True
            yield "*"
        default = "" if one.default is inspect.Parameter.empty else f" = {one.default!r}"
        yield f"{_STARS.get(one.kind, '')}{one.name}: {one.annotation}{default}"


def _prose(docstring: str | None) -> str:
    """The docstring: sections become lists, and what follows `::` a block."""
    text = _BLOCK.sub(_block, inspect.cleandoc(docstring or "") + "\n")
    return "\n".join(_markdown(text.splitlines())).strip()


def _block(found: re.Match[str]) -> str:
    code = _ALIGNED_COMMENT.sub("  #", dedent(found[1]).strip())
    return f":\n\n```python\n{code}\n```\n\n"


def _markdown(lines: Iterable[str]) -> Iterator[str]:
    section = None
    for line in lines:
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
            yield from (_TITLES.get(section, section) + ":", "")
        else:
            yield _in_section(line) if section else line


def _in_section(line: str) -> str:
    """An item, a line that goes on with one, or the text of `Returns`."""
    item = _ITEM.fullmatch(line[4:])
    return f"- `{item[1]}`: {item[2]}" if item else f"  {line.lstrip()}".rstrip()
