"""What `eugpt-files-mock faults` prints: each fault, its arguments, and what it does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from ..faults import FAULTS, connection_refused
from .fault_words import FORM


def fault_lines() -> Iterator[str]:
    """The lines; arguments without `=` are required."""
    for name, function in FAULTS.items():
        words = [
            parameter.name
            if parameter.default is parameter.empty
            else f"{parameter.name}={parameter.default}"
            for parameter in inspect.signature(function).parameters.values()
        ]
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        only = " (In process only.)" if function is connection_refused else ""
        yield f"{' '.join([name, *words])}\n    {summary}{only}"
    yield ""
    yield f"On the command line: --fault '{FORM}', such as"
    yield "    --fault upload:503:times=2    --fault list,retrieve:delay:seconds=1.5"
