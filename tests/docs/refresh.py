"""`python -m tests.docs.refresh` writes what is generated anew: the messages, then the pages."""

from ..test_messages import CATALOGUE, catalogue
from .blocks import pages
from .generated import refreshed

# First, as pages quote them. What has changed there must be read (`git diff`).
CATALOGUE.write_text(catalogue(), encoding="utf-8")

for page in pages():
    text = refreshed(page)
    if text != page.read_text(encoding="utf-8"):
        page.write_text(text, encoding="utf-8")
