"""Invented documents: a Faker provider, with writers that need no library.

from eugpt_files_mock.documents import DocumentProvider

fake = Faker()
fake.add_provider(DocumentProvider)
fake.document(".pdf")

Importing this imports Faker; the rest of the package doesn't, until a document is asked for.
"""

from .provider import SUFFIXES, Document, DocumentProvider

__all__ = ["SUFFIXES", "Document", "DocumentProvider"]
