"""A small database with a key and an account on it, and requests that may cost something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from msgspec import structs

from providers.profiles import Profile
from service.ledger.terms import Terms
from service.store.database import Database
from service.store.ports import NewKey, OpenHold, Settle, Settled, VoidHold
from specs.items import Message, Text
from specs.prices import Price, Rates
from specs.requests import ModelRequest, Settings
from specs.usage import Usage
from tests.support.postgres import Where

NOW = 1_800_000_000
RATES = Rates(input=Decimal(2), cache_read=Decimal("0.2"), cache_write=Decimal("2.5"), output=Decimal(8))
PRICE = Price("local", "scripted-1", RATES)
PLAIN_PRICE = Price("local", "scripted-1", Rates(input=Decimal(2), output=Decimal(8)))
"""2,000 nano-dollars an input token, 8,000 an output token."""
PROFILE = Profile(overhead_tokens=0, encoding="o200k_base")


def new_key(id: str = "key_1", *, account: str = "acct_1", **changes: Any) -> NewKey:
    """A key of the project `proj_1`, its digest made of its id."""
    values: dict[str, Any] = {
        "id": id,
        "project": "proj_1",
        "name": "ci",
        "digest": id.encode().ljust(32, b"."),
        "prefix": "sk-drg-",
        "last_four": "wxyz",
        "scopes": ("inference", "agents.read"),
        "account": account,
        "created_at": NOW,
    }
    return NewKey(**{**values, **changes})


@asynccontextmanager
async def opened(
    where: Where, *, granted: int = 0, unlimited: bool = False, **options: Any
) -> AsyncIterator[Database]:
    """A database holding the project `default` and the key `key_1` on the account `acct_1`."""
    async with await Database.open(where, **options) as database:
        await database.projects.ensure("default", id="proj_1", now=NOW)
        if await database.keys.get("key_1") is None:
            await database.keys.create(new_key(), granted=granted, unlimited=unlimited)
        yield database


def open_hold(run: str = "run_1", *, least: int = 0, most: int, **changes: Any) -> OpenHold:
    """An order for a hold of the key `key_1`."""
    values: dict[str, Any] = {
        "run": run,
        "step": 0,
        "attempt": 1,
        "key": "key_1",
        "account": "acct_1",
        "project": "proj_1",
        "agent": "agent_demo",
        "agent_version": 1,
        "api": "chat",
        "provider": "local",
        "model": "scripted-1",
        "least": least,
        "most": most,
        "input_tokens": 5,
        "rates": '{"input":"2","output":"8"}',
        "owner": "process_1",
        "lease_until": NOW + 45,
        "now": NOW,
    }
    return OpenHold(**{**values, **changes})


def settle(run: str = "run_1", *, cost: int, **changes: Any) -> Settle:
    """An order to settle the first attempt of a run."""
    values: dict[str, Any] = {
        "run": run,
        "step": 0,
        "attempt": 1,
        "cost": cost,
        "usage": Usage(input=10, output=5),
        "rates": '{"input":"2","output":"8"}',
        "now": NOW,
    }
    return Settle(**{**values, **changes})


def paid(settled: Settled) -> Settled:
    """A settlement without what it leaves on the account."""
    return structs.replace(settled, left=None)


def void(run: str = "run_1", *, attempt: int = 1) -> VoidHold:
    """An order to void an attempt of a run's first step."""
    return VoidHold(run, 0, attempt, NOW)


def request(text: str = "Hello, you!", **settings: Any) -> ModelRequest:
    """A request of one user message; the default text is 11 bytes."""
    message = Message("msg_1", "user", (Text(text),))
    return ModelRequest("scripted-1", (message,), settings=Settings(**settings))


def terms(run: str = "run_1", **changes: Any) -> Terms:
    """Terms of the key `key_1`, with a cap given."""
    values: dict[str, Any] = {
        "run": run,
        "step": 0,
        "attempt": 1,
        "key": "key_1",
        "key_name": "ci",
        "account": "acct_1",
        "project": "proj_1",
        "agent": "agent_demo",
        "agent_version": 1,
        "api": "chat",
        "provider": "local",
        "model": "scripted-1",
        "price": PLAIN_PRICE,
        "profile": PROFILE,
        "cap_given": True,
        "min_output_tokens": 256,
    }
    return Terms(**{**values, **changes})
