"""What a refused hold says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from providers.profiles import Profile
from service.ledger.cost import Worst
from service.ledger.refusals import refusal, worth_counting
from service.ledger.terms import Quote, quote
from service.store.ports import HoldRefused
from specs.errors import BalanceOnHold, BudgetExhausted, Conflict, InsufficientQuota, InvalidKey
from specs.requests import Settings
from tests.support.money import terms

QUOTE = Quote(input=1_210, output=1_000, least_output=256, least=4_000_000, most=14_000_000)


def test_a_real_shortage_says_what_is_there_and_what_is_wanted() -> None:
    failure = refusal(terms(), QUOTE, HoldRefused("balance", available=1_200_000)).failure
    assert failure.message == (
        'Key "ci" has $0.0012 available; this request may cost up to $0.0140 '
        "(1,210 input, up to 1,000 output tokens). Lower max_output_tokens or ask your operator for credit."
    )
    assert (failure.status, failure.type, failure.code) == (429, "insufficient_quota", "insufficient_quota")
    assert (failure.retryable, failure.retry_after) == (False, None)


def test_a_shortage_other_holds_cause_can_be_retried() -> None:
    error = refusal(terms(), QUOTE, HoldRefused("balance", available=1_200_000, held=2_800_000))
    assert isinstance(error, BalanceOnHold)
    assert error.retry_after == 1
    assert "$0.0012 available while other requests hold $0.0028" in error.message


def test_one_nano_dollar_less_is_a_real_shortage() -> None:
    error = refusal(terms(), QUOTE, HoldRefused("balance", available=1_200_000, held=2_799_999))
    assert type(error) is InsufficientQuota


@pytest.mark.parametrize(
    ("available", "shown"),
    [(0, "$0.0000"), (1, "$0.000000001"), (13_999_999, "$0.013999999"), (13_000_000, "$0.0130")],
)
def test_amounts_that_four_digits_do_not_tell_are_written_out(available: int, shown: str) -> None:
    dear = Quote(input=1, output=1, least_output=1, least=14_000_000, most=14_000_000)
    assert f"has {shown} available" in refusal(terms(), dear, HoldRefused("balance", available)).message


def test_an_agents_limit_is_named_as_such() -> None:
    error = refusal(terms(max_cost=1_000_000), QUOTE, HoldRefused("balance", available=1_000_000))
    assert isinstance(error, BudgetExhausted)
    assert error.message.startswith('Agent "agent_demo" may spend $0.0010 more in this run;')


def test_a_spend_limit_says_how_much_it_is_and_when_it_ends() -> None:
    refused = HoldRefused("day", available=1_200_000, limit=5_000_000_000, until=1_800_057_600)
    failure = refusal(terms(), QUOTE, refused).failure
    assert failure.message == (
        'Key "ci" may spend $0.0012 more of its account\'s limit of $5.0000 a day; '
        "this request may cost up to $0.0140 (1,210 input, up to 1,000 output tokens). "
        "A new day begins at 2027-01-16T00:00:00Z."
    )
    assert (failure.status, failure.code, failure.retryable) == (429, "spend_limit_reached", False)


def test_a_spend_limit_that_other_holds_reach_can_be_retried() -> None:
    refused = HoldRefused("month", available=1_200_000, held=2_800_000, limit=4_000_000)
    assert isinstance(refusal(terms(), QUOTE, refused), BalanceOnHold)


def test_a_revoked_key_and_a_lost_run_are_no_matter_of_money() -> None:
    assert isinstance(refusal(terms(), QUOTE, HoldRefused("key")), InvalidKey)
    assert isinstance(refusal(terms(), QUOTE, HoldRefused("run")), Conflict)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (HoldRefused("balance", available=100), True),
        (HoldRefused("balance", available=99), False),
        (HoldRefused("balance", available=0, held=4_000_000), False),
        (HoldRefused("balance", available=0, held=3_999_999), True),
        (HoldRefused("key", available=100), False),
    ],
)
def test_counting_is_worth_it_only_where_it_can_change_the_outcome(
    refused: HoldRefused, expected: bool
) -> None:
    assert worth_counting(QUOTE, refused, floor=100) is expected


WORST = Worst(Decimal(2_000), Decimal(8_000))


@pytest.mark.parametrize(
    ("settings", "changes", "output", "least"),
    [
        (Settings(max_output_tokens=1_000), {}, 1_000, 256),
        (Settings(max_output_tokens=100), {}, 100, 100),
        (Settings(max_output_tokens=1_000), {"min_output_tokens": 5}, 1_000, 5),
        (Settings(), {"cap_given": False}, 16_384, 256),
        (Settings(), {"cap_given": False, "profile": Profile(max_output_tokens=4_096)}, 4_096, 256),
        (Settings(), {"cap_given": False, "profile": Profile(max_output_tokens=64_000)}, 16_384, 256),
        (Settings(max_output_tokens=9_000, thinking_budget=4_000), {}, 9_000, 4_256),
        (Settings(max_output_tokens=4_100, thinking_budget=4_000), {}, 4_100, 4_100),
        (Settings(thinking_budget=20_000), {"cap_given": False}, 20_256, 20_256),
    ],
)
def test_a_quote_is_of_the_cap_and_never_less_than_thinking(
    settings: Settings, changes: dict[str, object], output: int, least: int
) -> None:
    made = quote(terms(**changes), settings, WORST, input_tokens=10, default_output=16_384)
    assert (made.output, made.least_output) == (output, least)
    assert (made.most, made.least) == (20_000 + 8_000 * output, 20_000 + 8_000 * least)
