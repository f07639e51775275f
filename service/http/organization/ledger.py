"""The entries of the ledger: in pages, and as an export."""

from __future__ import annotations

from typing import Any, cast, get_args

from litestar import Request, get
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.house import house_of
from service.http.organization.common import asked_page
from service.http.organization.exports import Export, exported
from service.http.organization.ledger_wires import entry_to_wire
from service.http.organization.queries import integer_of, one_of, text_of
from service.ids import run_of
from service.store.entry_records import EntryQuery, Kind
from service.store.ports import END_OF_TIME
from specs.openai import organization_ledger as wire

_KINDS = get_args(wire.Kind)


@get(
    "/organization/ledger/entries",
    opt={"scope": "admin", "query": wire.EntryQuery, "answer": wire.EntryList},
    operation_id="listLedgerEntries",
    summary="List the entries of the ledger",
    tags=["Accounts"],
)
async def list_entries(request: Request[Any, Any, Any]) -> ASGIApp:
    """Charges, one for each attempt at a model call, and what was granted, refilled, refunded and adjusted;
    newest first unless asked otherwise. The postings of an entry sum to zero."""
    asked = asked_page(request)
    page = await house_of(request).desk.entries.page(
        _query(request), limit=asked.limit, after=asked.after, order=asked.order
    )
    shown = tuple(map(entry_to_wire, page.entries))
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.EntryList(shown, page.has_more, *ends))


@get(
    "/organization/ledger/export",
    opt={"scope": "admin", "query": wire.ExportQuery, "answer": bytes},
    operation_id="exportLedger",
    summary="Export the ledger",
    tags=["Accounts"],
)
async def export_ledger(request: Request[Any, Any, Any]) -> ASGIApp:
    """Every entry that fits, oldest first, as CSV or as JSON Lines of ledger entries."""
    format = one_of(request, "format", ("csv", "jsonl"), default="jsonl")
    house = house_of(request)
    pieces = exported(house.desk.entries, _query(request), format=format)
    return Export(pieces, format=format, stall_seconds=house.settings.engine.stall_seconds)


def _query(request: Request[Any, Any, Any]) -> EntryQuery:
    response = text_of(request, "response_id")
    return EntryQuery(
        account=text_of(request, "account_id"),
        key=text_of(request, "key_id"),
        project=text_of(request, "project_id"),
        of_run=None if response is None else run_of(response),
        kind=cast("Kind | None", one_of(request, "kind", _KINDS, default="") or None),
        since=integer_of(request, "start_time", default=0),
        until=integer_of(request, "end_time", default=END_OF_TIME),
    )
