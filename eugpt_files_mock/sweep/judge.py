"""What a person would say of one run with a failure, as one table of questions."""

from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from traceback import walk_tb

from ..errors import FilesMockError
from ..verdict.verdict import RULES
from .plan import Failure, Planned
from .runs import Baseline, Run, count_files, error_findings, file_names

_BUGS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    TypeError,
)
"""Of Python itself: an exception that an application derives from one of these was meant."""

REASONS = (
    "bug",
    "unexpected_error",
    "failed_check",
    "exit_check",
    "other_files",
    "other_result",
    "file_left",
    "duplicate_post",
    "endless",
    "gave_up",
    *(
        rule.kind
        for rule in RULES
        if rule.level == "error" and not rule.is_about_time and rule.kind != "duplicate_post"
    ),
)
"""The words that `allow` takes, beside cells."""


class Stopped(Exception):
    """A program of the command failed, or didn't end; `reason` is one of `REASONS`, or empty."""

    def __init__(self, reason: str, text: str, cure: str = "") -> None:
        super().__init__(text)
        self.reason, self.cure = reason, cure


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is wrong: a word of `REASONS`, what happened, and how to mend it.

    `way` is what other runs in which the same mistake shows have in common with it; if empty, the
    text.
    """

    kind: str
    text: str = ""
    cure: str = ""
    way: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One run with a failure, and what it is compared with."""

    run: Run
    baseline: Baseline
    failure: Failure
    planned: Planned
    expect: tuple[type[BaseException], ...]


def judged(compared: Comparison, *, strict: bool) -> tuple[str, list[Reason]]:
    """The outcome, and what is wrong."""
    reasons = [reason for question in _QUESTIONS for reason in question(compared)]
    if reasons:
        return "WRONG", reasons
    if compared.run.error is None:
        return "ok", []
    if not compared.planned.may_pass:
        return "raised", []
    if strict:
        text = f"{_told(compared.run.error)} after a failure that may pass"
        return "WRONG", [Reason("gave_up", text, _AGAIN)]
    return "gave up", []


def _raised(compared: Comparison) -> Iterator[Reason]:
    error, expect = compared.run.error, compared.expect
    if error is None or compared.run.is_endless:
        return
    if isinstance(error, Stopped):
        if error.reason:
            yield Reason(error.reason, str(error), error.cure or _cure(error.reason, compared))
        return
    for one in _leaves(error):
        kind = None if isinstance(one, expect) else _kind(one, expects=bool(expect))
        if kind is not None:
            place = _place(one)
            way = f"{type(one).__name__}{place}" if place else ""
            yield Reason(kind, f"raised {_described(one)}{place}", _cure(kind, compared), way)


_AGAIN = (
    "try again a few times, with a pause; what makes something, after a look whether it was made."
)
_CURES = {
    "failed_check": "let the code raise what went wrong (raise_for_status(), and no error "
    "swallowed), or assert only what holds under every failure.",
    "unexpected_error": "raise one of those that are expected (raise … from error), or name it in "
    "expect=.",
}
_CURES_OF_BUGS = dict.fromkeys(
    ("busy", "error", "denied", "outage"),
    "look at the status before the answer is read (raise_for_status(), curl --fail).",
) | {
    "broken": "an answer may be no JSON, or lack what is read from it: catch that where it is "
    "read, and raise an error of your own."
}


def _cure(kind: str, compared: Comparison) -> str:
    """What helps where no rule of the verdict says it."""
    if kind == "bug":
        return _CURES_OF_BUGS.get(
            compared.failure.name,
            "let the error of the call out, and use nothing that it should have given.",
        )
    if kind in _CURES:
        return _CURES[kind]
    if any(record.call.fault == "corrupted" for record in compared.run.records):
        return "only a checksum tells that a download was altered: compare it, or allow this."
    return (
        "let the error out that was swallowed, and look at the status of every answer "
        "(raise_for_status(), curl --fail)."
    )


def _kind(error: BaseException, *, expects: bool) -> str | None:
    """The reason for which an exception is wrong, or None."""
    if is_check(error):
        return "failed_check"
    # One of ours says that the test itself is wrong: the exit checks tell that.
    if isinstance(error, (FilesMockError, SystemExit)):
        return None
    if type(error).__module__ == "builtins" and isinstance(error, _BUGS):
        return "bug"
    return "unexpected_error" if expects else None


def _endless(compared: Comparison) -> Iterator[Reason]:
    if compared.run.is_endless:
        yield Reason(
            "endless",
            compared.run.endless,
            "end every loop after some attempts, or some time, and let the last error out; and let "
            "nobody wait for a thread or task that may have failed.",
            # What it did, such as `made` or `slept`: the numbers may differ.
            compared.run.endless.partition(" ")[0],
        )


def _exit_checks(compared: Comparison) -> Iterator[Reason]:
    for problem in compared.run.problems:
        first, _, rest = problem.partition("\n")
        cures = [line for line in rest.splitlines() if line.startswith("To fix it: ")]
        yield Reason("exit_check", first, cures[0].removeprefix("To fix it: ") if cures else "")


def _verdict(compared: Comparison) -> Iterator[Reason]:
    for finding in error_findings(compared.run.verdict):
        if finding.kind not in compared.baseline.kinds:
            lines = finding.message.splitlines()
            cure = lines[-1].removeprefix("To fix it: ") if len(lines) > 1 else ""
            yield Reason(finding.kind, lines[0].rstrip("."), cure)


def _files(compared: Comparison) -> Iterator[Reason]:
    run, baseline = compared.run, compared.baseline
    key = baseline.file_key
    if run.error is not None or run.is_endless or key is None:
        return
    missing = baseline.files - count_files(key, run.files)
    if missing:
        text = f"went on as if nothing was, but without {file_names(missing)}"
        yield Reason("other_files", text, _cure("other_files", compared))
    told = {finding.kind for finding in error_findings(run.verdict)}
    more = count_files(key, run.left) - baseline.left
    # What an outage leaves can't be cleared; and two files of one are told by the verdict.
    if more and not compared.planned.goes_on and not told & {"duplicate_upload", "orphan_left"}:
        text = f"went on as if nothing was, but left {file_names(more)} more"
        yield Reason("other_files", text, _cure("other_files", compared))


def _result(compared: Comparison) -> Iterator[Reason]:
    run = compared.run
    if run.error is None and not run.is_endless and not compared.baseline.is_same_result(run):
        shown = repr(compared.baseline.differing(run))
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        text = f"went on as if nothing was, with another result: {shown}"
        yield Reason("other_result", text, _cure("other_result", compared))


def _litter(compared: Comparison) -> Iterator[Reason]:
    """New files of a program that failed: half a download, say."""
    run, usual = compared.run, compared.baseline.result
    if not isinstance(run.error, Stopped) or _is_stopped(run):
        return
    if isinstance(run.result, dict) and isinstance(usual, dict):
        known = {*usual, *compared.baseline.varying, "output"}
        made = [str(name) for name in run.result if name not in known]
        if made:
            yield Reason("other_result", f"failed, and left new files: {', '.join(made)}")


def _is_stopped(run: Run) -> bool:
    return run.is_endless or (isinstance(run.error, Stopped) and run.error.reason == "endless")


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, Stopped) else f"raised {_described(error)}"


def _left(compared: Comparison) -> Iterator[Reason]:
    run, baseline = compared.run, compared.baseline
    # What was stopped, or met an outage, could not clear up.
    if compared.planned.goes_on or _is_stopped(run):
        return
    if run.error is None or baseline.file_key is None:
        return
    known = [file for file in run.left if run.knew(file.id)]
    more = count_files(baseline.file_key, known) - baseline.left
    if more:
        names = file_names(more)
        yield Reason(
            "file_left",
            f"{_told(run.error)}, and left {names}, which it had uploaded",
            _NEXT_DELETE if run.records[-1].call.operation == "delete" else _DELETE,
            names,
        )


_DELETE = (
    "delete it in a finally (or except) that begins right after the upload, with nothing before "
    "the delete that can fail."
)
_NEXT_DELETE = (
    "a delete that fails must not keep the others from being tried: each in a try of its own, or "
    "in a contextlib.ExitStack."
)


def _posts(compared: Comparison) -> Iterator[Reason]:
    told = {finding.kind for finding in error_findings(compared.run.verdict)}
    if "duplicate_post" in told:
        return
    done = compared.run.posts
    for operation in done - compared.baseline.posts:
        usual = compared.baseline.posts[operation]
        # What is only sent after a failure repeats nothing: it undoes or reports, as a cancel does.
        if not usual:
            continue
        yield Reason(
            "duplicate_post",
            f"{operation} was carried out {done[operation]} times, and {usual} without a failure",
            "don't send it again after a lost answer (max_retries=0), or send an Idempotency-Key.",
        )


_QUESTIONS: tuple[Callable[[Comparison], Iterator[Reason]], ...] = (
    _endless,
    _raised,
    _exit_checks,
    _verdict,
    _files,
    _result,
    _litter,
    _left,
    _posts,
)


def is_check(error: BaseException) -> bool:
    """An assertion that failed: of the author, of ours, or pytest's `fail`."""
    return isinstance(error, AssertionError) or (
        type(error).__name__ == "Failed" and type(error).__module__ == "_pytest.outcomes"
    )


def ends_a_run(error: BaseException) -> bool:
    """Whether the code under test raised it; else it ends the whole program, or its test."""
    if isinstance(error, asyncio.CancelledError):
        return not _is_cancelled()
    return isinstance(error, (Exception, SystemExit)) or is_check(error)


def _is_cancelled() -> bool:
    """Whether somebody cancels the task in which the sweep runs; before 3.11 it can't be told."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True
    if task is None or sys.version_info < (3, 11):
        return True
    return task.cancelling() > 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group, else the one itself."""
    # Groups are built in since Python 3.11; before, the backport has the same attribute.
    grouped = getattr(error, "exceptions", None)
    if isinstance(grouped, tuple) and all(isinstance(one, BaseException) for one in grouped):
        for one in grouped:
            yield from _leaves(one)
    else:
        yield error


def _described(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0]
    first = first if len(first) <= 100 else first[:99] + "…"
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


_LIBRARIES = tuple(
    os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")
)


def _place(error: BaseException) -> str:
    """Where it was raised, or the last line of the author's own before that."""
    places = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if not os.path.realpath(frame.f_code.co_filename).startswith(_LIBRARIES)
        and not frame.f_globals.get("__name__", "").startswith("eugpt_files_mock.")
    ]
    return f" ({os.path.basename(places[-1][0])}:{places[-1][1]})" if places else ""
