"""The words of the command line, as one table."""

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from ..version import __version__
from . import values, verify
from .fault_words import FORM


def parser() -> argparse.ArgumentParser:
    """The parser of `eugpt-files-mock`; what it parses has a `command`, or None without one."""
    # No abbreviations, here and below: one would change its meaning with the next new flag.
    made = OneLineParser(
        prog="eugpt-files-mock", description="A fake EU GPT Files API.", allow_abbrev=False
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = made.add_subparsers(metavar="command", dest="command")
    serve = commands.add_parser("serve", help="serve the API until Ctrl-C", allow_abbrev=False)
    for word, settings in SERVE.items():
        serve.add_argument(word, **settings)
    against = "hold a real endpoint against a profile"
    verifying = commands.add_parser("verify", help=against, allow_abbrev=False)
    for word, settings in verify.words().items():
        verifying.add_argument(word, **settings)
    commands.add_parser("faults", help="list the faults and their arguments", allow_abbrev=False)
    return made


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, and ends with status 2."""

    def error(self, message: str) -> NoReturn:
        sys.exit(refuse(message))


def say(message: str) -> None:
    # Some messages have several lines; scripts and log collectors read one.
    sys.stderr.write(f"eugpt-files-mock: {' '.join(message.split())}\n")
    sys.stderr.flush()


def refuse(message: str) -> int:
    """Say what is wrong; the exit status that goes with it."""
    say(message)
    return 2


# An option of `FilesMock` that isn't given is None, so that its own default applies.
SERVE: dict[str, dict[str, Any]] = {
    "--host": {"default": "127.0.0.1", "help": "address to bind (127.0.0.1)"},
    "--port": {"type": int, "default": 8080, "help": "0 takes a free one (8080)"},
    "--api-key": {
        "dest": "api_keys",
        "action": "append",
        "type": values.key,
        "metavar": "KEY[=USER]",
        "help": "accept this key, of this user; may be repeated (any key that starts with eugpt_)",
    },
    "--profile": {
        "metavar": "NAME|FILE",
        "help": "which service to imitate: eugpt, openai, or what verify saved (eugpt)",
    },
    "--no-auth": {
        "dest": "require_auth",
        "action": "store_false",
        "default": None,
        "help": "let requests without a key in",
    },
    "--fault": {
        "action": "append",
        "type": values.fault,
        "metavar": FORM,
        "help": "arm a fault, such as upload:503:times=2; may be repeated; see the command faults",
    },
    "--stub": {
        "action": "append",
        "type": values.stub,
        "metavar": "'METHOD /PATH=FILE'",
        "help": "answer another route with a file, such as 'POST /responses=answer.json'; "
        "may be repeated",
    },
    "--files": {"type": Path, "metavar": "DIR", "help": "begin with the files in DIR"},
    "--fake": {
        "type": int,
        "default": 0,
        "metavar": "N",
        "help": "begin with N invented documents",
    },
    "--isolate-by-key": {
        "action": "store_true",
        "default": None,
        "help": "each key is a world of its own: files, faults, stubs, calls, rate windows",
    },
    "--seed": {
        "type": values.seed,
        "help": "a number or a text; makes ids, documents and chances repeat",
    },
    "--max-file-bytes": {
        "type": values.size,
        "metavar": "N",
        "help": "refuse larger files, such as 10MB: 413",
    },
    "--max-total-bytes": {
        "type": values.size,
        "metavar": "N",
        "help": "refuse what takes a user over this: 403",
    },
    "--rate-limit": {
        "type": values.rate,
        "metavar": "REQUESTS/SECONDS",
        "help": "for each key, such as 10/60",
    },
    "--processing": {
        "type": values.processing,
        "metavar": "HOW",
        "help": "immediate, after_polls:2, after_seconds:1.5, fails:reason (immediate)",
    },
    "--pagination": {
        "choices": ("honoured", "ignored"),
        "help": "whether limit, after and order have an effect (honoured)",
    },
    "--unknown-fields": {
        "action": "store_true",
        "default": None,
        "help": "add members to the answers that no client knows",
    },
    "--admin-token": {
        "metavar": "T",
        "help": "what /__admin asks for; it is absent without one, unless the host is loopback. "
        "Better in the environment, as EUGPT_ADMIN_TOKEN: everybody can read a command line",
    },
    "--allow-host": {
        "dest": "allow_hosts",
        "action": "append",
        "default": [],
        "metavar": "NAME",
        "help": "a name that the server may be asked for, such as that of its container; "
        "may be repeated",
    },
    "--log": {
        "choices": ("text", "json", "none"),
        "default": "text",
        "help": "a line for each request, on standard error (text)",
    },
    "--check": {
        "action": "store_true",
        "help": "end with status 1 if a fault never fired, or an unknown route was called",
    },
    "--report": {
        "action": "store_true",
        "help": "at the end, print what the code under test did with the failures that it met; "
        "errors end with status 1",
    },
}
"""Argument → the words of `add_argument`. A `dest` that is an option of `FilesMock` sets it."""
