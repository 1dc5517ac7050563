"""Filename patterns, for options and for faults."""

from fnmatch import fnmatchcase


def matches(pattern: str, filename: str | None) -> bool:
    """Whether the filename is the pattern, or fits it as in `fnmatch`."""
    # Equality comes first, so that a name with brackets can be given as it is. `fnmatch` itself
    # would ignore case on Windows.
    return filename is not None and (filename == pattern or fnmatchcase(filename, pattern))
