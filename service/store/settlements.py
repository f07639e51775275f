"""What the writer does when an attempt or a run is over: it settles the hold, writes down what was used,
and ends the run. Each runs inside one transaction; transfers follow from what is written, by triggers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from service.store.connection import Connection, row
from service.store.records import EndRun, Left, Settle, Settled
from service.store.repeated import Repeated
from service.store.statements import sql
from service.store.usage_rows import Payment, record, usage_row

_HOLDS = sql("holds")
_settle_together = Repeated(_HOLDS["settle_together"])
_end = Repeated(sql("runs")["end"])
_left = Repeated(sql("accounts")["left"])
_DAY = 86_400

_attempt = attrgetter("run", "step", "attempt")
_due = attrgetter("run", "step", "attempt", "cost", "now")
_ending = attrgetter("run", "status", "error", "now")


def settle_holds(connection: Connection, orders: Sequence[Settle]) -> list[Settled]:
    """Settle open holds, each once: together where they have all that is due, the others by themselves."""
    together = _pay_together(connection, orders)
    payments = [together.pop(_attempt(order), None) or _pay_alone(connection, order) for order in orders]
    left = _what_is_left(connection, {payment.account for payment in payments if payment is not None})
    return [
        Settled(already=True)
        if payment is None
        else Settled(
            payment.cost, payment.charged, payment.failed, payment.overrun, left=left[payment.account]
        )
        for payment in payments
    ]


def _pay_together(connection: Connection, orders: Sequence[Settle]) -> dict[tuple[str, int, int], Payment]:
    """Settle what holds pay for whole, by attempt. Of several orders for one attempt the first is taken."""
    wanted = {_attempt(order): order for order in reversed(orders) if order.house_allowance is None}
    paid = {
        attempt: Payment(account, cost=wanted[attempt].cost, charged=wanted[attempt].cost)
        for *key, account in _settle_together(connection, [_due(order) for order in wanted.values()])
        if (attempt := tuple(key))
    }
    record(connection, [usage_row(wanted[attempt], payment) for attempt, payment in paid.items()])
    return paid


def _pay_alone(connection: Connection, order: Settle) -> Payment | None:
    """Settle one hold, from it, then from what is available, then by the house; None where none is open."""
    failed = _paid_by_house(connection, order)
    due = order.cost - failed
    values = {"run": order.run, "step": order.step, "attempt": order.attempt, "now": order.now}
    resolved = row(connection, _HOLDS["settle"], values | {"due": due, "estimated": order.usage.estimated})
    if resolved is None:
        return None
    amount, charged, account = resolved
    if order.usage.estimated:
        due = min(due, amount)
    payment = Payment(account, due + failed, charged, failed, overrun=due - charged)
    record(connection, [usage_row(order, payment)])
    return payment


def _paid_by_house(connection: Connection, order: Settle) -> int:
    """What the house pays of a failed attempt: all of it, until the day's allowance is used up."""
    if order.house_allowance is None:
        return 0
    since = order.now - order.now % _DAY
    (spent,) = row(connection, _HOLDS["failed_since"], {"run": order.run, "since": since})
    return min(order.cost, max(0, order.house_allowance - spent))


def _what_is_left(connection: Connection, accounts: Iterable[str]) -> dict[str, Left]:
    """What accounts have once all is settled."""
    left: dict[str, Left] = {}
    for id, available, threshold, low_since, unlimited in _left(connection, [(id,) for id in accounts]):
        low = threshold is not None and available < threshold
        left[id] = Left(id, None if unlimited else available, low, low and low_since is None)
    return left


def end_runs(connection: Connection, orders: Sequence[EndRun]) -> list[bool]:
    """End runs; False for one that has ended before. Of several orders for one run the first is taken."""
    wanted = {order.run: order for order in reversed(orders)}
    ended = {id for (id,) in _end(connection, [_ending(order) for order in wanted.values()])}
    return [order.run in ended and wanted[order.run] is order for order in orders]
