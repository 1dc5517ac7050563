"""Which file a test author means: its id, the `File` itself, or a pattern of filenames."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from ..errors import OptionError, quoted
from .messages import File


def file_id_of(label: str, value: object, files: Iterable[File]) -> str:
    """The id that this value stands for.

    Args:
        label: what the message calls it.
        value: an id, or a `File`.
        files: those that are stored: a filename of one of them was no id.

    Raises:
        OptionError: for what can't be an id.
    """
    if isinstance(value, File):
        return value.id
    if not isinstance(value, str):
        first = " The first one: list(mock.files)[0]." if isinstance(value, int) else ""
        raise OptionError(
            f"{label} must be the id of a file, or a File, got {quoted(value)}.{first} By the "
            "filename: mock.files.named('a.pdf'), a list.",
            word=value,
        )
    stored = list(files)
    if any(file.filename == value for file in stored) and all(file.id != value for file in stored):
        raise is_a_filename(label, value)
    return value


def is_a_filename(label: str, value: str) -> OptionError:
    """The error for the filename of a file, where its id was asked for."""
    return OptionError(
        f"{label} must be the id of a file, or a File, got the filename {quoted(value)}. "
        f"Did you mean mock.files.named({quoted(value)})? It gives a list of files.",
        word=value,
    )


def matches(pattern: str, filename: str | None) -> bool:
    """Whether the filename is the pattern, or fits it as in `fnmatch`."""
    # Equality comes first, so that a name with brackets can be given as it is. `fnmatch` itself
    # would ignore case on Windows.
    return filename is not None and (filename == pattern or fnmatchcase(filename, pattern))
