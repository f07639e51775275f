"""The AI SDK with its own OpenAI provider, over both APIs."""

from __future__ import annotations

import pytest

from tests.support.clients import Node

pytestmark = pytest.mark.parametrize("api", ["chat", "responses"])


def test_text_is_the_same_streamed_and_whole(node: Node, api: str) -> None:
    found = node.check("ai.mjs", "text", api, "local/scripted-1")
    assert found == ["You said: Hello!", "You said: Hello!", "stop"]


def test_a_tool_runs_and_its_result_is_the_only_text(node: Node, api: str) -> None:
    found = node.check("ai.mjs", "tools", api, "local/tool")
    assert found == ["You said: found scripted", "You said: found scripted", 1, 1]


def test_a_failure_in_the_stream_is_an_error_part(node: Node, api: str) -> None:
    found = node.check("ai.mjs", "failure", api, "local/fails-late")
    assert found == ["The model's provider is unavailable or overloaded."]


def test_reasoning_is_shown_where_the_api_has_a_form_for_it(node: Node, api: str) -> None:
    shown = {"chat": "", "responses": "Two and two …"}  # its chat provider does not read reasoning
    assert node.check("ai.mjs", "reasoning", api, "local/reason") == shown[api]
