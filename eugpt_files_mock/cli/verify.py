"""The command: `eugpt-files-mock verify`, a real endpoint held against a profile."""

import argparse
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ..errors import FilesMockError, OptionError, check_words
from ..model.base_urls import check_user_info
from ..model.profile import as_profile
from ..model.secret_names import REDACTED
from .arguments import Words, check_timeout, fail


def arguments() -> dict[str, Words]:
    # A function, as the environment is read when the command runs.
    return {
        "--base-url": {
            # A variable that is empty is as one that isn't set.
            "default": os.environ.get("EUGPT_BASE_URL") or None,
            "help": "where (EUGPT_BASE_URL, else the profile's)",
        },
        "--api-key": {
            "default": os.environ.get("EUGPT_API_KEY"),
            "help": "never printed or saved (EUGPT_API_KEY)",
        },
        "--profile": {"default": "eugpt", "help": "eugpt, openai, or a profile file (eugpt)"},
        "--only": {"nargs": "+", "metavar": "GROUP", "default": [], "help": "such as upload list"},
        "--save": {"type": Path, "metavar": "FILE", "help": "write a profile with what was seen"},
        "--format": {"choices": ("text", "json", "junit"), "default": "text"},
        "--timeout": {"type": float, "default": 30.0, "metavar": "S", "help": "seconds (30)"},
    }


def run(given: argparse.Namespace) -> int:
    """The exit status is 0 when all is as the profile says, 1 if not, 2 when it couldn't run."""
    try:
        return _verified(given)
    except (FilesMockError, OSError) as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "interrupted."
    if given.api_key:
        reason = reason.replace(given.api_key, REDACTED)
    return fail(reason)


def _verified(given: argparse.Namespace) -> int:
    # Late: it imports httpx, which `serve` doesn't need.
    from ..verify import check_folder, groups, verify
    from ..verify.endpoint import CannotRun, Endpoint

    profile = as_profile("profile", given.profile)
    _check(given, groups())
    if given.save:
        # Before a hundred requests are sent, not after.
        check_folder(given.save)
    endpoint = Endpoint(given.base_url or profile["base_url"][0], given.api_key, given.timeout)
    # `main` may have been called by another program, which goes on afterwards.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        report = verify(endpoint, profile, given.profile, given.only, _progress)
    except KeyboardInterrupt:
        deleted = "what was uploaded has been deleted."
        became = deleted if endpoint.is_clean else _may_be_left(endpoint.token)
        raise CannotRun(f"interrupted; {became}") from None
    finally:
        signal.signal(signal.SIGTERM, before)
    forms = {"text": report.as_text, "json": report.as_json, "junit": report.as_junit}
    sys.stdout.write(f"{forms[given.format]()}\n")
    beyond = report.save(given.save) if given.save else []
    if beyond:
        sys.stderr.write(f"Not saved, as the mock can't do it: {', '.join(beyond)}\n")
    if report.left:
        sys.stderr.write(f"Could not be deleted: {', '.join(report.left)}\n")
    elif not endpoint.is_clean:
        sys.stderr.write(f"An upload got no answer; {_may_be_left(endpoint.token)}\n")
    return 0 if report.is_ok else 1


def _may_be_left(token: str) -> str:
    return f"files may be left: those with {token!r} in their names."


def _check(given: argparse.Namespace, groups: list[str]) -> None:
    if given.base_url is not None:
        # Not the profile's in its place: the key is not for the real service.
        if not given.base_url.strip():
            raise OptionError("--base-url is empty: give the URL, or leave it out.", word="")
        # It would be printed, and saved in the profile.
        check_user_info("--base-url", given.base_url)
    if not given.api_key:
        raise OptionError("verify needs a key: --api-key, or EUGPT_API_KEY.", word=None)
    # A key that was read from a file may end with a line break, which no header can have.
    if not re.fullmatch("[!-~]+", given.api_key):
        raise OptionError("The key must be visible ASCII characters, without spaces.", word=None)
    check_timeout(given.timeout)
    check_words("group", given.only, groups)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends it as Ctrl-C does: what was uploaded is deleted first."""
    raise KeyboardInterrupt


def _progress(done: int, total: int, name: str) -> None:
    """A bar on a terminal, a line for each scenario elsewhere; on standard error."""
    if not sys.stderr.isatty():
        if done < total:
            sys.stderr.write(f"[{done + 1}/{total}] {name}\n")
        return
    bar = ("#" * (30 * done // total)).ljust(30)
    sys.stderr.write(f"\r[{bar}] {done}/{total} {name:<12}" + ("\n" if done == total else ""))
    sys.stderr.flush()
