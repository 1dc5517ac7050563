"""Sphinx: Markdown pages, and a reference that is read from the package's own tables."""

import logging
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # the tables, and the tests that they are read from

project = "eugpt-files-mock"
release = version = metadata.version(project)
author = "the authors of eugpt-files-mock"
copyright = author  # noqa: A001 - Sphinx's word

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference_tables"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "code"  # the docstrings' single backticks
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_use_rtype = False

for client in ("httpx", "httpx2"):  # they report each request that the reference is measured with
    logging.getLogger(client).setLevel(logging.WARNING)

html_theme = "furo"
html_title = f"eugpt-files-mock {release}"
html_copy_source = False
html_show_sphinx = False
