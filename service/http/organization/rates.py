"""Rates the operator sets at run time: the current ones, every one there was, and who set it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.house import house_of
from service.http.organization.common import asked_page, body_of, change, missing, now, printable
from service.http.organization.ledger_wires import rates_to_wire
from service.http.organization.queries import text_of
from service.ledger.rates import RateBook
from service.store.entry_records import RateRecord
from service.store.ports import END_OF_TIME
from specs.errors import InvalidRequest
from specs.openai import organization_accounts as wire
from specs.prices import Rates

_set = msgspec.json.Decoder(wire.SetRates)


@post(
    "/organization/rates",
    opt={"scope": "admin", "body": wire.SetRates, "answer": wire.RateShown},
    status_code=200,
    operation_id="setRates",
    summary="Set the rates of a model",
    tags=["Accounts"],
)
async def set_rates(request: Request[Any, Any, Any]) -> ASGIApp:
    """Set what a model costs from its next run on, whatever the configuration and the public table say; or
    take that back. Other processes on the database follow within seconds."""
    asked = await body_of(request, _set)
    providers = house_of(request).settings.pricing
    if asked.provider not in providers:
        known = ", ".join(providers) or "none"
        raise InvalidRequest(
            f"provider: {asked.provider!r} is not configured; there are: {known}.", param="provider"
        )
    model, reason = printable(asked.model, param="model"), printable(asked.reason, param="reason")
    name = f"{asked.provider}/{model}"
    said = None if asked.rates is None else msgspec.json.encode(asked.rates).decode()
    event = await change(request, "rates.set", name, rates=said, reason=reason)
    record = await _book(request).set(
        asked.provider,
        model,
        None if asked.rates is None else _wire_to_rates(asked.rates),
        actor=event.actor.user or event.actor.key or event.actor.kind,
        reason=reason,
        audit=event,
        now=now(),
    )
    return json_answer(_rate_to_wire(record))


@get(
    "/organization/rates",
    opt={"scope": "admin", "query": wire.RateQuery, "answer": wire.RateList},
    operation_id="listRates",
    summary="List the rates that were set",
    tags=["Accounts"],
)
async def list_rates(request: Request[Any, Any, Any]) -> ASGIApp:
    """The rates that were set here and hold now, by provider and model. What is not listed costs what the
    configuration says, else the public table."""
    provider, model = text_of(request, "provider"), text_of(request, "model")
    found = [
        _rate_to_wire(record)
        for record in await _book(request).records.current()
        if provider in (None, record.provider) and model in (None, record.model)
    ]
    return json_answer(_list(found, has_more=False))


@get(
    "/organization/rates/history",
    opt={"scope": "admin", "query": wire.RateHistoryQuery, "answer": wire.RateList},
    operation_id="listRateHistory",
    summary="List every rate there was",
    tags=["Accounts"],
)
async def list_rate_history(request: Request[Any, Any, Any]) -> ASGIApp:
    """Every change of rates, newest first, with who made it and why."""
    asked = asked_page(request)
    found = await _book(request).records.history(
        provider=text_of(request, "provider"),
        model=text_of(request, "model"),
        before=_number(asked.after) if asked.after else END_OF_TIME,
        limit=asked.limit + 1,
    )
    shown = [_rate_to_wire(record) for record in found[: asked.limit]]
    return json_answer(_list(shown, has_more=len(found) > asked.limit))


def _book(request: Request[Any, Any, Any]) -> RateBook:
    return house_of(request).desk.rates


def _number(id: str) -> int:
    """The number in the id of a rate. Raises NotFound."""
    kind, _, number = id.partition("_")
    if kind != "rate" or not (number.isascii() and number.isdigit() and len(number) < 18):
        raise missing("rate", "after")
    return int(number)


def _list(shown: list[wire.RateShown], *, has_more: bool) -> wire.RateList:
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return wire.RateList(tuple(shown), has_more, *ends)


def _wire_to_rates(rates: wire.ModelRates) -> Rates:
    named = {name: getattr(rates, name) for name in wire.ModelRates.__struct_fields__ if name != "units"}
    return Rates(
        **{name: Decimal(rate) for name, rate in named.items() if rate is not None},
        units={name: Decimal(rate) for name, rate in rates.units.items()},
    )


def _rate_to_wire(record: RateRecord) -> wire.RateShown:
    return wire.RateShown(
        id=f"rate_{record.id}",
        provider=record.provider,
        model=record.model,
        rates=None if record.rates is None else rates_to_wire(record.rates),
        set_by=record.actor,
        reason=record.reason,
        created_at=record.created_at,
    )
