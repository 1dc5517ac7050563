"""Sphinx: Markdown pages that can be read in the repository too, and the API from docstrings."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "eugpt-files-mock"
release = version = metadata.version(project)
author = "the authors of eugpt-files-mock"
copyright = author  # noqa: A001 - Sphinx's word

extensions = [
    "accessible",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "plain_builtins",
    "search_numbers",
    "summaries",
]
exclude_patterns = ["_extensions"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

# In docstrings, single backticks are code, and a link where they name something.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_attr_annotations = True

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = f"eugpt-files-mock {release}"
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
html_js_files = ["tables.js"]
html_copy_source = False
html_show_sphinx = False
