"""What the store takes and gives, as data. Money is nano-dollars, time Unix seconds."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from service.store.periods import Unit
from specs.events import RunStatus
from specs.limits import NO_RATES, KeyRates
from specs.usage import Usage

UNLIMITED_CREDIT = 4 * 10**18
"""The credit of an account without a limit: four billion dollars, below the end of 64 bits."""


class Project(Struct, frozen=True):
    """The tenant."""

    id: str
    name: str
    created_at: int
    archived_at: int | None = None


class NewKey(Struct, frozen=True):
    """A key to be made; of its secret only the digest is kept."""

    id: str
    project: str
    name: str
    digest: bytes
    prefix: str
    last_four: str
    scopes: tuple[str, ...]
    account: str
    """Charged with what the key spends; opened where there is none of this id."""
    created_at: int
    agents: tuple[str, ...] | None = None
    """The agents it may use; None is every one."""
    expires_at: int | None = None
    user: str | None = None
    """Whose it is; neither is set where it is the project's own."""
    service_account: str | None = None
    on_users_account: bool = False
    """Charged to the account of its user in the project; `account` is for a user who has none yet."""


class KeyRecord(Struct, frozen=True):
    """A key as it is kept."""

    id: str
    project: str
    project_name: str
    name: str
    prefix: str
    last_four: str
    scopes: tuple[str, ...]
    agents: tuple[str, ...] | None
    """The agents it may use; None is every one."""
    account: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None = None
    """Up to a minute old; told by lists, not by the look-up of a request."""
    user: str | None = None
    """Whose it is; neither is set where it is the project's own."""
    service_account: str | None = None
    rates: KeyRates = NO_RATES
    """Its own limits; told by the look-up of a request."""
    denied: str | None = None
    """Why its owner may not use it now; told by the look-up of a request, whose `scopes` are no more than
    its owner's role allows."""

    @property
    def signed_in(self) -> bool:
        """Whether it is what a user's tokens spend by: no secret opens it, so none has an end."""
        return not self.last_four

    def valid(self, now: float) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Account(Struct, frozen=True):
    """A balance."""

    id: str
    project: str
    granted: int
    settled: int
    held: int
    credit_limit: int
    """How far beyond what was granted it may go; 0 is prepaid."""
    unlimited: bool
    created_at: int
    name: str = ""
    ceiling: int = 0
    """What settled and held may come to together now: the least that balance and spend limits allow."""
    day_limit: int | None = None
    day_base: int = 0
    """What was settled when the day began; so for the month."""
    day_ends: int = 0
    month_limit: int | None = None
    month_base: int = 0
    month_ends: int = 0
    low_balance: int | None = None
    """Less available than this is worth a warning."""
    low_since: int | None = None
    refill_amount: int | None = None
    refill_every: int | None = None
    refill_unit: Unit | None = None
    refill_anchor: int | None = None
    """The moment the periods of a refill are counted from."""
    refill_next: int | None = None

    @property
    def available(self) -> int | None:
        """What a new hold can take; None is without a limit."""
        return None if self.unlimited else self.granted + self.credit_limit - self.settled - self.held


class OpenHold(Struct, frozen=True):
    """A hold for one attempt, to be taken between `least` and `most`."""

    run: str
    step: int
    attempt: int
    key: str
    account: str
    project: str
    agent: str
    agent_version: int
    api: str
    provider: str
    model: str
    least: int
    most: int
    input_tokens: int
    """Estimated; what is charged if the process dies before it learns better."""
    rates: str
    """JSON of the rates such a charge is made by."""
    owner: str
    """The process that renews the run's lease."""
    lease_until: int
    now: int


class HoldTaken(Struct, frozen=True):
    amount: int


class HoldRefused(Struct, frozen=True):
    """Nothing was taken."""

    reason: Literal["balance", "day", "month", "key", "run"]
    """Too little is available; a spend limit leaves too little; the key is no longer valid; the run has
    been ended by another."""
    available: int = 0
    held: int = 0
    """By the account's open holds."""
    limit: int = 0
    """The spend limit that is in the way."""
    until: int = 0
    """When its period ends."""


Taken: TypeAlias = HoldTaken | HoldRefused


class ExtendHold(Struct, frozen=True):
    """More for an open hold, between `least` and `most`."""

    run: str
    step: int
    attempt: int
    least: int
    most: int


class Settle(Struct, frozen=True):
    """What an attempt came to."""

    run: str
    step: int
    attempt: int
    cost: int
    """An estimated one is cut to what the hold has."""
    usage: Usage
    rates: str
    """JSON of the rates the cost was made by."""
    now: int
    raw: str | None = None
    """The provider's own usage, as JSON."""
    house_allowance: int | None = None
    """Set for a failed attempt: what the house pays for such in a day and key, the rest is the key's."""


class VoidHold(Struct, frozen=True):
    """An attempt of which nothing billable came."""

    run: str
    step: int
    attempt: int
    now: int


class Left(Struct, frozen=True):
    """What a settlement leaves on an account."""

    account: str
    available: int | None
    """None is without a limit."""
    low: bool = False
    """Whether that is less than the account wants to be warned of."""
    warn: bool = False
    """Whether nobody was told of that yet."""


class Settled(Struct, frozen=True):
    """How a settlement was paid. `cost` is `charged` + `failed` + `overrun`."""

    cost: int = 0
    charged: int = 0
    """By the account."""
    failed: int = 0
    """By the house, for a failed attempt."""
    overrun: int = 0
    """By the house, because neither the hold nor the account covered it."""
    already: bool = False
    """True when the hold was resolved before: nothing was done."""
    left: Left | None = None
    """What the account has after it."""


class EndRun(Struct, frozen=True):
    run: str
    status: RunStatus
    now: int
    error: str | None = None
    """The code of the failure."""


class AbandonedHold(Struct, frozen=True):
    """An open hold whose process is gone."""

    run: str
    step: int
    attempt: int
    amount: int
    input_tokens: int
    rates: str


class Abandoned(Struct, frozen=True):
    """What a sweep took over."""

    runs: tuple[str, ...]
    """To be ended; those in the background are not among them, they end by their log."""
    holds: tuple[AbandonedHold, ...]


class UsageRecord(Struct, frozen=True):
    """What one attempt consumed, and who paid."""

    run: str
    step: int
    attempt: int
    project: str
    key: str
    account: str
    agent: str
    agent_version: int
    api: str
    provider: str
    model: str
    usage: Usage
    rates: str
    """JSON."""
    cost: int
    charged: int
    failed: int
    overrun: int
    created_at: int


class UsageTotal(Struct, frozen=True):
    """The usage of one key with one model, added up."""

    key: str
    key_name: str
    provider: str
    model: str
    attempts: int
    input: int
    output: int
    cost: int
    charged: int
    estimated: int
    """Attempts whose tokens we counted ourselves."""


class HouseTotals(Struct, frozen=True):
    """What the house has paid in all, and the holds open now."""

    overrun: int
    failed: int
    holds_open: int


class BrokenInvariant(Struct, frozen=True):
    """One place where the books are wrong (goal: none)."""

    name: str
    about: str
    detail: str
