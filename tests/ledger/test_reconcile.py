"""An invoice is read whatever its columns are called and in whatever order it comes, and compared."""

from __future__ import annotations

import random

import pytest

from service.ledger.reconcile import Billed, add_up, compare, model_family, read_invoice

COSTS = [
    ["start_time", "line_item", "amount_value", "amount_currency"],
    ["1799971200", "gpt-5-2026-01-31, input", "0.25", "usd"],
    ["1799971200", "gpt-5-2026-01-31, output", "1.5", "usd"],
    ["1800057600", "gpt-5-mini, input", "0.000000001", "USD"],
]
WANTED = {("2027-01-15", "gpt-5"): Billed(1_750_000_000), ("2027-01-16", "gpt-5-mini"): Billed(1)}


def test_rows_and_columns_may_come_in_any_order():
    for seed in range(20):
        shuffle = random.Random(seed).sample
        columns, rows = shuffle(range(4), 4), shuffle(COSTS[1:], 3)
        header = [COSTS[0][column].replace("_", " ").title() for column in columns]
        assert read_invoice(header, [[row[column] for column in columns] for row in rows]) == WANTED


@pytest.mark.parametrize(
    "day", ["2027-01-15", "2027-01-15T23:59:59+00:00", "2027-01-16T01:00:00+02:00", "1800000000"]
)
def test_a_day_is_a_date_or_a_moment(day):
    assert read_invoice(["date", "model", "cost"], [[day, "m", "1"]]) == {("2027-01-15", "m"): Billed(10**9)}


def test_tokens_are_added_up_where_they_are_told():
    header = ["date", "model", "cost", "input_tokens", "output_tokens"]
    rows = [["2027-01-15", "m", "1", "10", ""], ["2027-01-15", "m", "1", "5", "7"]]
    assert read_invoice(header, rows) == {("2027-01-15", "m"): Billed(2 * 10**9, 15, 7)}


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (["date", "cost"], ["2027-01-15", "1"], "no column for the model"),
        (["date", "model", "cost"], ["soon", "m", "1"], "line 2: Invalid isoformat"),
        (["date", "model", "cost"], ["2027-01-15", "m", "free"], "line 2: "),
        (["date", "model", "cost"], ["2027-01-15", "m"], "line 2: "),
        (["date", "model", "cost", "currency"], ["2027-01-15", "m", "1", "eur"], "line 2: 'eur' is not USD"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(header, row, message):
    with pytest.raises(ValueError, match=message):
        read_invoice(header, [row])


@pytest.mark.parametrize("name", ["gpt-5", "gpt-5-2026-01-31", "gpt-5, input", "gpt-5-20260131"])
def test_names_of_one_model_are_one(name):
    assert model_family(name) == "gpt-5"


def test_only_what_differs_by_more_than_the_tolerance_is_told():
    invoice = add_up([("2027-01-15", "a", Billed(100)), ("2027-01-15", "b", Billed(50))])
    ours = add_up([("2027-01-15", "a", Billed(90)), ("2027-01-16", "c", Billed(11))])
    found = compare(invoice, ours, tolerance=10)
    assert [(each.day, each.model, each.cost) for each in found] == [
        ("2027-01-15", "b", 50),
        ("2027-01-16", "c", -11),
    ]
    assert compare(invoice, invoice, tolerance=0) == []
