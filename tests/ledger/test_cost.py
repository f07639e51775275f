"""What tokens cost, to the nano-dollar."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.cost import MOST, MOST_TOKENS, Worst, clamp, cost, worst_case
from specs.prices import Price, Rates
from specs.usage import COUNTS, Usage, mismatches

RATES = Rates(
    input=Decimal("2.5"),
    cache_read=Decimal("0.25"),
    cache_write=Decimal("3.125"),
    cache_write_1h=Decimal(5),
    input_audio=Decimal(40),
    output=Decimal(10),
    output_audio=Decimal(80),
    units={"searches": Decimal("0.01")},
)
BARE = Rates(input=Decimal(2), output=Decimal(8))


@pytest.mark.parametrize(
    ("usage", "rates", "nano"),
    [
        (Usage(), BARE, 0),
        (Usage(input=0, output=0), BARE, 0),
        (Usage(input=1, output=0), BARE, 2_000),
        (Usage(input=1_210, output=1_000), BARE, 2_420_000 + 8_000_000),
        (Usage(input=1_000, cache_read=400), BARE, 2_000_000),
        (Usage(input=1_000, cache_read=400), RATES, 600 * 2_500 + 400 * 250),
        (
            Usage(input=1_000, cache_write=100, cache_write_1h=200),
            RATES,
            700 * 2_500 + 100 * 3_125 + 200 * 5_000,
        ),
        (Usage(input=100, input_audio=40), RATES, 60 * 2_500 + 40 * 40_000),
        (Usage(output=100, output_audio=10), RATES, 90 * 10_000 + 10 * 80_000),
        (Usage(output=100, reasoning=90), RATES, 100 * 10_000),
        (Usage(input=1, output=1, units={"searches": 3}), RATES, 12_500 + 30_000_000),
        (Usage(input=1, units={"unknown": 3}), RATES, 2_500),
        (Usage(input=3, output=0), Rates(input=Decimal("0.0001"), output=Decimal(0)), 1),
        (Usage(input=3, output=7), Rates(input=Decimal("0.0001"), output=Decimal("0.0001")), 1),
        (Usage(input=10_000), Rates(input=Decimal("0.0001"), output=Decimal(0)), 1_000),
        (Usage(input=10_001), Rates(input=Decimal("0.0001"), output=Decimal(0)), 1_001),
        (Usage(input=7), Rates(input=Decimal(1) / 3, output=Decimal(0)), 2_334),
    ],
)
def test_the_cost_of_a_usage(usage: Usage, rates: Rates, nano: int) -> None:
    assert cost(usage, rates) == nano


counts = st.integers(min_value=0, max_value=10**7)
rate = st.decimals(min_value=0, max_value=1000, places=6)


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=5), rate, rate)
def test_a_sum_costs_no_more_than_its_parts_and_hardly_less(
    parts: list[tuple[int, int]], input_rate: Decimal, output_rate: Decimal
) -> None:
    rates = Rates(input=input_rate, output=output_rate)
    whole = cost(Usage(input=sum(i for i, _ in parts), output=sum(o for _, o in parts)), rates)
    apart = sum(cost(Usage(input=i, output=o), rates) for i, o in parts)
    assert apart - len(parts) < whole <= apart


@given(st.builds(Usage, **dict.fromkeys(COUNTS, st.none() | st.integers(-5, 10**13))))
def test_a_clamped_usage_has_no_mismatch_and_no_negative_cost(usage: Usage) -> None:
    fair = clamp(usage)
    assert mismatches(fair) == []
    assert cost(fair, RATES) >= 0
    assert clamp(fair) == fair


def test_an_honest_usage_is_not_touched() -> None:
    usage = Usage(input=10, cache_read=6, cache_write=4, output=3, reasoning=3, units={"searches": 1})
    assert clamp(usage) == usage


def test_absurd_counts_stay_within_64_bits() -> None:
    absurd = clamp(Usage(input=10**40, output=10**40))
    assert (absurd.input, absurd.output) == (MOST_TOKENS, MOST_TOKENS)
    assert cost(absurd, Rates(input=Decimal(10**9), output=Decimal(0))) == MOST


def test_the_worst_case_is_the_dearest_class_of_the_dearest_tier() -> None:
    long = Rates(input=Decimal(4), output=Decimal(12))
    price = Price("p", "m", RATES, tiers=((200_000, long),))
    assert worst_case(price, audio=False) == Worst(Decimal(5_000), Decimal(12_000))
    assert worst_case(price, audio=True).input == Decimal(40_000)


@given(counts, st.integers(0, 10**14), rate, rate.filter(bool))
def test_what_an_amount_pays_for_costs_no_more_than_it(
    input_tokens: int, amount: int, input_rate: Decimal, output_rate: Decimal
) -> None:
    worst = Worst(input_rate * 1000, output_rate * 1000)
    output = worst.output_for(amount, input_tokens)
    assert output is not None
    if amount >= worst.cost(input_tokens, 0):
        assert (
            worst.cost(input_tokens, output) <= amount < max(worst.cost(input_tokens, output + 1), amount + 1)
        )


def test_free_output_is_any_number() -> None:
    assert Worst(Decimal(1), Decimal(0)).output_for(5, 1) is None
