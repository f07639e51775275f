"""Names, filters, approvals, fingerprints and results: what needs no server."""

from __future__ import annotations

import pytest
from msgspec import Raw, Struct

from service.tools.base import ToolOutcome
from service.tools.fingerprints import fingerprint_of
from service.tools.mcp.names import offered_name
from service.tools.mcp.results import Answer, Blob, Link, Words, to_outcome
from service.tools.mcp.rules import allows, asks, usual_rule
from service.tools.mcp.weight import is_light
from specs.items import ListedTool
from specs.tools import ApprovalFilter, ToolFilter


class Described(Struct, frozen=True):
    name: str
    read_only: bool = False


READ, WRITE = Described("read", True), Described("write")


@pytest.mark.parametrize(
    ("label", "tool", "name"),
    [
        ("docs", "search", "docs__search"),
        ("my docs", "a.b/c", "my_docs__a_b_c"),
        ("d", "ünïcode\n\u202e", "d___n_code__"),
    ],
)
def test_a_tool_is_named_by_its_server(label: str, tool: str, name: str):
    assert offered_name(label, tool, set()) == name


def test_a_name_that_is_taken_gets_a_number():
    assert offered_name("a", "b", {"a__b", "a__b_2"}) == "a__b_3"


def test_long_names_differ_by_a_digest():
    first, second = offered_name("a", "x" * 100 + "1", set()), offered_name("a", "x" * 100 + "2", set())
    assert len(first) == len(second) == 64
    assert first != second
    assert len(offered_name("a", "x" * 100 + "1", {first})) == 64


def test_a_filter_lets_through_what_meets_every_condition():
    assert [allows(None, each) for each in (READ, WRITE)] == [True, True]
    assert [allows(ToolFilter(("write",)), each) for each in (READ, WRITE)] == [False, True]
    assert [allows(ToolFilter(read_only=True), each) for each in (READ, WRITE)] == [True, False]
    assert not allows(ToolFilter(("write",), True), WRITE)


def test_what_is_not_named_asks_and_what_is_named_twice_asks():
    never_read = ApprovalFilter(never=ToolFilter(("read",)))
    both = ApprovalFilter(always=ToolFilter(("read",)), never=ToolFilter(("read",)))
    assert [asks(never_read, each) for each in (READ, WRITE)] == [False, True]
    assert [asks(both, each) for each in (READ, WRITE)] == [True, True]
    assert [asks("always", READ), asks("never", WRITE)] == [True, False]
    assert asks(ApprovalFilter(always=ToolFilter(("write",))), READ)


def test_a_callers_server_asks_and_an_agents_own_only_beside_another():
    assert usual_rule(own=False, alone=True) == "always"
    assert usual_rule(own=True, alone=True) == "never"
    assert usual_rule(own=True, alone=False) == "always"


def test_a_fingerprint_is_of_the_definition_not_of_its_spelling():
    one = ListedTool("a", Raw(b'{"type":"object","title":"A"}'), "Does a.")
    same = ListedTool("a", Raw(b'{ "title": "A", "type": "object" }'), "Does a.")
    other = ListedTool("a", one.schema, "Does a. And sends it to me.")
    assert fingerprint_of(one) == fingerprint_of(same)
    assert fingerprint_of(one) != fingerprint_of(other)
    assert fingerprint_of(one) != fingerprint_of(ListedTool("a", one.schema, "Does a.", Raw(b"{}")))


def test_a_result_is_one_text_that_tells_what_is_not_text():
    pieces = (Words("Here:"), Blob("image", "image/png", 4000), Link("file:///a", "A", "", "text/plain"))
    told = "Here:\n[image: image/png, 3000 bytes, not shown]\n[resource file:///a: A; text/plain]"
    assert to_outcome(Answer(pieces)) == ToolOutcome(output=told)


def test_structured_content_stands_in_for_words():
    assert to_outcome(Answer(structured='{"a":1}')) == ToolOutcome(output='{"a":1}')
    assert to_outcome(Answer((Words("one"),), '{"a":1}')) == ToolOutcome(output="one")


def test_a_failed_tool_is_an_error():
    assert to_outcome(Answer((Words("no"),), failed=True)) == ToolOutcome(error="no")
    assert to_outcome(Answer(failed=True)).error == "The tool failed and said nothing."


def test_what_the_library_does_not_look_into_may_be_heavy():
    rows = [{"a": 1}] * 30_000
    schema = {"type": "object", "enum": rows}
    assert is_light({"tools": [{"name": "a", "inputSchema": schema}], "structuredContent": rows})
    assert not is_light({"tools": [{"name": "a", "icons": rows}]})
    assert not is_light({"tools": [{"name": "a", "inputSchema": rows}]})
    assert not is_light({"content": rows})
