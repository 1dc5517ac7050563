"""The files of the page for people: they lie in `page/`, and go out as they are."""

from functools import cache
from importlib import resources

PAGE_FILES = (
    "index.html",
    "page.css",
    "icon.svg",
    *("page.js", "requests.js", "request.js", "faults.js", "files.js", "stubs.js"),
    *("control.js", "snippets.js", "parts.js"),
)

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@cache
def page_file(name: str) -> tuple[str, bytes]:
    """The content type and the content of a file of the page."""
    content = resources.files("eugpt_files_mock").joinpath("admin", "static", name).read_bytes()
    return _TYPES[name.rpartition(".")[2]], content
