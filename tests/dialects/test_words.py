"""A wrong word is refused with those that would have been right."""

from __future__ import annotations

from typing import Literal

import pytest
from msgspec import Struct

from service.dialects.words import words_at
from specs.errors import InvalidRequest
from specs.openai.chat import ChatRequest
from specs.openai.responses import CreateResponse
from tests.support.events import counting_ids
from tests.support.responses import DIALECT, body


class Leaf(Struct, tag_field="kind", tag="leaf"):
    size: Literal["s", "l"]


class Fruit(Struct, tag_field="kind", tag="fruit"):
    taste: str


class Tree(Struct):
    parts: list[Leaf | Fruit] | None = None
    by_name: dict[str, Literal["a"]] | None = None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("parts[...].kind", ("leaf", "fruit")),
        ("parts[3].size", ("l", "s")),
        ("parts[...].taste", ()),
        ("by_name[...]", ("a",)),
        ("gone", ()),
        ("", ()),
    ],
)
def test_words_are_found_along_a_path(path, words):
    assert set(words_at(Tree, path)) == set(words)


def test_the_words_of_the_apis():
    assert set(words_at(CreateResponse, "text.verbosity")) == {"low", "medium", "high"}
    assert words_at(ChatRequest, "messages[...].content[...].text") == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"truncation": "odd"}, "truncation must be one of 'auto', 'disabled'; got 'odd'."),
        ({"text": {"format": {"type": "odd"}}}, "'text', 'json_object', 'json_schema'; got 'odd'."),
        ({"tool_choice": "odd"}, "'auto', 'none', 'required' or an object; got 'odd'."),
        (
            {"input": [{"role": "odd", "content": ""}]},
            "'assistant', 'developer', 'system', 'user'; got 'odd'.",
        ),
        ({"include": ["odd"]}, "got 'odd'."),
    ],
)
def test_a_refusal_says_the_words(fields, said):
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.read(body(**fields), counting_ids())
    assert refused.value.message.endswith(said)
