"""What administrators ask of the ledger, in one place."""

from __future__ import annotations

from msgspec import Struct

from service.ledger.rates import RateBook
from service.store.account_ports import AccountDesk
from service.store.entries import SqlEntries


class Desk(Struct, frozen=True):
    """Accounts, what was written of them, and what things cost."""

    accounts: AccountDesk
    entries: SqlEntries
    rates: RateBook
