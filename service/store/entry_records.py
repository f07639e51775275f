"""Entries of the ledger, sums of usage and rates, as data. Money is nano-dollars, time Unix seconds."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from service.store.account_records import Cause
from service.store.ports import END_OF_TIME
from service.store.records import UsageRecord
from specs.prices import Rates

Order: TypeAlias = Literal["asc", "desc"]
Kind: TypeAlias = Literal["usage"] | Cause


class Grant(Struct, frozen=True):
    """Money that entered an account other than by a charge, or left it (then negative)."""

    id: int
    account: str
    project: str
    amount: int
    cause: Cause
    reason: str
    actor: str
    reference: str
    """The run of a refund."""
    house: str
    """The account of the house on the other side."""
    created_at: int


Entry: TypeAlias = UsageRecord | Grant


class EntryQuery(Struct, frozen=True):
    """Which entries are asked for; None is all."""

    account: str | None = None
    key: str | None = None
    """Only charges have one."""
    project: str | None = None
    of_run: str | None = None
    """Its charges and refunds."""
    kind: Kind | None = None
    since: int = 0
    until: int = END_OF_TIME


class EntryPage(Struct, frozen=True):
    """A stretch of the ledger."""

    entries: tuple[Entry, ...]
    has_more: bool


class Charge(Struct, frozen=True):
    """What one attempt was charged, and how much of it was given back."""

    usage: UsageRecord
    refunded: int


class Grouping(Struct, frozen=True):
    """What sums of usage are split by."""

    project: bool = False
    key: bool = False
    user: bool = False
    model: bool = False


class UsageBucket(Struct, frozen=True):
    """The usage of a stretch of time, of one group."""

    start: int
    project: str | None
    key: str | None
    user: str | None
    model: str | None
    """`provider/model`."""
    attempts: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    input_audio: int
    output: int
    output_audio: int
    cost: int


class DaysCost(Struct, frozen=True):
    """What the calls of a provider to one model cost in a day."""

    day: int
    """Its first second."""
    model: str
    attempts: int
    input: int
    output: int
    cost: int


class RateRecord(Struct, frozen=True):
    """Rates the operator has set, and who did when."""

    id: int
    provider: str
    model: str
    rates: Rates | None
    """None took the operator's own rates back."""
    actor: str
    reason: str
    created_at: int


def entry_id(entry: Entry) -> str:
    """The id an entry is known by: that of a charge names its attempt."""
    if isinstance(entry, Grant):
        return f"grant_{entry.id}"
    return f"{entry.run}/{entry.step}/{entry.attempt}"
