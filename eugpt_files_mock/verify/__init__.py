"""A real endpoint held against a profile: every scenario is tried, and what was seen compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..model.profile import BEHAVIOURS, Profile
from .endpoint import Endpoint, NotTried, ServiceFailed, check_access
from .report import Report, Row
from .scenarios import SCENARIOS, Run

Progress = Callable[[int, int, str], None]
"""Told of each scenario: how many are done, of how many, and which is next."""

_UNSEEN = {
    "base_url": "it is where the requests go",
    "key.prefix": "there is no second key to try",
    "errors.rate_limited": "the service isn't flooded on purpose",
    "errors.envelope": "the other refusals can't be provoked",
}


def groups() -> list[str]:
    """What `only` can name."""
    return list(dict.fromkeys(name.partition(".")[0] for name in BEHAVIOURS))


def verify(
    endpoint: Endpoint, profile: Profile, name: str, only: Iterable[str], progress: Progress
) -> Report:
    """Try every scenario, and delete what it made, also when it is interrupted.

    `only` names groups of behaviours; none means all. `progress` is told of each scenario.
    """
    wanted = {row for row in BEHAVIOURS if not only or row.partition(".")[0] in set(only)}
    try:
        check_access(endpoint)
        seen = dict(_seen(Run(endpoint, profile), wanted, progress))
    finally:
        left = endpoint.clean_up()
    rows = [_row(behaviour, profile, seen) for behaviour in BEHAVIOURS if behaviour in wanted]
    return Report(
        base_url=endpoint.base_url,
        profile=profile,
        name=name,
        rows=rows,
        requests=endpoint.sent,
        left=left,
    )


def _seen(run: Run, wanted: set[str], progress: Progress) -> Iterator[tuple[str, Any]]:
    scenarios = [one for one, behaviours in SCENARIOS.items() if wanted.intersection(behaviours)]
    for number, scenario in enumerate(scenarios):
        progress(number, len(scenarios), scenario.__name__.lstrip("_"))
        # A dict, as a set has no order, and a report has.
        missing = dict.fromkeys(SCENARIOS[scenario])
        try:
            for behaviour, value in scenario(run):
                missing.pop(behaviour)
                yield behaviour, value
        except NotTried as reason:
            yield from dict.fromkeys(missing, reason).items()
        # Scenarios read answers without checking their form. What is wrong with it shows here.
        except (KeyError, TypeError, ValueError, AttributeError, UnicodeError) as error:
            failed = ServiceFailed(f"the answer has another form: {type(error).__name__} {error}")
            yield from dict.fromkeys(missing, failed).items()
    progress(len(scenarios), len(scenarios), "done")


def _row(behaviour: str, profile: Profile, seen: Mapping[str, Any]) -> Row:
    expected = profile[behaviour]
    value = seen.get(behaviour, NotTried(_UNSEEN.get(behaviour, "the service shows nothing of it")))
    if isinstance(value, NotTried):
        verdict = "failed" if isinstance(value, ServiceFailed) else "untried"
        return Row(behaviour=behaviour, verdict=verdict, expected=expected, reason=str(value))
    row = BEHAVIOURS[behaviour]
    # Each has evidence of its own: the EU GPT documentation, or what OpenAI was seen to answer.
    mark = row.mark if profile.base == "eugpt" else row.grade
    is_known = mark in ("D", "REC", "SPEC")
    if value == expected:
        verdict = "holds" if is_known or behaviour in profile.recorded else "confirmed"
    elif behaviour in profile.recorded:
        verdict = "changed"
    else:
        verdict = "broken" if is_known else "wrong"
    return Row(behaviour=behaviour, verdict=verdict, expected=expected, seen=value)
