"""Sphinx: Markdown pages, as they can be read in the repository too."""

from importlib import metadata

project = "eugpt-files-mock"
release = version = metadata.version(project)
author = "the authors of eugpt-files-mock"
copyright = author  # noqa: A001 - Sphinx's word

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"eugpt-files-mock {release}"
html_copy_source = False
html_show_sphinx = False
