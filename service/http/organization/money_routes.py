"""The routes of accounts, the ledger, rates, usage and costs."""

from __future__ import annotations

from service.http import settlement
from service.http.organization import accounts, costs, ledger, rates, usage

MONEY_HANDLERS = (
    accounts.create_account,
    accounts.list_accounts,
    accounts.retrieve_account,
    accounts.update_account,
    accounts.top_up_account,
    accounts.adjust_account,
    accounts.refund_charge,
    accounts.assign_key,
    accounts.list_account_keys,
    ledger.list_entries,
    ledger.export_ledger,
    rates.set_rates,
    rates.list_rates,
    rates.list_rate_history,
    usage.completions_usage,
    costs.costs,
    settlement.retrieve_settlement,
)
