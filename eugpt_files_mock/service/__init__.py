"""The fake API: values in, values out. What happens to a request is in `handle.py`.

Here is what a request needs: the rules of one fake service, and what changes while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import raised
from ..model.messages import Outcome, Request, WaitState
from ..options import Options
from ..state.armed_faults import ArmedFaults
from ..state.file_store import FileStore
from ..state.journal import Journal
from ..state.randomness import Randomness
from ..state.rate_limiter import RateLimiter
from ..state.stubs import Callbacks, Stubs
from .authentication import Access, identify
from .redaction import Redactor

_ANY_KEY = "mock_key"
"""Accepted after the prefix, as anything is when no keys are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that a request needs.

    With `isolate_by_key`, `tenants` has the services of the other keys; else it is None. `failures`
    has what functions of the test author raised, for the exit checks.
    """

    options: Options
    access: Access
    api_key: str = field(repr=False)
    files: FileStore
    armed: ArmedFaults
    journal: Journal
    rate_limiter: RateLimiter
    randomness: Randomness
    redactor: Redactor
    stubs: Stubs
    callbacks: Callbacks
    failures: list[str]
    tenants: dict[str, Service] | None = field(repr=False)

    @classmethod
    def from_options(cls, options: Options) -> Service:
        """The service that these options ask for, empty."""
        keys, profile = options.api_keys, options.profile
        request_id = profile["headers.request_id"] or "req_{hex:32}"
        journal = Journal(options.max_calls)
        randomness = Randomness(options.seed, profile["id.format"], request_id)
        api_key = next(iter(keys)) if keys else f"{profile['key.prefix']}{_ANY_KEY}"
        return cls(
            options=options,
            access=Access(
                users=keys,
                # A profile that doesn't refuse invalid keys accepts keys of any form, as does
                # require_auth=False.
                prefix=profile["key.prefix"]
                if options.require_auth and profile["errors.invalid_api_key"]
                else None,
                required=options.require_auth and profile["errors.missing_api_key"] is not None,
                default_user=None if keys is None else next(iter(keys.values())),
            ),
            api_key=api_key,
            files=FileStore(options.processing, options.clock, randomness.file_id),
            armed=ArmedFaults(),
            journal=journal,
            rate_limiter=RateLimiter(options.rate_limit, options.clock),
            randomness=randomness,
            redactor=Redactor(keys or (), api_key),
            stubs=Stubs(journal),
            callbacks=Callbacks(),
            failures=[],
            tenants={} if options.isolate_by_key else None,
        )

    @property
    def users(self) -> list[str]:
        """The users whose requests can come here: in a tenant, that of its key."""
        own = self.access.default_user
        if self.options.isolate_by_key:
            return [] if own is None else [own]
        return self.access.names

    def tenant(self, key: str) -> Service:
        """The tenant of an accepted key, where there are tenants: of `api_key`, this service."""
        assert self.tenants is not None  # noqa: S101 - the callers look
        if key == self.api_key:
            return self
        made = self.tenants.get(key)
        if made is None:
            # Another thread may have made it meanwhile: the first one counts.
            made = self.tenants.setdefault(key, self._empty_tenant(key))
        return made

    def _empty_tenant(self, key: str) -> Service:
        access = replace(self.access, default_user=(self.access.users or {}).get(key))
        # One redactor for all: it knows what was made secret later, such as the admin token.
        made = replace(
            Service.from_options(self.options),
            access=access,
            api_key=key,
            redactor=self.redactor,
            tenants=None,
        )
        made.journal.on_record = self.journal.on_record
        return made

    def tenant_of(self, request: Request) -> Service:
        """Where a request belongs, if there are tenants; without an accepted key, to this one."""
        identity = identify(request.headers.by_name.get("authorization", ""), self.access)
        if identity.key is None or identity.refusal is not None:
            return self
        return self.tenant(identity.key)

    def all_tenants(self) -> list[Service]:
        """The service itself and, with `isolate_by_key`, those of the other keys that were used."""
        return [self, *(self.tenants or {}).values()]

    def reset(self) -> None:
        """Drop all that has changed since the start. With a seed, all that is random repeats."""
        self.files.clear()
        self.randomness.restart()
        self.armed.clear()
        self.journal.clear()
        self.rate_limiter.clear()
        self.stubs.clear()
        self.callbacks.clear()
        self.failures.clear()

    def note_wait(self, outcome: Outcome, state: WaitState) -> None:
        """Keep how a client waits for a late answer, for the page and the verdict."""
        # The outcome doesn't say which tenant it came from; the others don't know its request.
        for tenant in self.all_tenants():
            tenant.journal.note_wait(outcome.request_id, state)

    def note_failure(self, what: str, error: BaseException) -> None:
        """Keep for the exit checks what a function of the test author raised."""
        # The text only: the error would keep the frames that it went through, and so the body.
        self.failures.append(raised(what, error))
