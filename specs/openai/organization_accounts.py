"""Accounts and rates, in the manners of OpenAI's administration API, which has no shape for them. Money is
USD in decimal strings."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai.organization import Id, ListQuery, Name

Dollars: TypeAlias = Annotated[str, Meta(max_length=20, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]
SignedDollars: TypeAlias = Annotated[str, Meta(max_length=21, pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$")]
Reason: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
Unit: TypeAlias = Literal["second", "minute", "hour", "day", "week", "month"]


class RefillWish(Struct, frozen=True):
    """What an account is granted by itself, once in each period; the periods are counted from now."""

    amount: Dollars
    every: Annotated[int, Meta(ge=1, le=10_000)] = 1
    unit: Unit = "month"


class SpendLimits(Struct, frozen=True):
    """The most an account may spend in a day and in a month of UTC; null is without one."""

    day: Dollars | UnsetType | None = UNSET
    month: Dollars | UnsetType | None = UNSET


class UpdateAccount(Struct, frozen=True, kw_only=True):
    """What is to be different about an account; null takes a limit or refill away."""

    name: Name | UnsetType = UNSET
    credit_limit: Dollars | UnsetType = UNSET
    """How far beyond what was granted it may go: it pays later. 0 is prepaid."""
    unlimited: bool | UnsetType = UNSET
    spend_limits: SpendLimits | UnsetType = UNSET
    low_balance: Dollars | UnsetType | None = UNSET
    """Less available than this is told in the audit log and in `x-dragoman-balance-low`."""
    refill: RefillWish | UnsetType | None = UNSET


class CreateAccount(UpdateAccount, frozen=True, kw_only=True):
    """An account to be opened."""

    project_id: Id
    balance: Dollars = "0"
    """What it is granted to begin with."""


class TopUp(Struct, frozen=True):
    """Money for an account."""

    amount: Dollars
    reason: Reason | None = None


class Refund(Struct, frozen=True):
    """A charge to be given back, wholly or in part."""

    response_id: Id
    """What was charged for; also the id of a chat completion, message or run."""
    reason: Reason
    amount: Dollars | None = None
    """At most what of the charge is left; all of that where it is left out."""


class Adjustment(Struct, frozen=True):
    """A correction of the balance; a negative amount takes back what is not spent."""

    amount: SignedDollars
    reason: Reason


class AssignKey(Struct, frozen=True):
    """A key that is to spend from the account."""

    key_id: Id


class AccountQuery(ListQuery, frozen=True):
    """Which accounts are asked for."""

    project_id: str | UnsetType = UNSET


class SpendLimit(Struct, frozen=True):
    """A limit, and how far it is used up."""

    limit: str
    spent: str
    """In the period that goes on now."""
    ends_at: int


class SpendLimitsShown(Struct, frozen=True):
    day: SpendLimit | None
    month: SpendLimit | None


class RefillShown(Struct, frozen=True):
    amount: str
    every: int
    unit: Unit
    next_at: int


class Account(Struct, frozen=True, kw_only=True):
    """A balance that keys spend from."""

    id: str
    name: str
    project_id: str
    created_at: int
    granted: str
    settled: str
    held: str
    """What runs under way may still cost."""
    credit_limit: str
    available: str | None
    """`granted + credit_limit - settled - held`; null on an account without a limit."""
    unlimited: bool
    spend_limits: SpendLimitsShown
    low_balance: str | None
    low_since: int | None
    """Since when it has less than that available, once it was told."""
    refill: RefillShown | None
    object: Literal["organization.account"] = "organization.account"


class AccountList(Struct, frozen=True):
    data: tuple[Account, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class AccountKey(Struct, frozen=True):
    """A key that spends from an account."""

    id: str
    name: str
    object: Literal["organization.account.key"] = "organization.account.key"


class AccountKeyList(Struct, frozen=True):
    data: tuple[AccountKey, ...]
    has_more: bool = False
    object: Literal["list"] = "list"


Rate: TypeAlias = Annotated[str, Meta(max_length=30, pattern=r"^[0-9]{1,9}(\.[0-9]{1,18})?$")]


class ModelRates(Struct, frozen=True, omit_defaults=True):
    """USD per million tokens, by class; a missing cache rate is the input rate, a missing part of the
    output the output rate."""

    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    input_audio: Rate | None = None
    output_audio: Rate | None = None
    units: dict[Annotated[str, Meta(min_length=1, max_length=64)], Rate] = {}
    """USD apiece of what is charged by the piece: searches, sessions, pages."""


class SetRates(Struct, frozen=True):
    """Rates of a model from now on, before those of the configuration and of the public table."""

    provider: Id
    """Its name in the configuration."""
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    """Its name as the provider has it."""
    rates: ModelRates | None
    """Null takes the rates that were set back."""
    reason: Reason


class RateQuery(Struct, frozen=True):
    """Whose rates are asked for."""

    provider: str | UnsetType = UNSET
    model: str | UnsetType = UNSET


class RateHistoryQuery(ListQuery, frozen=True):
    """Whose rates are asked for."""

    provider: str | UnsetType = UNSET
    model: str | UnsetType = UNSET


class RateShown(Struct, frozen=True):
    """Rates as they were set, who did and why."""

    id: str
    provider: str
    model: str
    rates: ModelRates | None
    set_by: str
    reason: str
    created_at: int
    object: Literal["organization.rate"] = "organization.rate"


class RateList(Struct, frozen=True):
    data: tuple[RateShown, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"
