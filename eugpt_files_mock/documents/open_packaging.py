"""What `.docx` and `.xlsx` have in common: a zip of XML parts (ECMA-376, part 2)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from html import escape

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OPENXML = "application/vnd.openxmlformats-officedocument"
_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def text_element(name: str, text: str) -> str:
    """An element with text, in which spaces are kept."""
    return f'<{name} xml:space="preserve">{escape(text, quote=False)}</{name}>'


def package(main: str, parts: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The file; a reader begins with the part `main`.

    `parts` maps names to kinds, such as `wordprocessingml.document.main`, and contents. A part
    without a kind is recognised by its suffix.
    """
    kinds = {name: kind for name, (kind, _) in parts.items() if kind}
    entries = {
        "[Content_Types].xml": _content_types(kinds),
        "_rels/.rels": relationships("officeDocument", main),
        **{name: content for name, (_, content) in parts.items()},
    }
    return _zip(entries)


def relationships(kind: str, target: str) -> bytes:
    """The part that says where one other part is."""
    return (
        f'{XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/{kind}" Target="{target}"/>'
        "</Relationships>"
    ).encode()


def _content_types(kinds: Mapping[str, str]) -> bytes:
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_OPENXML}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return (
        f'{XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{overrides}</Types>"
    ).encode()


def _zip(entries: Mapping[str, bytes]) -> bytes:
    """Not compressed, with a fixed date and system, so that the bytes repeat."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, _FIRST_DAY_OF_ZIP)
            entry.create_system = 0
            archive.writestr(entry, content)
    return buffer.getvalue()
