"""The ports of the store: one repository per aggregate, one method per intention.

Methods that return an `Awaitable` have enqueued their work when they return; works enqueued one
after the other are done in that order. Every method raises StoreUnavailable when the database
cannot do its part now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from service.store.access_records import AuditEvent
from service.store.records import (
    Abandoned,
    AbandonedHold,
    Account,
    BrokenInvariant,
    EndRun,
    ExtendHold,
    HoldRefused,
    HoldTaken,
    HouseTotals,
    KeyRecord,
    NewKey,
    OpenHold,
    Project,
    Settle,
    Settled,
    Taken,
    UsageRecord,
    UsageTotal,
    VoidHold,
)

__all__ = [
    "Abandoned",
    "AbandonedHold",
    "Account",
    "Accounts",
    "Books",
    "BrokenInvariant",
    "EndRun",
    "ExtendHold",
    "HoldRefused",
    "HoldTaken",
    "HouseTotals",
    "KeyRecord",
    "Keys",
    "NewKey",
    "OpenHold",
    "Project",
    "Projects",
    "Settle",
    "Settled",
    "Taken",
    "UsageLog",
    "UsageRecord",
    "UsageTotal",
    "VoidHold",
]

END_OF_TIME = 2**62
LIST_LIMIT = 1000


class Projects(Protocol):
    async def ensure(self, name: str, *, id: str, now: int) -> Project:
        """Return the project of this name, made with this id unless there is one."""
        ...

    async def named(self, name: str) -> Project | None:
        """Find a project by its name."""
        ...

    async def list(self) -> Sequence[Project]:
        """Every project, by name."""
        ...


class Keys(Protocol):
    async def create(
        self, key: NewKey, *, granted: int = 0, unlimited: bool = False, event: AuditEvent | None = None
    ) -> KeyRecord:
        """Make a key; its account, opened here unless it is open, is granted this much.

        Raises Conflict when the id or the digest is taken.
        """
        ...

    async def find_by_digest(self, digest: bytes) -> KeyRecord | None:
        """Find the key a request came with, revoked and expired ones too.

        A revocation by another process may show a fraction of a second late; spending asks anew.
        """
        ...

    async def get(self, id: str) -> KeyRecord | None:
        """Find a key by its id."""
        ...

    async def list(self, *, project: str | None = None) -> Sequence[KeyRecord]:
        """The keys of one project or of all, oldest first."""
        ...

    async def revoke(self, id: str, *, now: int, event: AuditEvent | None = None) -> bool:
        """Revoke a key for good; False when there is none of this id."""
        ...

    async def create_first(self, keys: Sequence[tuple[NewKey, int]]) -> bool:
        """Make the first keys there are, each granted so much; False where there is any key already."""
        ...

    async def any_exists(self) -> bool:
        """Whether any key was ever made."""
        ...


class Accounts(Protocol):
    async def get(self, id: str) -> Account | None:
        """Find an account."""
        ...

    async def list(self, *, project: str | None = None) -> Sequence[Account]:
        """The accounts of one project or of all, oldest first."""
        ...

    async def grant(self, id: str, amount: int, *, reason: str, now: int) -> Account:
        """Add to what was granted; a negative amount takes back.

        Raises NotFound without such an account, Conflict when less is available than is to be
        taken back.
        """
        ...


class Books(Protocol):
    """Runs, their holds, and what becomes of them."""

    def open_hold(self, order: OpenHold) -> Awaitable[Taken]:
        """Take as much as is available between least and most, and note hold and run.

        Raises Conflict when the attempt has a hold already.
        """
        ...

    def extend_hold(self, order: ExtendHold) -> Awaitable[int]:
        """Let an open hold grow; returns by how much, 0 when that was refused."""
        ...

    def settle(self, order: Settle) -> Awaitable[Settled]:
        """Settle an open hold, once: from the hold, then from what is available, then by the house."""
        ...

    def void(self, order: VoidHold) -> Awaitable[bool]:
        """Give an open hold back; False when it was resolved before."""
        ...

    def end_run(self, order: EndRun) -> Awaitable[bool]:
        """End a run; False when it has ended before or never held anything."""
        ...

    def renew_leases(self, owner: str, *, lease_until: int) -> Awaitable[None]:
        """Keep the runs of this process alive, in one statement."""
        ...

    def expire_others(self, owner: str) -> Awaitable[None]:
        """Let the leases of every other process run out. Only for one that knows it is alone."""
        ...

    def take_over(self, sweeper: str, *, now: int, lease_until: int, stale: int) -> Awaitable[Abandoned]:
        """Take over the runs whose lease ran out, and tell the holds to be settled for them.

        Holds left open by runs that ended before `stale` are told too.
        """
        ...

    async def check(self, *, now: int, grace: int) -> list[BrokenInvariant]:
        """Look for broken invariants; a lease may have been expired for `grace` seconds."""
        ...


class UsageLog(Protocol):
    async def list(
        self,
        *,
        key: str | None = None,
        since: int = 0,
        until: int = END_OF_TIME,
        limit: int = LIST_LIMIT,
    ) -> Sequence[UsageRecord]:
        """The newest usage in a stretch of time, `until` not included."""
        ...

    async def totals(
        self, *, key: str | None = None, since: int = 0, until: int = END_OF_TIME
    ) -> Sequence[UsageTotal]:
        """The usage in a stretch of time, added up by key and model."""
        ...

    async def house(self) -> HouseTotals:
        """What the house has paid, and the holds open now."""
        ...
