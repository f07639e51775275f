"""What the writer does for an account. Each runs inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, structs

from service.store.account_records import (
    AccountWish,
    DueRefill,
    LowBalance,
    Movement,
    Refill,
    refill_of,
)
from service.store.periods import day_begins, day_ends, month_begins, month_ends, next_due
from service.store.records import UNLIMITED_CREDIT, Account
from service.store.statements import sql
from service.store.writer import Connection, row, rows
from specs.errors import Conflict, NotFound

_SQL = sql("accounts")

ISSUED = "house:issued"
"""Where granted money comes from."""
REVENUE = "house:revenue"
"""Where charges go, and refunds come from."""


def open_account(
    connection: Connection, id: str, *, project: str, unlimited: bool, now: int, name: str = ""
) -> None:
    """Open an account unless it is open already."""
    credit = UNLIMITED_CREDIT if unlimited else 0
    values = {"id": id, "project": project, "name": name, "credit_limit": credit}
    connection.execute(_SQL["open"], {**values, "unlimited": int(unlimited), "now": now})


def grant(connection: Connection, id: str, amount: int, *, why: Movement, now: int) -> Account:
    """Add to what was granted; a negative amount takes back.

    Raises NotFound without such an account, Conflict when less is available than is taken back.
    """
    if row(connection, _SQL["grant"], {"id": id, "amount": amount}) is None:
        account(connection, id)
        raise Conflict(
            "The account has less available than is to be taken back."
            if amount < 0
            else "The account would have been granted more than four billion dollars."
        )
    source = REVENUE if why.cause == "refund" else ISSUED
    debit, credit = (source, id) if amount > 0 else (id, source)
    _book(connection, debit, credit, abs(amount), why=why, now=now)
    return _bound(connection, id)


def configure(connection: Connection, id: str, wish: AccountWish, *, now: int) -> Account:
    """Change what bounds and refills an account.

    Raises NotFound without such an account, Conflict when less credit leaves it below zero.
    """
    before = account(connection, id)
    values = {**_wished(before, wish), **_refill_columns(before, wish, now=now), **_periods(now), "id": id}
    if row(connection, _SQL["configure"], values) is None:
        raise Conflict("The account has spent or holds more than this credit limit leaves it.")
    return _bound(connection, id)


def _wished(before: Account, wish: AccountWish) -> dict[str, Any]:
    """The columns as they are to be; an account without a limit has a credit nobody reaches."""
    names = ("name", "credit_limit", "unlimited", "day_limit", "month_limit", "low_balance")
    values = {
        name: getattr(before, name) if getattr(wish, name) is UNSET else getattr(wish, name) for name in names
    }
    if values["unlimited"]:
        values["credit_limit"] = UNLIMITED_CREDIT
    elif wish.credit_limit is UNSET and before.unlimited:
        values["credit_limit"] = 0
    return {**values, "unlimited": int(values["unlimited"])}


def _refill_columns(before: Account, wish: AccountWish, *, now: int) -> dict[str, Any]:
    """A new refill's periods are counted from now; one that stays the same keeps its own."""
    refill = refill_of(before) if wish.refill is UNSET else wish.refill
    anchor, due = before.refill_anchor, before.refill_next
    if refill is None:
        anchor = due = None
    elif refill != refill_of(before):
        anchor, due = now, next_due(now, refill.every, refill.unit, now=now)
    columns = structs.asdict(refill) if refill is not None else dict.fromkeys(Refill.__struct_fields__)
    return {**{f"refill_{name}": value for name, value in columns.items()}} | {
        "refill_anchor": anchor,
        "refill_next": due,
    }


def _periods(now: int) -> dict[str, int]:
    return {
        "day_begins": day_begins(now),
        "day_ends": day_ends(now),
        "month_begins": month_begins(now),
        "month_ends": month_ends(now),
    }


def turn(connection: Connection, *, now: int) -> None:
    """Begin the new day, and month, of the accounts that limit what is spent in it."""
    values = {"now": now, "day_ends": day_ends(now), "month_ends": month_ends(now)}
    for (id,) in rows(connection, _SQL["turn"], values):
        _bound(connection, id)


def refill(connection: Connection, due: DueRefill, *, now: int) -> Account | None:
    """Grant what is due, once whoever tries; periods that passed without anybody are not made up for."""
    next = next_due(due.anchor, due.every, due.unit, now=max(now, due.due))
    refilled = row(connection, _SQL["refill"], {"id": due.account, "due": due.due, "next": next})
    if refilled is None:
        return None
    _book(connection, ISSUED, due.account, refilled[0], why=Movement("refill", "service"), now=now)
    return _bound(connection, due.account)


def refill_now(connection: Connection, id: str, *, now: int) -> Account | None:
    """Refill one account if that is due."""
    found = row(connection, _SQL["due_of"], {"id": id, "now": now})
    return None if found is None else refill(connection, DueRefill(*found), now=now)


def refund(connection: Connection, id: str, *, amount: int | None, why: Movement, now: int) -> Account:
    """Give back what an account paid for the run of the movement: all that is left of it, or an amount.

    Raises NotFound without such an account, Conflict when less was charged than is to be given back.
    """
    account(connection, id)
    run = why.reference
    parts = rows(connection, _SQL["refundable"], {"run": run, "id": id})
    left = sum(part for _, _, part in parts)
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise Conflict("The account was charged less for this response than is to be given back.")
    _take_back(connection, run, parts, wanted)
    return grant(connection, id, wanted, why=why, now=now)


def _take_back(connection: Connection, run: str, parts: Sequence[Any], wanted: int) -> None:
    """Note what was given back, attempt by attempt."""
    for step, attempt, part in parts:
        share = min(part, wanted)
        wanted -= share
        values = {"run": run, "step": step, "attempt": attempt, "amount": share}
        if share and row(connection, _SQL["refund"], values) is None:
            raise Conflict("Somebody else is giving this charge back.")


def note_low(connection: Connection, id: str, *, now: int) -> LowBalance | None:
    """Note that an account is low; None when it is not, or that was noted before."""
    noted = row(connection, _SQL["note_low"], {"id": id, "now": now})
    return None if noted is None else LowBalance(id, *noted)


def assign_key(connection: Connection, id: str, key: str) -> Account:
    """Let a key spend from this account from its next hold on.

    Raises NotFound without such an account, or such a key in its project.
    """
    found = account(connection, id)
    if row(connection, _SQL["assign_key"], {"id": id, "key": key}) is None:
        raise NotFound(f"There is no key {key!r} in the account's project.", param="key_id")
    return found


def account(connection: Connection, id: str) -> Account:
    """Find an account within a command. Raises NotFound."""
    found = row(connection, _SQL["by_id"], {"id": id})
    if found is None:
        raise NotFound(f"There is no account {id!r}.")
    return row_to_account(found)


def row_to_account(values: Sequence[Any]) -> Account:
    """Read a row back."""
    columns: tuple[Any, ...] = (*values[:6], bool(values[6]), *values[7:])
    return Account(*columns)


def _bound(connection: Connection, id: str) -> Account:
    return row_to_account(row(connection, _SQL["bound"], {"id": id}))


def _book(connection: Connection, debit: str, credit: str, amount: int, *, why: Movement, now: int) -> None:
    values = structs.asdict(why) | {"debit": debit, "credit": credit, "amount": amount, "now": now}
    connection.execute(_SQL["transfer"], values)
