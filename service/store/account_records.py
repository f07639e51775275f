"""Accounts and what moves money on them, as data. Money is nano-dollars, time Unix seconds."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from service.store.periods import Unit
from service.store.records import Account

Cause: TypeAlias = Literal["top_up", "adjustment", "refund", "refill"]
"""Why something was granted."""
Period: TypeAlias = Literal["day", "month"]


class Refill(Struct, frozen=True):
    """What an account is granted by itself, once in each period."""

    amount: int
    every: int
    unit: Unit


class AccountWish(Struct, frozen=True):
    """How an account is to be; what is unset stays as it is."""

    name: str | UnsetType = UNSET
    credit_limit: int | UnsetType = UNSET
    unlimited: bool | UnsetType = UNSET
    day_limit: int | UnsetType | None = UNSET
    month_limit: int | UnsetType | None = UNSET
    low_balance: int | UnsetType | None = UNSET
    refill: Refill | UnsetType | None = UNSET


class Movement(Struct, frozen=True):
    """Why money was granted, and who did it."""

    cause: Cause
    actor: str
    """The id of a user or a key, `operator` for the command line, `service` for what happens by itself."""
    reason: str = ""
    reference: str = ""
    """The run of a refund."""


class DueRefill(Struct, frozen=True):
    """An account whose refill is due."""

    account: str
    amount: int
    every: int
    unit: Unit
    anchor: int
    due: int


class LowBalance(Struct, frozen=True):
    """An account that has just become low."""

    account: str
    project: str
    available: int
    threshold: int


class KeyOnAccount(Struct, frozen=True):
    """A key that spends from an account."""

    id: str
    name: str


def refill_of(account: Account) -> Refill | None:
    """The refill of an account, if it has one."""
    if account.refill_amount is None or account.refill_every is None or account.refill_unit is None:
        return None
    return Refill(account.refill_amount, account.refill_every, account.refill_unit)


def spent_in(account: Account, period: Period, *, now: int) -> int:
    """What was charged in the day or month of `now`, of an account that limits it."""
    base, ends = (
        (account.day_base, account.day_ends) if period == "day" else (account.month_base, account.month_ends)
    )
    return account.settled - base if now < ends else 0
