"""What an account should come to, in a few lines without a database."""

from __future__ import annotations

from collections import Counter

from service.store.account_records import Period, Refill
from service.store.periods import day_begins, month_begins, next_due

START = 3_000
ESTIMATE = 5 * 2_000
"""What an abandoned hold's input of five tokens costs at its rates; cut to the hold."""


class Model:
    """One account, its holds by run, and what was charged when."""

    def __init__(self) -> None:
        self.granted, self.credit = START, 0
        self.limits: dict[Period, int | None] = {"day": None, "month": None}
        self.refill: Refill | None = None
        self.refill_anchor = self.refill_next = 0
        self.open: dict[str, int] = {}
        self.charges: list[tuple[int, str, int]] = []
        """When, for which run, how much."""
        self.failures: list[tuple[int, str, int]] = []
        """When, for which key, what the house paid."""
        self.refunded: Counter[str] = Counter()
        self.overrun = 0

    @property
    def settled(self) -> int:
        return sum(amount for _, _, amount in self.charges)

    @property
    def failed(self) -> int:
        return sum(amount for _, _, amount in self.failures)

    @property
    def held(self) -> int:
        return sum(self.open.values())

    @property
    def available(self) -> int:
        return self.granted + self.credit - self.settled - self.held

    def spent(self, period: Period, now: int) -> int:
        begins = day_begins(now) if period == "day" else month_begins(now)
        return sum(amount for at, _, amount in self.charges if at >= begins)

    def room(self, now: int) -> int:
        """What a new hold can take: the least that balance and limits leave."""
        left = [
            limit - self.spent(period, now) - self.held
            for period, limit in self.limits.items()
            if limit is not None
        ]
        return min(self.available, *left) if left else self.available

    def take(self, run: str, least: int, most: int, now: int) -> int | None:
        """Hold; a refill that is due comes before a refusal."""
        if self.room(now) < least:
            self.refill_due(now)
        if self.room(now) < least:
            return None
        self.open[run] = min(most, self.room(now))
        return self.open[run]

    def grow(self, run: str, least: int, most: int, now: int) -> int:
        if run not in self.open or self.room(now) < least:
            return 0
        more = min(most, self.room(now))
        self.open[run] += more
        return more

    def charge(self, run: str, due: int, now: int) -> int:
        """Charge for a hold that has just left the open ones: its own money counts as available."""
        charged = min(due, self.available)
        self.charges.append((now, run, charged))
        self.overrun += due - charged
        return charged

    def house_paid(self, key: str, now: int) -> int:
        """What the house has paid for a key since the day began."""
        return sum(amount for at, whose, amount in self.failures if whose == key and at >= day_begins(now))

    def abandon(self, now: int) -> None:
        """Every open hold is charged for as estimated."""
        for run in list(self.open):
            self.charge(run, min(self.open.pop(run), ESTIMATE), now)

    def refundable(self, run: str) -> int:
        return sum(amount for _, whose, amount in self.charges if whose == run) - self.refunded[run]

    def set_refill(self, refill: Refill | None, now: int) -> None:
        if refill is not None and refill != self.refill:
            self.refill_anchor, self.refill_next = now, next_due(now, refill.every, refill.unit, now=now)
        self.refill = refill

    def refill_due(self, now: int) -> bool:
        """Refill if that is due; periods that have passed are not made up for."""
        if self.refill is None or self.refill_next > now:
            return False
        self.granted += self.refill.amount
        self.refill_next = next_due(self.refill_anchor, self.refill.every, self.refill.unit, now=now)
        return True
