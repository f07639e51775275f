"""The ledger as it is shown: entries, and how a response was charged. Money is USD in decimal strings."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai.organization import ListQuery
from specs.openai.organization_accounts import ModelRates

Kind: TypeAlias = Literal["usage", "top_up", "adjustment", "refund", "refill"]
Moment: TypeAlias = Annotated[int, Meta(ge=0, le=2**40)]


class EntryFilter(Struct, frozen=True):
    """Which entries are asked for."""

    account_id: str | UnsetType = UNSET
    key_id: str | UnsetType = UNSET
    """Only charges have one."""
    response_id: str | UnsetType = UNSET
    """Its charges and refunds; also the id of a chat completion or message."""
    project_id: str | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    """Unix seconds, included."""
    end_time: Moment | UnsetType = UNSET
    """Not included."""


class EntryQuery(ListQuery, frozen=True):
    """Which entries are asked for, and which page of them."""

    order: Literal["asc", "desc"] = "desc"
    account_id: str | UnsetType = UNSET
    key_id: str | UnsetType = UNSET
    """Only charges have one."""
    response_id: str | UnsetType = UNSET
    """Its charges and refunds; also the id of a chat completion or message."""
    project_id: str | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    """Unix seconds, included."""
    end_time: Moment | UnsetType = UNSET
    """Not included."""


class ExportQuery(EntryFilter, frozen=True):
    """Which entries are to be exported, oldest first."""

    format: Literal["csv", "jsonl"] = "jsonl"


class Posting(Struct, frozen=True):
    """One side of an entry. Those of an entry sum to zero."""

    account: str
    """The id of an account, or one of the house: `house:issued`, `house:revenue`, `house:failed`,
    `house:overrun`."""
    amount: str


class Tokens(Struct, frozen=True):
    """Tokens by class; totals include their parts. Null is unknown."""

    input: int | None
    cache_read: int | None
    cache_write: int | None
    cache_write_1h: int | None
    input_audio: int | None
    output: int | None
    reasoning: int | None
    output_audio: int | None


class Attempt(Struct, frozen=True, kw_only=True):
    """What an attempt at a model call used, and what it was charged by."""

    run_id: str
    step: int
    attempt: int
    key_id: str
    agent_id: str
    agent_version: int
    api: str
    provider: str
    model: str
    estimated: bool
    """Whether tokens were counted here because the provider did not say."""
    tokens: Tokens
    units: dict[str, int]
    rates: ModelRates
    cost: str


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """Money that moved, or an attempt that cost nothing."""

    id: str
    created_at: int
    kind: Kind
    account_id: str
    project_id: str
    amount: str
    """What the account gained; negative where it paid."""
    postings: tuple[Posting, ...]
    reason: str
    actor: str
    """The id of a user or key, `operator`, or `service` for what happens by itself."""
    response_id: str | None
    usage: Attempt | None
    """Of a charge only."""
    object: Literal["organization.ledger.entry"] = "organization.ledger.entry"


class EntryList(Struct, frozen=True):
    data: tuple[LedgerEntry, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class Line(Struct, frozen=True):
    """A class of tokens, or of units, with its rate: exact, not rounded."""

    name: str
    quantity: int
    rate: str
    per: int
    """What the rate is for so many of."""
    amount: str


class SettledAttempt(Attempt, frozen=True, kw_only=True):
    """An attempt's charge in full. Its cost is the sum of its lines rounded up to a nano-dollar; an estimate
    is no more than was held."""

    created_at: int
    account_id: str
    lines: tuple[Line, ...]
    cut_to_hold: bool
    """Whether an estimate came to more than was held, and was cut."""
    charged: str
    """Paid by the account."""
    failed: str
    """Paid by the house, for a failed attempt."""
    overrun: str
    """Paid by the house, because neither hold nor balance covered it."""
    refunded: str
    """Given back of what the account paid."""


class Total(Struct, frozen=True, kw_only=True):
    """The sum of all attempts."""

    input_tokens: int
    output_tokens: int
    cost: str
    charged: str
    failed: str
    overrun: str
    refunded: str


class ResponseSettlement(Struct, frozen=True, kw_only=True):
    """How a response was charged."""

    id: str
    run_id: str
    project_id: str
    estimated: bool
    attempts: tuple[SettledAttempt, ...]
    total: Total
    object: Literal["response.settlement"] = "response.settlement"
