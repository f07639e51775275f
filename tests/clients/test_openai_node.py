"""The openai package from npm, unchanged: what it accumulates, parses, calls and throws."""

from __future__ import annotations

import pytest

from tests.support.clients import Node
from tests.support.script import Script, ToolCall

MODELS = ("local/scripted-1", "answers/scripted-1")
BEGUN = ["response.created", "response.in_progress"]


@pytest.mark.parametrize("model", MODELS)
def test_chat_streams_to_what_the_whole_answer_is(node: Node, model: str) -> None:
    whole, streamed = node.check("openai.mjs", "chat", model)
    assert streamed == whole
    assert whole[:2] == ["You said: Hello!", "stop"]


def test_chat_runs_a_tool_and_answers_with_its_result(node: Node) -> None:
    assert node.check("openai.mjs", "chatTools", "local/tool") == ["You said: found scripted"] * 2


def test_chat_streams_a_call_to_what_it_is_whole(node: Node) -> None:
    whole, streamed = node.check("openai.mjs", "chatCall", "local/tool")
    assert streamed == whole
    assert whole == [None, {"name": "look_up", "arguments": '{"query": "scripted"}'}]


def test_chat_throws_what_fails_in_the_stream(node: Node) -> None:
    thrown = node.check("openai.mjs", "chatFailure", "local/fails-late")
    assert (thrown["error"], thrown["code"]) == ("APIError", "upstream_unavailable")


def test_an_agent_is_made_changed_listed_run_and_deleted(node: Node) -> None:
    found = node.check("openai.mjs", "agents", "local/scripted-1")
    assert found == ["Clerk", None, [], 2, True, "You said: Hello!", True, 404]


@pytest.mark.parametrize("model", MODELS)
def test_responses_stream_to_what_the_whole_answer_is(node: Node, model: str) -> None:
    found = node.check("openai.mjs", "responses", model)
    whole, streamed = found["results"]
    assert streamed == whole
    assert whole[0] == "You said: Hello!"
    assert found["types"][:2] + found["types"][-1:] == [*BEGUN, "response.completed"]


def test_responses_show_a_summary_of_the_reasoning(node: Node) -> None:
    found = node.check("openai.mjs", "responses", "local/reason")
    whole, streamed = found["results"]
    assert streamed == whole
    assert whole[2] == ["reasoning", "message"]
    assert "response.reasoning_summary_text.delta" in found["types"]


def test_responses_take_a_tool_result_restated_or_chained(node: Node) -> None:
    assert node.check("openai.mjs", "responsesTools", "local/tool") == ["You said: found scripted"] * 2


def test_responses_parse_to_what_the_schema_asks_for(node: Node) -> None:
    script = Script(text=('{"query":', '"Lisbon"}'))
    node.served.upstream.enqueue(script, script)
    parsed = node.check("openai.mjs", "responsesParse", "local/scripted-1")
    assert parsed == [{"query": "Lisbon"}] * 2
    asked = [exchange.body["response_format"] for exchange in node.served.upstream.exchanges]
    assert [each["json_schema"]["strict"] for each in asked] == [True, True]


def test_responses_that_fail_in_the_stream_end_failed(node: Node) -> None:
    status, error = node.check("openai.mjs", "responsesFailure", "local/fails-late")
    assert (status, error["code"]) == ("failed", "upstream_unavailable")


def test_a_refusal_before_the_stream_is_an_error_of_its_status(node: Node) -> None:
    thrown = node.check("openai.mjs", "responsesFailure", "local/err-429")
    assert (thrown["error"], thrown["status"]) == ("RateLimitError", 429)


def test_a_call_is_asked_for_approved_and_made(node: Node, shop: str) -> None:
    node.served.upstream.enqueue(
        Script(calls=(ToolCall("shop__buy", ('{"item":"fig"}',)),)), Script(text=("Bought.",))
    )
    asked, made, text, types = node.check("openai.mjs", "approvals", "local/scripted-1", shop)
    assert asked == ["mcp_list_tools", "mcp_approval_request"]
    assert (made, text) == (["mcp_call", "message"], "Bought.")
    assert "response.mcp_call.completed" in types
