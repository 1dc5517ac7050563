"""`python -m tests.docs.refresh` writes the generated parts of the pages anew."""

from .blocks import pages
from .generated import refreshed

for page in pages():
    text = refreshed(page)
    if text != page.read_text(encoding="utf-8"):
        page.write_text(text, encoding="utf-8")
