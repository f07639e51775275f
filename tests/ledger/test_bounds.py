"""How large a request can be."""

from __future__ import annotations

import pytest
from msgspec import Raw

from providers.profiles import Profile
from service.ledger.bounds import ENVELOPE_BOUND, input_bound, measure
from service.ledger.tokens import count_tokens
from specs.contexts import Context
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Text,
    Thought,
    Video,
)
from specs.requests import CustomInput, FunctionTool, ModelRequest, ResponseFormat, Settings

TEXT = "SGVsbG8u"
"""`Hello.`"""
PROFILE = Profile(image_tokens=1_000, file_tokens=5_000, overhead_tokens=7)


def bound(*items: Item, **fields: object) -> int:
    """The bound beside what any request has."""
    request = ModelRequest("m", items, **fields)  # type: ignore[arg-type]
    return input_bound(request, PROFILE) - PROFILE.overhead_tokens - ENVELOPE_BOUND * len(items)


@pytest.mark.parametrize(
    ("item", "tokens"),
    [
        (Message("i", "user", (Text("12345"),)), 5),
        (Message("i", "user", (Text("é日"), Refusal("no")), name="me"), 2 + 3 + 2 + 2),
        (Message("i", "user", (Text("\ud800"),)), 3),
        (Message("i", "user", (Image(url="data:image/png;base64,AAAA"),)), 1_000),
        (Message("i", "user", (File(data="AAAA", filename="a.pdf"),)), 5_000 + 5),
        (Message("i", "user", (File(data=f"data:text/plain;base64,{TEXT}"),)), 9),
        (Message("i", "user", (File(data=f"data:application/json;charset=utf-8;base64,{TEXT}"),)), 9),
        (Message("i", "user", (File(data="data:text/csv,a%2Cb"),)), 5),
        (Message("i", "user", (File(data=TEXT, filename="a.md"),)), 9 + 4),
        (Message("i", "user", (File(data="data:text/plain;base64,JVBERi0xLjc="),)), 5_000),
        (Message("i", "user", (File(data=f"data:image/png;base64,{TEXT}"),)), 1_000),
        (Message("i", "user", (File(data=f"data:application/zip;base64,{'A' * 80_000}"),)), 60_003),
        (Message("i", "user", (File(data=f"data:application/zip;base64,{TEXT}"),)), 5_000),
        (Message("i", "user", (File(url="https://a/b.txt"),)), 5_000),
        (Message("i", "user", (Video(url="https://a"),)), 5_000),
        (Message("i", "user", (Audio("A" * 160, "wav"),)), 11),
        (Reasoning("i", (Thought("abc", "sig"), Sealed("xyz"))), 9),
        (FunctionCall("i", "c1", "name", "{}", signature="s"), 2 + 4 + 2 + 1),
        (FunctionResult("i", "c1", (Text("ok"), Image())), 2 + 2 + 1_000),
        (HostedCall("i", "c1", "srv", "do", "{}", output="out", error="err"), 2 + 3 + 2 + 2 + 3 + 3),
    ],
)
def test_what_an_item_counts_for_at_most(item: Item, tokens: int) -> None:
    assert bound(item) == tokens


def test_instructions_tools_and_schemas_count() -> None:
    tool = FunctionTool("tool", "does", Raw(b'{"type":"object"}'))
    answer = ResponseFormat("json_schema", name="n", schema=Raw(b"{}"))
    settings = Settings(response_format=answer)
    assert (
        bound(instructions="Be brief.", tools=(tool,), settings=settings) == 9 + 16 + 4 + 4 + 17 + 16 + 1 + 2
    )


def test_a_custom_tools_grammar_counts() -> None:
    tool = FunctionTool("tool", custom=CustomInput("regex", "a|b"))
    assert bound(tools=(tool,)) == ENVELOPE_BOUND + 4 + 3


def test_a_file_of_text_is_guessed_as_text_is() -> None:
    text = File(data=f"data:text/plain;base64,{'AAAA' * 1_000}")
    needs = measure(ModelRequest("m", (Message("i", "user", (text,)),)), PROFILE)
    assert needs.bound_with(0) == needs.bound == 3_003 + ENVELOPE_BOUND + PROFILE.overhead_tokens
    assert needs.guess == 751 + 4


def test_what_the_provider_adds_counts() -> None:
    assert input_bound(ModelRequest("m", ()), PROFILE) == 7


@pytest.mark.parametrize(
    "text", ["hello world " * 50, "日本語のテキスト" * 50, "🦜" * 100, "x = {1: [2]}\n" * 40, " " * 999]
)
def test_the_bound_is_never_below_the_count(text: str) -> None:
    needs = measure(ModelRequest("m", (Message("i", "user", (Text(text * 50),)),)), PROFILE)
    tokens = count_tokens(needs.texts, Profile(encoding="o200k_base")).tokens
    assert needs.least_bound <= needs.bound_with(tokens) <= needs.bound


def test_a_context_that_grew_is_measured_as_if_it_had_not() -> None:
    said = Message("i", "user", (Text("é日"), Image(), File(data="data:text/plain;base64,AAAA")), name="me")
    context = Context((said,))
    for item in (FunctionCall("i", "c1", "add", "{}"), FunctionResult("i", "c1", (Text("ok"),)), said):
        context = context.grown((item,))
        grown, whole = (measure(ModelRequest("m", items), PROFILE) for items in (context, (*context,)))
        assert (grown.bound, grown.guess) == (whole.bound, whole.guess)
        assert sorted(grown.texts) == sorted(whole.texts)
