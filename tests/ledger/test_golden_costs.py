"""What the usage each wire reports costs, to the nano-dollar, worked out by hand: payloads as the vendors
document them, at rates that tell every class apart."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from providers.anthropic.usage import usage_of as messages_usage
from providers.google.usage import usage_of as google_usage
from providers.google.wire import Counts
from providers.openai_chat.usage import usage_from_wire as chat_usage
from providers.openai_responses.outcome import usage_of as responses_usage
from service.ledger.bill import lines
from service.ledger.cost import clamp, cost
from specs.prices import Rates
from specs.usage import COUNTS, Usage

Read = Callable[[Raw], Usage | None]

RATES = Rates(
    input=Decimal("1.25"),
    output=Decimal(10),
    cache_read=Decimal("0.125"),
    cache_write=Decimal("1.5625"),
    cache_write_1h=Decimal("2.5"),
    input_audio=Decimal(32),
    output_audio=Decimal(64),
    units={"searches": Decimal("0.01"), "web_searches": Decimal("0.01"), "web_fetches": Decimal("0.005")},
)
"""A token of input is 1,250 nano-dollars, read from a cache 125, written to one 1,562.5 or 2,500, of audio
32,000; of output 10,000, of audio 64,000; a search is 10,000,000, a page fetched 5,000,000."""


def google(raw: Raw) -> Usage | None:
    return google_usage(msgspec.json.decode(raw, type=Counts))


GOLDEN: list[tuple[str, Read, str, int]] = [
    (
        "chat: cached and reasoning",
        chat_usage,
        '{"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,'
        ' "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},'
        ' "completion_tokens_details": {"reasoning_tokens": 192}}',
        86 * 1_250 + 1_920 * 125 + 300 * 10_000,
    ),
    (
        "chat: audio both ways",
        chat_usage,
        '{"prompt_tokens": 120, "completion_tokens": 90, "total_tokens": 210, "prompt_tokens_details":'
        ' {"audio_tokens": 100}, "completion_tokens_details": {"audio_tokens": 70}}',
        20 * 1_250 + 100 * 32_000 + 20 * 10_000 + 70 * 64_000,
    ),
    (
        "chat: a hit count beside the totals",
        chat_usage,
        '{"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010,'
        ' "prompt_cache_hit_tokens": 960, "prompt_cache_miss_tokens": 40}',
        40 * 1_250 + 960 * 125 + 10 * 10_000,
    ),
    (
        "chat: reasoning beside the completion",
        chat_usage,
        '{"prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 360,'
        ' "completion_tokens_details": {"reasoning_tokens": 300}}',
        50 * 1_250 + 310 * 10_000,
    ),
    (
        "chat: searches by the piece",
        chat_usage,
        '{"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9,'
        ' "server_tool_use_details": {"web_search_requests": 3}}',
        8 * 1_250 + 10_000 + 3 * 10_000_000,
    ),
    ("chat: nothing", chat_usage, '{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}', 0),
    (
        "responses: cached and reasoning",
        responses_usage,
        '{"input_tokens": 75, "input_tokens_details": {"cached_tokens": 64}, "output_tokens": 1186,'
        ' "output_tokens_details": {"reasoning_tokens": 1024}, "total_tokens": 1261}',
        11 * 1_250 + 64 * 125 + 1_186 * 10_000,
    ),
    (
        "responses: written to a cache",
        responses_usage,
        '{"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 801},'
        ' "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1001}',
        99 * 1_250 + 100 * 125 + 1_251_563 + 10_000,
    ),
    (
        "messages: the cache beside the input",
        messages_usage,
        '{"input_tokens": 21, "cache_creation_input_tokens": 188086, "cache_read_input_tokens": 0,'
        ' "output_tokens": 393}',
        21 * 1_250 + 293_884_375 + 393 * 10_000,
    ),
    (
        "messages: both lifetimes",
        messages_usage,
        '{"input_tokens": 2048, "cache_read_input_tokens": 1800, "cache_creation_input_tokens": 248,'
        ' "output_tokens": 503, "cache_creation": {"ephemeral_5m_input_tokens": 148,'
        ' "ephemeral_1h_input_tokens": 100}}',
        2_048 * 1_250 + 1_800 * 125 + 231_250 + 100 * 2_500 + 503 * 10_000,
    ),
    (
        "messages: searches and fetches",
        messages_usage,
        '{"input_tokens": 105, "output_tokens": 6039, "cache_read_input_tokens": 7123,'
        ' "cache_creation_input_tokens": 7345, "server_tool_use": {"web_search_requests": 1,'
        ' "web_fetch_requests": 2}}',
        105 * 1_250 + 7_123 * 125 + 11_476_563 + 6_039 * 10_000 + 10_000_000 + 2 * 5_000_000,
    ),
    (
        "google: thoughts beside the candidates",
        google,
        '{"promptTokenCount": 41, "candidatesTokenCount": 7, "thoughtsTokenCount": 500,'
        ' "totalTokenCount": 548}',
        41 * 1_250 + 507 * 10_000,
    ),
    (
        "google: cached, audio, and what a tool put in",
        google,
        '{"promptTokenCount": 3000, "cachedContentTokenCount": 2000, "toolUsePromptTokenCount": 10,'
        ' "candidatesTokenCount": 5, "totalTokenCount": 3015, "promptTokensDetails":'
        ' [{"modality": "TEXT", "tokenCount": 2900}, {"modality": "AUDIO", "tokenCount": 100}]}',
        910 * 1_250 + 2_000 * 125 + 100 * 32_000 + 5 * 10_000,
    ),
]


@pytest.mark.parametrize(
    ("read", "payload", "nanos"), [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN]
)
def test_a_reported_usage_costs_exactly(read: Read, payload: str, nanos: int):
    usage = read(Raw(payload.encode()))
    assert usage is not None
    assert cost(usage, RATES) == nanos
    assert clamp(usage) == usage


counts = st.none() | st.integers(0, 10**9)
decimals = st.decimals(0, 1_000, places=6, allow_nan=False)


@given(
    usage=st.builds(
        Usage,
        **dict.fromkeys(COUNTS, counts),
        units=st.dictionaries(st.sampled_from(["searches", "pages"]), st.integers(0, 1_000)),
    ),
    rates=st.builds(
        Rates,
        input=decimals,
        output=decimals,
        **dict.fromkeys(
            ("cache_read", "cache_write", "cache_write_1h", "input_audio", "output_audio"),
            st.none() | decimals,
        ),
        units=st.dictionaries(st.sampled_from(["searches", "pages"]), decimals),
    ),
)
def test_the_lines_of_a_bill_add_up_to_its_cost(usage: Usage, rates: Rates):
    fair = clamp(usage)
    whole = sum((line.amount for line in lines(fair, rates)), Decimal())
    assert cost(fair, rates) == int(whole.scaleb(9).to_integral_value(ROUND_CEILING))
