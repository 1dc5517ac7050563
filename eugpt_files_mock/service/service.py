"""One fake service: its rules, and what changes while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..options import Options
from ..state.armed_faults import ArmedFaults
from ..state.callbacks import Callbacks
from ..state.file_store import FileStore
from ..state.journal import Journal
from ..state.randomness import Randomness
from ..state.rate_limiter import RateLimiter
from ..state.stubs import Stubs
from .authentication import Access
from .redaction import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that a request needs.

    Attributes:
        options: the rules.
        access: whose keys are accepted.
        files: the stored files.
        armed: the armed faults.
        journal: the calls.
        rate_limiter: how many requests each key may still make.
        randomness: ids and chance.
        redactor: takes keys out of what is kept.
        stubs: answers for routes beside the Files API.
        callbacks: what the test author wants to be called after an operation.
        failures: what functions of the test author have raised; the exit checks say it.
    """

    options: Options
    access: Access
    files: FileStore
    armed: ArmedFaults
    journal: Journal
    rate_limiter: RateLimiter
    randomness: Randomness
    redactor: Redactor
    stubs: Stubs
    callbacks: Callbacks
    failures: list[str]

    @classmethod
    def from_options(cls, options: Options) -> Service:
        """The service that these options ask for, empty."""
        keys, profile = options.api_keys, options.profile
        request_id = profile["headers.request_id"] or "req_{hex:32}"
        journal = Journal(options.max_calls)
        return cls(
            options=options,
            access=Access(
                users=keys,
                prefix=profile["key.prefix"] if profile["errors.invalid_api_key"] else None,
                required=options.require_auth and profile["errors.missing_api_key"] is not None,
                default_user=None if keys is None else next(iter(keys.values())),
            ),
            files=FileStore(options.processing, options.clock),
            armed=ArmedFaults(),
            journal=journal,
            rate_limiter=RateLimiter(options.rate_limit, options.clock),
            randomness=Randomness(options.seed, profile["id.format"], request_id),
            redactor=Redactor(keys or ()),
            stubs=Stubs(journal),
            callbacks=Callbacks(),
            failures=[],
        )

    def reset(self) -> None:
        """Drop all that has changed since the start. With a seed, ids and chances begin anew."""
        self.files.clear()
        self.randomness.restart()
        self.armed.clear()
        self.journal.clear()
        self.rate_limiter.clear()
        self.stubs.clear()
        self.callbacks.clear()
        self.failures.clear()

    def note_failure(self, what: str, error: BaseException) -> None:
        """Keep for the exit checks what a function of the test author raised.

        The text only: the error would keep the frames that it went through, and so the body.
        """
        self.failures.append(f"{what} raised {type(error).__name__}: {error}")
