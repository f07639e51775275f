"""Compiles genai-prices into the price table. Runs as a child process: `python -m providers.prices OUT`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec
from genai_prices import types as source
from genai_prices.data import providers as source_providers
from msgspec import Raw

from providers.prices import (
    PACKAGE,
    AllOf,
    AnyOf,
    Clause,
    Contains,
    Document,
    EndsWith,
    Equals,
    Matches,
    Period,
    Row,
    Section,
    StartsWith,
)
from specs.prices import Rates

CLASSES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
}
"""Our classes and the source's names for them, per million tokens."""
UNITS = {
    "web_searches": "web_searches_kcount",
    "storage_searches": "storage_searches_kcount",
    "requests": "requests_kcount",
}
"""What is charged by the piece, and the source's names for a thousand of them."""

Prices = Mapping[str, "Decimal | source.TieredPrices | None"]


def main(path: Path) -> None:
    """Write the table, whole or not at all."""
    document = Document(version(PACKAGE), tuple(_section(each) for each in source_providers))
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_bytes(msgspec.json.encode(document))
    temporary.replace(path)


def _section(provider: source.Provider) -> Section:
    rows = [row for model in provider.models if (row := _row(model)) is not None]
    return Section(
        id=provider.id,
        address=provider.api_pattern,
        rows=Raw(msgspec.json.encode(rows)),
        fallback=tuple(provider.fallback_model_providers or ()),
    )


def _row(model: source.ModelInfo) -> Row | None:
    """The row of a model; None where it is not priced by tokens."""
    dated = _dated(model.prices)
    periods = _periods(dated, {})
    if not periods:
        return None
    tiers = {
        variant.when["service_tier"]: _periods(dated, vars(variant.prices))
        for variant in model.price_variants or ()
        if set(variant.when) == {"service_tier"} and vars(variant.prices)
    }
    return Row(_clause(model.match), periods, tiers)


def _dated(
    prices: source.ModelPrice | list[source.ConditionalPrice],
) -> list[source.ConditionalPrice]:
    return prices if isinstance(prices, list) else [source.ConditionalPrice(prices=prices)]


def _periods(dated: Iterable[source.ConditionalPrice], changes: Prices) -> tuple[Period, ...]:
    """The priced periods, with some of the prices changed in each."""
    return tuple(
        period
        for each in dated
        if (period := _period({**vars(each.prices), **changes}, each.constraint)) is not None
    )


def _period(prices: Prices, when: object) -> Period | None:
    if prices.get("input_mtok") is None or prices.get("output_mtok") is None:
        return None
    starts = sorted({tier.start for each in prices.values() for tier in _tiers(each)})
    return Period(
        rates=_rates(prices, None),
        tiers=tuple((start, _rates(prices, start)) for start in starts),
        since=when.start_date if isinstance(when, source.StartDateConstraint) else None,
        daily=(
            (when.start_time.replace(tzinfo=None), when.end_time.replace(tzinfo=None))
            if isinstance(when, source.TimeOfDateConstraint)
            else None
        ),
    )


def _tiers(price: Decimal | source.TieredPrices | None) -> list[source.Tier]:
    return price.tiers if isinstance(price, source.TieredPrices) else []


def _rates(prices: Prices, above: int | None) -> Rates:
    """The rates for calls with more input tokens than `above`."""
    classes = {ours: _at(prices.get(theirs), above) for ours, theirs in CLASSES.items()}
    units = {ours: _at(prices.get(theirs), above) for ours, theirs in UNITS.items()}
    return Rates(
        **{name: rate for name, rate in classes.items() if rate is not None},
        units={name: rate / 1000 for name, rate in units.items() if rate is not None},
    )


def _at(price: Decimal | source.TieredPrices | None, above: int | None) -> Decimal | None:
    if not isinstance(price, source.TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if above is not None and tier.start <= above]
    return reached[-1] if reached else price.base


def _clause(match: object) -> Clause:
    match match:
        case source.ClauseEquals(equals=text):
            return Equals(text.lower())
        case source.ClauseStartsWith(starts_with=text):
            return StartsWith(text.lower())
        case source.ClauseEndsWith(ends_with=text):
            return EndsWith(text.lower())
        case source.ClauseContains(contains=text):
            return Contains(text.lower())
        case source.ClauseRegex(regex=regex):
            return Matches(regex)
        case source.ClauseOr(or_=clauses):
            return AnyOf(tuple(_clause(each) for each in clauses))
        case source.ClauseAnd(and_=clauses):
            return AllOf(tuple(_clause(each) for each in clauses))
        case _:
            raise TypeError(f"{PACKAGE} {version(PACKAGE)} has a match clause we do not know: {match!r}")
