"""The Faker provider, as people use it in their own tests."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import httpx
import pytest
from faker import Faker

from eugpt_files_mock import FilesMock, OptionError
from eugpt_files_mock.documents import SUFFIXES, DocumentProvider
from eugpt_files_mock.model.headers import CONTENT_TYPES

from .readers import READERS, read_pdf

LOCALES = ("en_US", "de_DE", "ja_JP", "ar_AA", "ru_RU", "hi_IN")


def faker(seed: int = 7, locale: str = "en_US") -> Faker:
    fake = Faker(locale)
    fake.add_provider(DocumentProvider)
    fake.seed_instance(seed)
    return fake


@pytest.fixture
def fake() -> Faker:
    return faker()


def test_every_suffix_has_a_reader_in_these_tests() -> None:
    """A new kind of document can't be added without a test that opens it."""
    assert set(READERS) == set(SUFFIXES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_content_type_is_ours_and_not_the_machines(suffix: str) -> None:
    """The tables of machines differ, so a new kind has a line of its own in `headers.py`."""
    assert suffix in CONTENT_TYPES


def test_the_docstring_names_suffixes() -> None:
    """An editor shows it where `fake_file` is written: none is wrong, and it says where all are."""
    shown = (FilesMock.fake_file.__doc__ or "").partition("size:")[0]
    named = re.findall(r"(?<=[` ])\.[a-z]+", shown)
    assert named
    assert set(named) <= set(SUFFIXES)
    assert "`eugpt_files_mock.documents.SUFFIXES`" in shown


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_opens_in_a_real_reader_and_has_something_to_read(suffix: str, locale: str) -> None:
    """In non-Western scripts too, and each of five documents has another text."""
    read = READERS[suffix]
    texts = {read(document.content) for document in _several(faker(locale=locale), suffix)}
    assert len(texts) == 5, "each is another"
    assert all(len(text) > 15 for text in texts)


def _several(fake: Faker, suffix: str) -> list:
    return [fake.document(suffix) for _ in range(5)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_repeats_with_fakers_seed(suffix: str) -> None:
    """Byte for byte; another seed gives another document."""
    assert faker(7).document(suffix) == faker(7).document(suffix)
    assert faker(7).document(suffix) != faker(8).document(suffix)


@pytest.mark.parametrize("suffix", [".docx", ".xlsx"])
def test_a_zip_is_dated_on_a_fixed_day(fake: Faker, suffix: str) -> None:
    """With the current time in it, the bytes would differ in each run."""
    entries = zipfile.ZipFile(BytesIO(fake.document(suffix).content)).infolist()
    assert {(1980, 1, 1, 0, 0, 0)} == {entry.date_time for entry in entries}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_name_is_plain_and_ends_in_the_suffix(suffix: str, locale: str) -> None:
    """ASCII letters, digits and hyphens, whatever the script of the company's name."""
    name = faker(locale=locale).document_name(suffix)
    stem = name.removesuffix(suffix)
    assert stem != name
    assert stem.replace("-", "").isalnum()
    assert stem == stem.lower().encode("ascii", "ignore").decode().strip("-")


def test_a_document_is_called_as_its_name_would_be() -> None:
    """With the same seed; so the name alone can be invented, without the content."""
    assert faker().document_name(".csv") == faker().document(".csv").filename


def test_a_pdf_says_in_latin_what_its_font_cannot_show() -> None:
    """It embeds no font, and Helvetica has no Japanese characters."""
    text = read_pdf(faker(locale="ja_JP").document(".pdf").content)
    assert text.isascii()
    assert "?" not in text
    assert len(text) > 500, "nothing is left out"


def test_a_pdf_shows_western_letters_and_brackets() -> None:
    """Brackets and backslashes have a meaning in PDF, so they are escaped."""
    fake = faker(locale="fr_FR")
    fake.add_provider(_Brackets)
    text = read_pdf(fake.document(".pdf").content)
    assert r"Où (déjà) \ là-bas" in text


class _Brackets(DocumentProvider):
    def paragraph(self, nb_sentences: int) -> str:
        return r"Où (déjà) \ là-bas"


@pytest.mark.parametrize("suffix", sorted(set(SUFFIXES) - {".png"}))
def test_signs_that_mean_something_to_a_format_come_out_as_they_went_in(suffix: str) -> None:
    """Such as `&` in XML, quotes and commas in CSV; a PNG shows no text."""
    fake = faker()
    fake.add_provider(_Signs)
    text = READERS[suffix](fake.document(suffix).content)
    assert _Signs.SAID in text
    assert _Signs.COMPANY in text or suffix not in WITH_A_TITLE


WITH_A_TITLE = (".pdf", ".docx", ".json", ".txt", ".md", ".html")


class _Signs(DocumentProvider):
    COMPANY = "Salt & <Pepper>"
    SAID = 'Salt & <b>pepper</b>, "so" to say; 100% %d {x}'

    def paragraph(self, nb_sentences: int) -> str:
        return self.SAID

    def sentence(self) -> str:
        return self.SAID

    def company(self) -> str:
        return self.COMPANY


def test_goes_into_an_upload_as_it_is(fake: Faker) -> None:
    """For a file, httpx takes a tuple of filename, content and content type."""
    document = fake.document(".xlsx")
    with FilesMock() as mock:
        httpx.post(
            f"{mock.base_url}/files",
            headers={"Authorization": f"Bearer {mock.api_key}"},
            data={"purpose": "assistants"},
            files={"file": document},
        ).raise_for_status()
        mock.assert_uploaded(document.filename, content=document.content)
        assert document.content_type == mock.calls.last.content_type


@pytest.mark.parametrize("invent", ["document", "document_name"])
def test_an_unknown_suffix_is_refused_with_the_nearest(fake: Faker, invent: str) -> None:
    """By both methods, whether the document or only its name is asked for."""
    with pytest.raises(OptionError, match=r"Unknown suffix '\.docs'\. Did you mean '\.docx'\?"):
        getattr(fake, invent)(".docs")
