"""What is paid by the piece: a hold for each, whole or not at all, settled once on every way out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from msgspec import structs

from service.ledger.holds import Hold, Ledger
from service.store.database import Database
from specs.errors import BalanceOnHold, BudgetExhausted, InsufficientQuota
from specs.prices import Price, Rates
from specs.usage import Usage
from tests.support.money import NOW, opened, terms
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
PRICE = Price("web_search", "s", Rates(Decimal(), Decimal(), units={"web_searches": Decimal("0.005")}))
ONE = Usage(input=0, output=0, units={"web_searches": 1})
COST = 5_000_000


class Bank:
    """A ledger on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger(database.books, owner="process_1", clock=lambda: NOW)

    async def fund(self, amount: int) -> None:
        await self.database.accounts.grant("acct_1", amount, reason="gift", now=NOW)

    async def hold(self, attempt: int = 1, *, max_cost: int | None = None) -> Hold:
        asked = structs.replace(
            terms("run_1"), attempt=attempt, price=PRICE, provider="web_search", model="s", max_cost=max_cost
        )
        return await self.ledger.hold_units(asked, ONE)

    async def balance(self) -> tuple[int, int, int | None]:
        account = await self.database.accounts.get("acct_1")
        assert account is not None
        return account.settled, account.held, account.available


@pytest.fixture
async def bank(where: Where) -> AsyncIterator[Bank]:
    async with opened(where) as database:
        bank = Bank(database)
        yield bank
        await bank.ledger.aclose()
        assert await database.books.check(now=NOW, grace=60) == []


async def test_a_piece_is_held_for_and_settles_at_its_price(bank: Bank) -> None:
    await bank.fund(COST)
    hold = await bank.hold()
    assert await bank.balance() == (0, COST, 0)
    settled = await hold.settle(ONE, output_text=str, failed=False)
    assert (settled.cost, settled.charged, settled.usage) == (COST, COST, ONE)
    assert await bank.balance() == (COST, 0, 0)


async def test_a_piece_that_was_not_had_costs_nothing(bank: Bank) -> None:
    await bank.fund(COST)
    hold = await bank.hold()
    assert (await hold.settle(None, output_text=str, failed=True)).cost == 0
    assert await bank.balance() == (0, 0, COST)


async def test_what_the_balance_cannot_pay_is_refused(bank: Bank) -> None:
    await bank.fund(COST - 1)
    with pytest.raises(InsufficientQuota):
        await bank.hold()


async def test_what_only_other_holds_keep_from_being_paid_is_told_so(bank: Bank) -> None:
    await bank.fund(COST + 1)
    hold = await bank.hold()
    with pytest.raises(BalanceOnHold):
        await bank.hold(2)
    await hold.void()


async def test_the_agents_limit_holds_for_pieces_too(bank: Bank) -> None:
    await bank.fund(10 * COST)
    with pytest.raises(BudgetExhausted):
        await bank.hold(max_cost=COST - 1)


async def test_a_piece_whose_process_died_is_paid_for_once_and_marked_as_estimated(bank: Bank) -> None:
    await bank.fund(COST)
    await bank.hold()
    later = Ledger(bank.database.books, owner="process_2", clock=lambda: NOW + 100)
    assert await later.recover() == 1
    assert await bank.balance() == (COST, 0, 0)
    (used,) = await bank.database.usage.list(key="key_1")
    assert used.usage == structs.replace(ONE, estimated=True)
    assert await asyncio.wait_for(later.sweep(), 10) == 0
