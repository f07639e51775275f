"""Dollars as strings, nano-dollars as integers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.money import format_usd, parse_usd, usd_to_nano


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0.00"),
        (1, "0.000000001"),
        (10**10, "10.00"),
        (9_999_986_500, "9.9999865"),
        (500_000_000, "0.50"),
        (-1_250_000_000, "-1.25"),
        (4 * 10**18, "4000000000.00"),
    ],
)
def test_dollars_are_exact_and_without_exponent(nano: int, text: str) -> None:
    assert format_usd(nano) == text


@given(st.integers(-(2**63), 2**63))
def test_what_is_written_reads_back(nano: int) -> None:
    assert parse_usd(format_usd(nano)) == nano


@pytest.mark.parametrize("text", ["", "ten", "NaN", "inf", "1,50", "0.0000000001"])
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount of money|nine decimals"):
        parse_usd(text)


def test_an_exponent_reads_as_its_amount() -> None:
    assert usd_to_nano(Decimal("5E-9")) == 5
