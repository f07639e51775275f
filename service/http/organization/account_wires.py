"""Accounts between their wire and the store."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from service.http.organization.common import printable
from service.store.account_records import AccountWish, Period, Refill, refill_of, spent_in
from service.store.periods import day_ends, month_ends
from service.store.records import Account
from specs.errors import InvalidRequest
from specs.money import format_usd, parse_usd
from specs.openai import organization_accounts as wire


def dollars_to_nano(text: str, param: str, *, least: int = 0) -> int:
    """An amount of a body, whose form its type has checked. Raises InvalidRequest where it is too little."""
    amount = parse_usd(text)
    if amount < least:
        raise InvalidRequest(f"{param}: must be more than zero, is {text!r}.", param=param)
    return amount


def wish_of(asked: wire.UpdateAccount) -> AccountWish:
    """How an account is to be. Raises InvalidRequest."""
    limits = wire.SpendLimits() if asked.spend_limits is UNSET else asked.spend_limits
    return AccountWish(
        name=UNSET if asked.name is UNSET else printable(asked.name, param="name"),
        credit_limit=UNSET if asked.credit_limit is UNSET else parse_usd(asked.credit_limit),
        unlimited=asked.unlimited,
        day_limit=_amount(limits.day),
        month_limit=_amount(limits.month),
        low_balance=_amount(asked.low_balance),
        refill=_refill(asked.refill),
    )


def require_limit(asked: wire.UpdateAccount, *, unlimited: bool) -> None:
    """Refuse credit for an account that has, or then has, no limit. Raises InvalidRequest."""
    if asked.unlimited is not UNSET:
        unlimited = asked.unlimited
    if unlimited and asked.credit_limit is not UNSET:
        raise InvalidRequest(
            "credit_limit: an account without a limit has none; leave it out, or set unlimited to false.",
            param="credit_limit",
        )


def said_of(asked: wire.UpdateAccount) -> dict[str, str]:
    """What the audit log keeps of a wish: its fields as they were sent."""
    body: dict[str, object] = msgspec.to_builtins(asked)
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in body.items()
        if name not in ("project_id", "balance")
    }


def _amount(text: str | UnsetType | None) -> int | UnsetType | None:
    return parse_usd(text) if isinstance(text, str) else text


def _refill(asked: wire.RefillWish | UnsetType | None) -> Refill | UnsetType | None:
    if not isinstance(asked, wire.RefillWish):
        return asked
    return Refill(dollars_to_nano(asked.amount, "refill.amount", least=1), asked.every, asked.unit)


def account_to_wire(account: Account, *, now: int) -> wire.Account:
    """An account as it is shown."""
    return wire.Account(
        id=account.id,
        name=account.name,
        project_id=account.project,
        created_at=account.created_at,
        granted=format_usd(account.granted),
        settled=format_usd(account.settled),
        held=format_usd(account.held),
        credit_limit=format_usd(0 if account.unlimited else account.credit_limit),
        available=None if account.available is None else format_usd(account.available),
        unlimited=account.unlimited,
        spend_limits=wire.SpendLimitsShown(
            _limit(account, "day", account.day_limit, day_ends(now), now=now),
            _limit(account, "month", account.month_limit, month_ends(now), now=now),
        ),
        low_balance=None if account.low_balance is None else format_usd(account.low_balance),
        low_since=account.low_since,
        refill=_refill_to_wire(account),
    )


def _limit(
    account: Account, period: Period, limit: int | None, ends: int, *, now: int
) -> wire.SpendLimit | None:
    if limit is None:
        return None
    return wire.SpendLimit(format_usd(limit), format_usd(spent_in(account, period, now=now)), ends)


def _refill_to_wire(account: Account) -> wire.RefillShown | None:
    refill = refill_of(account)
    if refill is None or account.refill_next is None:
        return None
    return wire.RefillShown(format_usd(refill.amount), refill.every, refill.unit, account.refill_next)
