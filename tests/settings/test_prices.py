"""No rate, no run: which models lack a price, and whose word counts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from service.settings import Settings, load
from service.settings.prices import PriceBook, missing_prices, needs_table
from specs.prices import Price, Rates

LOCAL = (
    '[providers.local]\nkind = "openai-compatible"\nbase_url = "http://127.0.0.1:1/v1"\nexpose = ["llama3"]\n'
)
PRICE = '[providers.local.prices."llama3"]\ninput = 2\noutput = 8\n'


class Table:
    def find(self, base_url: str, model: str, *, service_tier: str | None = None) -> Price | None:
        rates = Rates(input=Decimal(9), output=Decimal(9))
        return Price("public", model, rates) if base_url == "http://127.0.0.1:1/v1" else None


@pytest.fixture
def settings_of(tmp_path: Path):
    def read(text: str) -> Settings:
        (tmp_path / "dragoman.toml").write_text(text)
        return load(tmp_path / "dragoman.toml", {})

    return read


def rates_of(settings: Settings, provider: str, model: str, table: Table | None = None) -> Decimal | None:
    price = PriceBook(settings.pricing, table).find(provider, model)
    return None if price is None else price.rates.input


def test_a_model_without_a_price_is_told_with_the_remedy(settings_of) -> None:
    assert missing_prices(settings_of(LOCAL), None) == [
        'No price for "local/llama3". Add [providers.local.prices."llama3"] '
        "or free = true under [providers.local]."
    ]


@pytest.mark.parametrize("remedy", ["free = true\n", PRICE])
def test_either_remedy_helps(settings_of, remedy: str) -> None:
    assert missing_prices(settings_of(LOCAL + remedy), None) == []
    assert not needs_table(settings_of(LOCAL + remedy))


def test_the_public_table_helps_too(settings_of) -> None:
    settings = settings_of(LOCAL)
    assert needs_table(settings)
    assert missing_prices(settings, Table()) == []


def test_the_operator_wins_over_the_table(settings_of) -> None:
    settings = settings_of(LOCAL + PRICE)
    assert rates_of(settings, "local", "llama3", Table()) == 2
    assert rates_of(settings, "local", "other", Table()) == 9


def test_free_is_zero_even_where_the_table_knows_better(settings_of) -> None:
    assert rates_of(settings_of(LOCAL + "free = true"), "local", "llama3", Table()) == 0


def test_a_price_goes_by_the_name_of_the_configuration(settings_of) -> None:
    price = PriceBook(settings_of(LOCAL).pricing, Table()).find("local", "llama3")
    assert price is not None
    assert (price.provider, price.model) == ("local", "llama3")


def test_the_demo_has_its_own_small_price(settings_of) -> None:
    settings = settings_of("")
    assert rates_of(settings, "demo", "anything") == Decimal("0.10")
    assert missing_prices(settings, None) == []


def test_an_unknown_provider_has_no_price(settings_of) -> None:
    assert rates_of(settings_of(""), "nobody", "x") is None


@pytest.mark.parametrize(
    ("tier", "known"), [(None, True), ("auto", True), ("default", True), ("flex", False)]
)
def test_the_operators_rates_are_those_of_the_usual_tier(settings_of, tier: str | None, known: bool) -> None:
    book = PriceBook(settings_of(LOCAL + PRICE).pricing, Table())
    assert (book.find("local", "llama3", service_tier=tier) is not None) is known


def test_what_is_free_is_free_in_every_tier(settings_of) -> None:
    book = PriceBook(settings_of(LOCAL + "free = true\n").pricing)
    assert book.find("local", "llama3", service_tier="flex") is not None


def test_other_tiers_have_the_rates_the_operator_gives_them(settings_of) -> None:
    flex = '[providers.local.prices."llama3".service_tiers.flex]\ninput = 1\noutput = 4\n'
    book = PriceBook(settings_of(LOCAL + PRICE + flex).pricing, Table())
    found = {tier: book.find("local", "llama3", service_tier=tier) for tier in ("auto", "flex", "priority")}
    assert [price and price.rates.input for price in found.values()] == [Decimal(2), Decimal(1), None]
