"""Servers in the Messages API: naming one is the caller's word for it."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest

from tests.approvals.conftest import DONE, Wares, calls


@pytest.fixture
def claude(service, key) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=service.base_url, api_key=key.secret, max_retries=0) as client:
        yield client


def server(wares: Wares, **fields: object) -> dict[str, object]:
    return {"type": "url", "name": "shop", "url": wares.url, **fields}


def asked(wares: Wares, **fields: object) -> dict[str, object]:
    said = [{"role": "user", "content": "Buy a fig"}]
    usual = {"model": "agent_plain", "max_tokens": 1000, "messages": said, "betas": ["mcp-client-2025-11-20"]}
    return {**usual, "mcp_servers": [server(wares)], **fields}


def test_a_call_is_made_without_asking_and_shown_as_blocks(claude, upstream, wares):
    upstream.enqueue(calls("shop__buy"), DONE)
    message = claude.beta.messages.create(**asked(wares))
    assert [block.type for block in message.content] == ["mcp_tool_use", "mcp_tool_result", "text"]
    use, result, _ = message.content
    assert (use.server_name, use.name, use.input) == ("shop", "buy", {"item": "fig"})
    assert (result.tool_use_id, result.is_error) == (use.id, False)
    assert wares.calls == [("buy", "fig")]


def test_the_official_sdk_streams_it(claude, upstream, wares):
    upstream.enqueue(calls("shop__buy"), DONE)
    with claude.beta.messages.stream(**asked(wares)) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["mcp_tool_use", "mcp_tool_result", "text"]


def test_what_was_shown_can_be_sent_back(claude, upstream, wares):
    upstream.enqueue(calls("shop__buy"), DONE, DONE)
    message = claude.beta.messages.create(**asked(wares))
    said = [
        {"role": "user", "content": "Buy a fig"},
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": "Thanks"},
    ]
    claude.beta.messages.create(**asked(wares, messages=said))
    made = [each for each in upstream.exchanges[-1].body["messages"] if each.get("tool_calls")]
    assert [each["tool_calls"][0]["function"]["name"] for each in made] == ["shop__buy"]


def test_a_toolset_narrows_what_the_model_is_offered(claude, upstream, wares):
    upstream.enqueue(DONE)
    toolset = {"type": "mcp_toolset", "mcp_server_name": "shop", "configs": {"buy": {"enabled": False}}}
    claude.beta.messages.create(**asked(wares, tools=[toolset]))
    offered = {tool["function"]["name"] for tool in upstream.exchanges[0].body["tools"]}
    assert "shop__price" in offered
    assert "shop__buy" not in offered


def test_the_token_is_sent_to_the_server(claude, upstream, wares):
    upstream.enqueue(calls("shop__buy"), DONE)
    claude.beta.messages.create(**asked(wares, mcp_servers=[server(wares, authorization_token="t0ken")]))
    assert any(headers.get("authorization") == "Bearer t0ken" for headers in wares.shop.headers)


def test_a_server_that_cannot_be_reached_leaves_the_answer(claude, upstream, wares):
    upstream.enqueue(DONE)
    gone = {"type": "url", "name": "gone", "url": "http://127.0.0.1:9/mcp"}
    message = claude.beta.messages.create(**asked(wares, mcp_servers=[gone]))
    assert [block.type for block in message.content] == ["text"]
