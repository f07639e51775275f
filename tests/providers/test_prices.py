"""The public price table: compiled by a child process, equal to the package it comes from."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage
from genai_prices.data import providers as source_providers

from providers.prices import (
    AllOf,
    AnyOf,
    Clause,
    Contains,
    EndsWith,
    Equals,
    Matches,
    Period,
    PriceTable,
    StartsWith,
    current,
    ensure_table,
    matches,
    table_path,
)
from specs.prices import Rates

ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/v1beta",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "deepseek": "https://api.deepseek.com",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prices")


@pytest.fixture(scope="module")
def table(folder: Path) -> PriceTable:
    found = ensure_table(folder)
    assert found is not None
    return found


@pytest.mark.parametrize("provider", list(ADDRESSES))
def test_every_price_equals_the_source(table: PriceTable, provider: str) -> None:
    now = datetime.now(UTC)
    source = next(each for each in source_providers if each.id == provider)
    compared = 0
    for model in source.models:
        price = table.find(ADDRESSES[provider], model.id, at=now)
        found = source.find_model(model.id)
        if price is None or found is None:
            continue
        for tokens in (10, 199_999, 300_000):
            cost = found.get_prices(now).calc_price(Usage(input_tokens=tokens, output_tokens=7))
            rates = price.rates_for(tokens)
            ours = (rates.input * tokens + rates.output * 7) / 1_000_000
            assert ours == cost["input_price"] + cost["output_price"], (model.id, tokens)
            compared += 1
    assert compared > 10


def test_cache_rates_and_units_come_along(table: PriceTable) -> None:
    price = table.find("https://api.anthropic.com", "claude-haiku-4-5")
    assert price is not None
    assert price.rates == Rates(
        input=Decimal(1),
        output=Decimal(5),
        cache_read=Decimal("0.1"),
        cache_write=Decimal("1.25"),
        cache_write_1h=Decimal(2),
        units={"web_searches": Decimal("0.01")},
    )
    assert price.source.startswith("genai-prices ")


def test_a_service_tier_has_its_own_rates(table: PriceTable) -> None:
    address = ADDRESSES["openai"]
    plain = table.find(address, "gpt-5-mini")
    priority = table.find(address, "gpt-5-mini", service_tier="priority")
    assert plain is not None
    assert priority is not None
    assert priority.rates.input > plain.rates.input
    assert table.find(address, "gpt-5-mini", service_tier="auto") == plain
    assert table.find(address, "gpt-5-mini", service_tier="ultrafast") is None


def test_a_compact_date_is_the_same_model(table: PriceTable) -> None:
    address = ADDRESSES["openai"]
    dashed = table.find(address, "gpt-5-mini-2025-08-07")
    compact = table.find(address, "gpt-5-mini-20250807")
    assert dashed is not None
    assert compact is not None
    assert compact.rates == dashed.rates


@pytest.mark.parametrize("address", ["http://127.0.0.1:11434/v1", "https://evil.example/api.openai.com"])
def test_an_unknown_address_has_no_price(table: PriceTable, address: str) -> None:
    assert table.find(address, "gpt-5-mini") is None


def test_it_is_compiled_once_per_version(table: PriceTable, folder: Path) -> None:
    path = table_path(folder)
    assert path is not None
    compiled = path.stat().st_mtime_ns
    old = folder / "prices-0.0.1.json"
    old.write_text("{}")
    assert ensure_table(folder) is not None
    assert path.stat().st_mtime_ns == compiled


def test_a_broken_table_is_compiled_anew_and_old_ones_go(table: PriceTable, tmp_path: Path) -> None:
    path = table_path(tmp_path)
    assert path is not None
    path.write_text("{")
    old = tmp_path / "prices-0.0.1.json"
    old.write_text("{}")
    assert ensure_table(tmp_path) is not None
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_reader_does_not_import_the_package() -> None:
    code = "import sys, providers.prices, providers.registry; sys.exit('genai_prices' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (Equals("gpt-5"), True),
        (Equals("gpt"), False),
        (StartsWith("gpt"), True),
        (EndsWith("-5"), True),
        (Contains("t-"), True),
        (Matches(r"^gpt-\d$"), True),
        (Matches(r"^\d"), False),
        (AnyOf((Equals("x"), StartsWith("gpt"))), True),
        (AllOf((Equals("x"), StartsWith("gpt"))), False),
    ],
    ids=str,
)
def test_clauses_match(clause: Clause, expected: bool) -> None:
    assert matches(clause, "gpt-5") is expected


RATES = [Rates(input=Decimal(n), output=Decimal(n)) for n in range(3)]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 1, 1, 12, tzinfo=UTC), 0),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), 1),
        (datetime(2026, 6, 1, 23, tzinfo=UTC), 2),
        (datetime(2026, 6, 1, 3, tzinfo=UTC), 2),
    ],
)
def test_the_last_period_that_holds_counts(at: datetime, expected: int) -> None:
    periods = (
        Period(RATES[0]),
        Period(RATES[1], since=date(2026, 6, 1)),
        Period(RATES[2], daily=(time(22), time(4))),
    )
    assert current(periods, at).rates == RATES[expected]
