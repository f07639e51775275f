"""Limits are exact, begin anew when their window is over, and tell where a caller stands."""

from __future__ import annotations

import pytest
from msgspec import Struct

from service.limits import Limiter
from service.limits.standing import duration
from specs.errors import RateLimited, RequestBeyondLimit
from specs.limits import DEFAULT_RULES, NO_RATES, KeyRates, Rule


class Key(Struct, frozen=True):
    id: str = "key_1"
    rates: KeyRates = NO_RATES


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def allowed(limiter: Limiter, key: Key, route: str, times: int) -> int:
    """How many of so many requests are let in."""
    count = 0
    for _ in range(times):
        standing = limiter.count(key, route)  # type: ignore[arg-type]
        assert standing is not None
        try:
            standing.check()
        except RateLimited:
            continue
        count += 1
    return count


@pytest.mark.parametrize(
    ("route", "most"), [("assistants", 100), ("messages", 500), ("runs", 100), ("files", 100)]
)
def test_the_defaults_hold(route: str, most: int) -> None:
    assert allowed(Limiter(clock=Clock()), Key(), route, most + 156) == most


def test_a_window_begins_with_its_first_request_and_ends_by_itself() -> None:
    clock = Clock()
    limiter = Limiter({"files": (Rule(2, window=10),)}, clock=clock)
    assert allowed(limiter, Key(), "files", 3) == 2
    clock.now += 9.9
    assert allowed(limiter, Key(), "files", 1) == 0
    clock.now += 0.1
    assert allowed(limiter, Key(), "files", 3) == 2


def test_keys_and_classes_are_counted_apart() -> None:
    limiter = Limiter(clock=Clock())
    assert allowed(limiter, Key(), "files", 100) == 100
    assert allowed(limiter, Key(), "runs", 1) == 1
    assert allowed(limiter, Key("key_2"), "files", 1) == 1


def test_of_several_rules_all_hold() -> None:
    clock = Clock()
    limiter = Limiter({"requests": (Rule(2, window=1), Rule(3, window=60))}, clock=clock)
    assert allowed(limiter, Key(), "requests", 5) == 2
    clock.now += 1
    assert allowed(limiter, Key(), "requests", 5) == 1


def test_a_refused_request_is_told_when_to_come_again() -> None:
    clock = Clock()
    limiter = Limiter({"files": (Rule(1, window=30),)}, clock=clock)
    allowed(limiter, Key(), "files", 1)
    clock.now += 10
    standing = limiter.count(Key(), "files")
    assert standing is not None
    with pytest.raises(RateLimited, match=r"its 1 request per 30s. Retry in 20s") as refused:
        standing.check()
    assert refused.value.retry_after == 20


def test_the_operators_words_are_used() -> None:
    limiter = Limiter({"files": (Rule(0, message="Ask Ada."),)})
    standing = limiter.count(Key(), "files")
    assert standing is not None
    with pytest.raises(RateLimited, match=r"^Ask Ada\.$"):
        standing.check()


def test_what_is_not_limited_costs_nothing() -> None:
    assert Limiter({}).count(Key(), "requests") is None
    assert Limiter({}).reserve("key_1", 10**9) is None


def test_a_keys_own_numbers_go_before_the_configured_ones() -> None:
    limiter = Limiter({"requests": (Rule(2),), "parallel_runs": (Rule(1),)}, clock=Clock())
    generous = Key(rates=KeyRates(requests_per_minute=5, parallel_runs=3))
    assert allowed(limiter, generous, "requests", 9) == 5
    for run in ("run_1", "run_2", "run_3"):
        limiter.enter(run, generous.id)
    with pytest.raises(RateLimited):
        limiter.enter("run_4", generous.id)


def test_a_changed_number_holds_from_the_next_request_on() -> None:
    limiter = Limiter({}, clock=Clock())
    assert allowed(limiter, Key(rates=KeyRates(requests_per_minute=1)), "requests", 3) == 1
    assert allowed(limiter, Key(rates=KeyRates(requests_per_minute=3)), "requests", 3) == 3
    assert limiter.count(Key(), "requests") is None


def test_rules_can_be_replaced_and_those_that_stay_go_on() -> None:
    limiter = Limiter({"files": (Rule(2),), "runs": (Rule(2),)}, clock=Clock())
    allowed(limiter, Key(), "files", 2)
    allowed(limiter, Key(), "runs", 2)
    limiter.replace({"files": (Rule(2),), "runs": (Rule(3),)})
    assert allowed(limiter, Key(), "files", 1) == 0
    assert allowed(limiter, Key(), "runs", 3) == 3


def test_replicas_share_a_limit() -> None:
    assert allowed(Limiter({"files": (Rule(100),)}, replicas=3), Key(), "files", 100) == 34
    assert allowed(Limiter({"files": (Rule(1),)}, replicas=3), Key(), "files", 2) == 1


def test_headers_tell_the_tightest_window_of_requests_and_tokens() -> None:
    clock = Clock()
    rules = {"requests": (Rule(10, window=60), Rule(1000, window=3600)), "tokens": (Rule(5000),)}
    limiter = Limiter(rules, clock=clock)  # type: ignore[arg-type]
    standing = limiter.count(Key(), "requests")
    assert standing is not None
    limiter.reserve("key_1", 1200)
    clock.now += 0.5
    assert dict(standing.headers()) == {
        b"x-ratelimit-limit-requests": b"10",
        b"x-ratelimit-remaining-requests": b"9",
        b"x-ratelimit-reset-requests": b"59.5s",
        b"x-ratelimit-limit-tokens": b"5000",
        b"x-ratelimit-remaining-tokens": b"3800",
        b"x-ratelimit-reset-tokens": b"59.5s",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.012, "12ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (60, "1m0s"),
        (359.999, "5m59.999s"),
        (7322, "2h2m2s"),
    ],
)
def test_a_duration_is_written_as_clients_know_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def limiter_of_tokens(clock: Clock) -> Limiter:
    limiter = Limiter({"tokens": (Rule(1000),)}, clock=clock)
    limiter.count(Key(), "requests")
    return limiter


def test_tokens_are_reserved_and_put_right() -> None:
    limiter = limiter_of_tokens(Clock())
    first = limiter.reserve("key_1", 900)
    assert first is not None
    with pytest.raises(RateLimited, match="tokens per 1m0s"):
        limiter.reserve("key_1", 200)
    first.correct(100)
    assert limiter.reserve("key_1", 900) is not None


def test_tokens_beyond_what_was_reserved_count_too() -> None:
    limiter = limiter_of_tokens(Clock())
    first = limiter.reserve("key_1", 1)
    assert first is not None
    first.correct(5000)
    with pytest.raises(RateLimited):
        limiter.reserve("key_1", 1)


def test_a_reservation_of_an_earlier_window_gives_nothing_back_to_this_one() -> None:
    clock = Clock()
    limiter = limiter_of_tokens(clock)
    old = limiter.reserve("key_1", 900)
    assert old is not None
    clock.now += 60
    assert limiter.reserve("key_1", 1000) is not None
    old.correct(0)
    with pytest.raises(RateLimited):
        limiter.reserve("key_1", 1)


def test_a_request_that_no_window_holds_is_told_so() -> None:
    with pytest.raises(RequestBeyondLimit, match="1,001 tokens"):
        limiter_of_tokens(Clock()).reserve("key_1", 1001)


def test_runs_that_are_over_make_room() -> None:
    limiter = Limiter({"parallel_runs": (Rule(2),)})
    limiter.enter("run_1", "key_1")
    limiter.enter("run_2", "key_1")
    with pytest.raises(RateLimited, match="2 runs"):
        limiter.enter("run_3", "key_1")
    limiter.leave("run_1")
    limiter.leave("run_1")
    limiter.enter("run_3", "key_1")
    limiter.note("run_4", "key_1")
    limiter.note("run_4", "key_1")
    limiter.leave("run_4")
    with pytest.raises(RateLimited):
        limiter.room("key_1")


def test_counts_of_keys_that_are_gone_are_forgotten() -> None:
    clock = Clock()
    limiter = Limiter(DEFAULT_RULES, clock=clock, most_buckets=10)
    for number in range(10):
        limiter.count(Key(f"key_{number}"), "files")
    clock.now += 60
    limiter.count(Key("key_new"), "files")
    assert len(limiter._buckets) == 1
