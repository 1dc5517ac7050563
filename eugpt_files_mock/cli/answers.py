"""Answers of other routes, from files that the command line names."""

import json
from pathlib import Path

from ..errors import OptionError
from ..mock import FilesMock
from ..model.headers import content_type_of
from ..model.stubs import NULL


def answer_with_file(mock: FilesMock, method: str, path: str, file: Path) -> None:
    """JSON from a file that ends so; of any other the bytes, with the content type of its name."""
    content = file.read_bytes()
    if file.suffix != ".json":
        headers = {"Content-Type": content_type_of(file.name)}
        mock.stub(method, path, body=content, headers=headers)
        return
    try:
        value = json.loads(content)
    except ValueError as error:
        raise OptionError(f"argument --stub: {str(file)!r}: {error}", word=file) from None
    # json=None means that no JSON is given; a file may hold `null`.
    mock.stub(method, path, json=NULL if value is None else value)
