"""What happens to accounts by itself, and rates that another process has set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from service.ids import new_id
from service.ledger.rates import RateBook
from service.ledger.settling import Settlement
from service.ledger.upkeep import Upkeep
from service.settings.model import Pricing
from service.settings.prices import PriceBook
from service.store.access_records import OPERATOR, AuditEvent, AuditQuery
from service.store.account_records import AccountWish, Refill
from service.store.database import Database
from service.store.records import Left
from specs.prices import Price, Rates
from specs.usage import Usage
from tests.support.money import NOW, open_hold, opened, settle
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
DEAR = Rates(input=Decimal(9), output=Decimal(90))


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where, granted=1_000) as database:
        yield database


def event(type: str = "account.updated") -> AuditEvent:
    return AuditEvent(new_id("audit"), type, NOW, "acct_1", OPERATOR)


async def told(database: Database) -> list[str]:
    page = await database.audit.page(AuditQuery(targets=("acct_1",)), limit=100)
    return [each.type for each in page.data]


async def test_a_round_refills_what_is_due(database: Database) -> None:
    wish = AccountWish(refill=Refill(50, 1, "day"))
    await database.accounts.configure("acct_1", wish, audit=event(), now=NOW)
    clock = [NOW + 86_399]
    upkeep = Upkeep(database.accounts, clock=lambda: clock[0])
    for at, granted in ((NOW + 86_399, 1_000), (NOW + 86_400, 1_050), (NOW + 86_401, 1_050)):
        clock[0] = at
        await upkeep.round()
        account = await database.accounts.get("acct_1")
        assert account is not None
        assert account.granted == granted


async def test_a_low_account_is_told_once_in_the_audit_log(database: Database) -> None:
    wish = AccountWish(low_balance=950)
    await database.accounts.configure("acct_1", wish, audit=event(), now=NOW)
    upkeep = Upkeep(database.accounts, clock=lambda: NOW)
    for run in ("run_1", "run_2"):
        await database.books.open_hold(open_hold(run, most=100))
        settled = await database.books.settle(settle(run, cost=100))
        upkeep.settled(Settlement(Usage(), left=settled.left))
    await upkeep.round()
    await upkeep.round()
    assert (await told(database)).count("account.low") == 1


async def test_an_account_that_is_not_low_any_more_is_not_told(database: Database) -> None:
    upkeep = Upkeep(database.accounts, clock=lambda: NOW)
    upkeep.settled(Settlement(Usage(), left=Left("acct_1", 1, low=True, warn=True)))
    await upkeep.round()
    assert "account.low" not in await told(database)


async def test_rates_of_another_process_are_learned(database: Database) -> None:
    ours, theirs = RateBook(database.rates), RateBook(database.rates)
    await theirs.set("local", "m", DEAR, actor="key_1", reason="x", audit=event("rates.set"), now=NOW)
    assert ours.find("local", "m") is None
    await ours.refresh()
    assert ours.find("local", "m") == theirs.find("local", "m") == Price("local", "m", DEAR)
    await theirs.set("local", "m", None, actor="key_1", reason="x", audit=event("rates.set"), now=NOW)
    await ours.refresh()
    assert ours.find("local", "m") is None


@pytest.mark.parametrize(("tier", "input"), [(None, 9), ("default", 9), ("auto", 9), ("flex", 1)])
def test_what_was_set_counts_before_the_configuration_for_the_usual_tier(
    tier: str | None, input: int
) -> None:
    cheap = Rates(input=Decimal(1), output=Decimal(2))
    prices = (Price("local", "m", cheap), Price("local", "m", cheap, service_tier="flex"))
    pricing = {"local": Pricing("", prices, free=False, fallback=None)}
    book = PriceBook(pricing, set_apart=lambda provider, model: Price(provider, model, DEAR))
    price = book.find("local", "m", service_tier=tier)
    assert price is not None
    assert price.rates.input == input
