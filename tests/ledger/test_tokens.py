"""Counting tokens, offline."""

from __future__ import annotations

import pytest

from providers.profiles import Profile
from service.ledger import tokens
from service.ledger.tokens import SIZE_LIMIT, count_tokens

OWN = Profile(encoding="o200k_base")


@pytest.mark.parametrize(
    ("encoding", "text", "number"),
    [
        ("o200k_base", "hello world", 2),
        ("o200k_base", "tiktoken is great!", 6),
        ("cl100k_base", "hello world", 2),
        ("cl100k_base", "tiktoken is great!", 6),
        ("cl100k_base", "お誕生日おめでとう", 9),
        ("o200k_base", "お誕生日おめでとう", 8),
        ("o200k_base", "", 0),
        ("o200k_base", "<|endoftext|>", 7),
    ],
)
def test_tokens_are_those_of_the_encoding(encoding: str, text: str, number: int) -> None:
    assert count_tokens((text,), Profile(encoding=encoding)).tokens == number


def test_a_foreign_tokenizer_counts_with_the_profiles_margin() -> None:
    assert count_tokens(("hello world",) * 10, Profile(count_margin=1.25)).tokens == 25
    assert count_tokens(("hello world",) * 10, Profile(encoding="unheard_of", count_margin=1.5)).tokens == 30


@pytest.mark.parametrize("text", [" " * 300_000, "a" * 300_000, "\n\r" * 100_000, "\ud800" * 10])
def test_hostile_text_is_counted(text: str) -> None:
    assert count_tokens((text,), OWN).tokens > 0


def test_beyond_the_limit_text_is_only_measured() -> None:
    count = count_tokens(("word " * (SIZE_LIMIT // 5), "1234567890" * 10), OWN)
    assert count.uncounted_bytes == 100 - SIZE_LIMIT % 5
    assert count.bound - count.tokens == count.uncounted_bytes
    assert count.guess - count.tokens == -(-count.uncounted_bytes // 4)


def test_an_encoding_is_loaded_once() -> None:
    assert tokens._encoding("o200k_base") is tokens._encoding("o200k_base")
