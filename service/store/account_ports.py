"""What is asked of accounts beside the hot path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from service.store.access_records import AuditEvent, Page
from service.store.account_records import AccountWish, KeyOnAccount, LowBalance, Movement
from service.store.records import Account


class AccountUpkeep(Protocol):
    """What happens to accounts by itself."""

    async def refill_due(self, *, now: int) -> int:
        """Refill every account whose refill is due; returns how many were. Any number may try at once."""
        ...

    async def note_low(
        self, id: str, *, audit: Callable[[LowBalance, int], AuditEvent], now: int
    ) -> LowBalance | None:
        """Note that an account is low; None when it is not, or that was noted before."""
        ...


class AccountDesk(AccountUpkeep, Protocol):
    """What an administrator does with accounts. Each change is written into the audit log with it."""

    async def get(self, id: str) -> Account | None:
        """Find an account."""
        ...

    async def list(self, *, project: str | None = None) -> Sequence[Account]:
        """The accounts of one project or of all, oldest first."""
        ...

    async def page(self, *, project: str | None, after: Account | None, limit: int) -> Page[Account]:
        """The next accounts, oldest first, of one project or of all."""
        ...

    async def keys(self, id: str) -> Sequence[KeyOnAccount]:
        """The keys that spend from an account, oldest first."""
        ...

    async def open(
        self,
        id: str,
        *,
        project: str,
        wish: AccountWish,
        granted: int,
        why: Movement,
        audit: AuditEvent,
        now: int,
    ) -> Account:
        """Open an account as it is wished, with this much granted."""
        ...

    async def grant(
        self,
        id: str,
        amount: int,
        *,
        reason: str,
        now: int,
        why: Movement | None = None,
        audit: AuditEvent | None = None,
    ) -> Account:
        """Add to what was granted; a negative amount takes back.

        Raises NotFound without such an account, Conflict when less is available than is taken back.
        """
        ...

    async def configure(self, id: str, wish: AccountWish, *, audit: AuditEvent, now: int) -> Account:
        """Change what bounds and refills an account.

        Raises NotFound without such an account, Conflict when less credit leaves it below zero.
        """
        ...

    async def refund(
        self, id: str, *, amount: int | None, why: Movement, audit: AuditEvent, now: int
    ) -> Account:
        """Give back what an account paid for the run of the movement: all that is left of it, or an amount.

        Raises NotFound without such an account, Conflict when less was charged than is to be given back.
        """
        ...

    async def assign_key(self, id: str, key: str, *, audit: AuditEvent) -> Account:
        """Let a key of its project spend from this account from its next hold on.

        Raises NotFound without such an account, or such a key in its project.
        """
        ...
