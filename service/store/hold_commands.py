"""What the writer does for holds while an attempt is under way: open, grow, void. Each runs inside one
transaction. The guards are in the statements, and the account's columns follow by triggers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from msgspec import structs

from service.store.account_commands import refill_now
from service.store.connection import Connection, row
from service.store.records import ExtendHold, HoldRefused, HoldTaken, OpenHold, Taken, VoidHold
from service.store.repeated import Repeated
from service.store.statements import sql

_HOLDS = sql("holds")
_open_together = Repeated(_HOLDS["open_together"])
_start = Repeated(sql("runs")["start"])
_MOST = 2**62
"""More than any account has, and still an integer to the database."""

_attempt = attrgetter("run", "step", "attempt")
_key = attrgetter("run", "step", "attempt", "key", "account")
_asked = attrgetter("provider", "model", "most", "input_tokens", "rates", "now")
_run = attrgetter("run", "project", "key", "agent", "agent_version", "api", "owner", "lease_until", "now")


def open_holds(connection: Connection, orders: Sequence[OpenHold]) -> list[Taken]:
    """Hold for each order, and note its run: together where the accounts have the most that is asked of
    them, the others one after the other, each between its least and most."""
    asked: Counter[str] = Counter()
    for order in orders:
        asked[order.account] += order.most
    wanted = [(*_key(order), min(asked[order.account], _MOST), *_asked(order)) for order in orders]
    taken = set(_open_together(connection, wanted))
    outcomes = [
        HoldTaken(order.most) if _attempt(order) in taken else _open_alone(connection, order)
        for order in orders
    ]
    held = [order for order, outcome in zip(orders, outcomes, strict=True) if type(outcome) is HoldTaken]
    _start(connection, [_run(order) for order in held])
    return outcomes


def _open_alone(connection: Connection, order: OpenHold) -> Taken:
    """Hold between least and most; a refill that is due comes before a refusal."""
    values = structs.asdict(order)
    held = row(connection, _HOLDS["open"], values)
    if held is None:
        refused, to_refill = _refusal(connection, values)
        if to_refill is None or refill_now(connection, to_refill, now=order.now) is None:
            return refused
        held = row(connection, _HOLDS["open"], values)
    return _refusal(connection, values)[0] if held is None else HoldTaken(held[0])


def _refusal(connection: Connection, values: dict[str, Any]) -> tuple[HoldRefused, str | None]:
    """Why nothing was held, and the account to refill, if one is due."""
    standing = row(connection, _HOLDS["standing"], values)
    if standing is None:
        return HoldRefused("key"), None
    available, held, key_valid, run_open, beyond, beyond_day, *limits, to_refill = standing
    available = max(0, available)
    if not key_valid or not run_open:
        return HoldRefused("run" if key_valid else "key", available, held), None
    if not beyond:
        return HoldRefused("balance", available, held), to_refill
    day_limit, day_ends, month_limit, month_ends = limits
    if beyond_day == 0:
        return HoldRefused("day", available, held, day_limit, day_ends), to_refill
    return HoldRefused("month", available, held, month_limit, month_ends), to_refill


def extend_hold(connection: Connection, order: ExtendHold) -> int:
    """Let an open hold grow between least and most; by nothing where that is refused."""
    values = structs.asdict(order)
    before = row(connection, _HOLDS["amount"], values)
    after = row(connection, _HOLDS["grow"], values)
    return after[0] - before[0] if after else 0


def void(connection: Connection, order: VoidHold) -> bool:
    """Give an open hold back."""
    return row(connection, _HOLDS["void"], structs.asdict(order)) is not None
