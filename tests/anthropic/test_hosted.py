"""What a coding agent asks of an agent with tools of its own, on a model of another wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from msgspec import Struct

from tests.actions.test_actions import CONFIG, TOKEN, evaluate
from tests.support.house import service_in_thread
from tests.support.math_action import DOCUMENT, calculator_in_thread
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream, upstream_in_thread

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
ASKED: dict[str, Any] = {
    "model": "agent_calculator",
    "max_tokens": 16_000,
    "system": [
        {"type": "text", "text": "You are a coding agent."},
        {"type": "text", "text": "Be careful.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Add up"}]}],
    "tools": [
        {
            "name": f"Tool{number}",
            "description": "Does it.",
            "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
        }
        for number in range(25)
    ],
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
    "metadata": {"user_id": json.dumps({"device_id": "d" * 64, "session_id": "s" * 36})},
    "extra_body": {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
    "extra_headers": {"anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14"},
}


class Place(Struct, frozen=True):
    """A client, and the upstream behind it."""

    client: Anthropic
    upstream: Upstream


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("hosted")
    (folder / "calculator.yaml").write_text(DOCUMENT)
    (folder / "token").write_text(TOKEN)
    with upstream_in_thread() as upstream, calculator_in_thread() as (_, calculator):
        config = CONFIG.format(upstream=upstream.base_url, calculator=calculator)
        with service_in_thread(config, folder) as service:
            client = Anthropic(base_url=service.base_url, api_key=service.key().secret, max_retries=0)
            with client:
                yield Place(client, upstream)


@pytest.fixture(autouse=True)
def clean(place: Place) -> None:
    place.upstream.exchanges.clear()
    place.upstream.scripts.clear()


def test_the_whole_request_reaches_the_model(place: Place):
    place.upstream.enqueue(Script(text=('{"title":', '"Sum"}')))
    message = place.client.messages.create(**ASKED)
    assert json.loads(message.content[0].text) == {"title": "Sum"}
    sent = place.upstream.exchanges[0].body
    assert sent["messages"][0]["content"] == ("Use the calculator.\n\nYou are a coding agent.\n\nBe careful.")
    assert [tool["function"]["name"] for tool in sent["tools"]] == [
        *(f"Tool{n}" for n in range(25)),
        "evaluate",
    ]
    assert sent["reasoning_effort"] == "high"
    assert sent["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}


def test_the_servers_work_is_shown_beside_the_answer(place: Place):
    place.upstream.enqueue(evaluate("1+1", "2+2"), Script(text=("It is ", "6.")))
    with place.client.beta.messages.stream(**ASKED) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == [
        "mcp_tool_use",
        "mcp_tool_result",
        "mcp_tool_use",
        "mcp_tool_result",
        "text",
    ]
    use, result, *_, text = message.content
    assert (use.server_name, use.input["expr"], result.tool_use_id) == ("math", "1+1", use.id)
    assert json.loads(result.content[0].text)["result"] == "2"
    assert (text.text, message.stop_reason) == ("It is 6.", "end_turn")


def test_the_servers_work_can_be_sent_back(place: Place):
    place.upstream.enqueue(evaluate("1+1"), Script(text=("It is 2.",)), Script(text=("Yes.",)))
    first = place.client.messages.create(**ASKED)
    messages = [
        *ASKED["messages"],
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "Sure?"},
    ]
    assert place.client.messages.create(**{**ASKED, "messages": messages}).content[0].text == "Yes."
    _, _, call, result, said, sure = place.upstream.exchanges[2].body["messages"]
    assert call["tool_calls"][0]["function"]["name"] == "evaluate"
    assert json.loads(result["content"])["result"] == "2"
    assert (said["content"], sure["content"]) == ("It is 2.", "Sure?")


def test_its_own_tools_are_the_callers_to_run(place: Place):
    both = Script(calls=(*evaluate("1+1").calls, ToolCall("Tool3", ('{"path":"a"}',))))
    place.upstream.enqueue(both)
    message = place.client.beta.messages.create(**ASKED)
    assert [block.type for block in message.content] == ["mcp_tool_use", "mcp_tool_result", "tool_use"]
    assert message.stop_reason == "tool_use"
